/** inotify across exec, changes of working directory and branch, and the end of the host. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SESSION_VARIABLE } from '../../core/protocol.ts';
import { bare, compiled, TestSession } from '../support/session.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const program = compiled(here('programs/inotify.c'));
/** Far above the need of any machine: reached only if an event never arrives. */
const LIMIT_MS = 60_000;

const inotify = suite('inotify in the gate');
const session = await TestSession.open();
inotify.after(() => session.close());

/** The lines of a program as they come. */
class Lines {
  readonly #all: string[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  constructor({ stdout }: ChildProcess) {
    const lines = createInterface(stdout!);
    lines.on('line', (line) => {
      this.#all.push(line);
      this.#wake?.();
    });
    lines.on('close', () => {
      this.#ended = true;
      this.#wake?.();
    });
  }

  /** All lines up to the first that is `last`, taken away. */
  async until(last: string): Promise<string[]> {
    const limit = AbortSignal.timeout(LIMIT_MS);
    limit.addEventListener('abort', () => this.#wake?.());
    for (;;) {
      const at = this.#all.indexOf(last);
      if (at >= 0) return this.#all.splice(0, at + 1);
      if (this.#ended || limit.aborted)
        throw new Error(`'${last}' did not come, but\n${this.#all.join('\n')}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

async function watcher(
  paths: readonly string[],
  branch?: string,
): Promise<{ lines: Lines; child: ChildProcess }> {
  const { child } = session.start(program, ['watch', ...paths], { branch });
  const lines = new Lines(child);
  await lines.until('ready');
  return { lines, child };
}

inotify('descriptors of watched files and directories go on after exec', async () => {
  const fs = session.core.fs;
  fs.mkdirSync('/v/inherit');
  fs.writeFileSync('/v/inherit/f', 'some');
  const { stdout, stderr } = await session.run(program, ['inherit', '/v/inherit']);
  assert.is(stderr, '');
  assert.equal(stdout.split('\n'), [
    '/v/inherit/f, file of 4 bytes, 1 names',
    '/v/inherit, directory of 0 bytes, 0 names',
    'write(file, "more", 4) - 4: ok',
    '/v/inherit/f, file of 8 bytes, 1 names',
    '/v/inherit/made, file of 0 bytes, 1 names',
    'fchdir(directory): ok',
    '/v/inherit',
    'access("made", F_OK): ok',
    '',
  ]);
  assert.is(fs.readFileSync('/v/inherit/f', 'utf8'), 'somemore');
});

inotify('who stands in a watched directory stands in the virtual one', async () => {
  const real = mkdtempSync('/tmp/inotify-');
  mkdirSync(`${real}/d`);
  writeFileSync(`${real}/d/f`, 'some');
  session.core.fs.mkdirSync('/v/stand/d', { recursive: true });
  session.core.fs.writeFileSync('/v/stand/d/f', 'some');
  const [kernels, ours] = await Promise.all([
    bare(program, ['chdir', `${real}/d`]),
    session.run(program, ['chdir', '/v/stand/d']),
  ]);
  rmSync(real, { recursive: true });
  assert.is(ours.stdout, kernels.stdout.replaceAll(real, '/v/stand'));
  assert.match(ours.stdout, '3 names');
});

inotify('a virtual program in a watched directory knows its own name', async () => {
  await session.sh('mkdir /v/bin; cp /bin/readlink /v/bin/readlink');
  const { lines, child } = await watcher(['/v/bin', '/v/bin/readlink']);
  const { stdout } = await session.sh('/v/bin/readlink /proc/self/exe');
  assert.is(stdout.trim(), '/v/bin/readlink');
  assert.ok((await lines.until('1 OPEN')).length > 0);
  child.kill();
});

inotify('each watcher hears its own branch', async () => {
  const { core } = session;
  core.fs.mkdirSync('/v/branches');
  for (const name of ['f', 'g', 'h']) core.fs.writeFileSync(`/v/branches/${name}`, name);
  core.createBranch('try');
  const [main, other] = await Promise.all([watcher(['/v/branches']), watcher(['/v/branches'], 'try')]);
  await session.sh('mkdir /v/branches/both; rmdir /v/branches/both');
  for (const { lines } of [main, other])
    assert.equal(await lines.until('0 DELETE|ISDIR both'), ['0 CREATE|ISDIR both', '0 DELETE|ISDIR both']);

  await session.sh('rm /v/branches/f; echo own > /v/branches/g; mkdir /v/branches/mine', { branch: 'try' });
  const theirs = await other.lines.until('0 CREATE|ISDIR mine');
  assert.ok(theirs.includes('0 DELETE f') && theirs.includes('0 MODIFY g'), theirs.join('\n'));

  await session.sh(
    'echo x > /v/branches/f; chmod 600 /v/branches/g; echo y >> /v/branches/h; mkdir /v/branches/last',
  );
  const mains = await main.lines.until('0 CREATE|ISDIR last');
  assert.not(
    mains.some((line) => line.includes('mine') || line.startsWith('0 DELETE')),
    mains.join('\n'),
  );
  for (const line of ['0 MODIFY f', '0 ATTRIB g', '0 MODIFY h']) assert.ok(mains.includes(line), line);
  const heard = await other.lines.until('0 CREATE|ISDIR last');
  assert.ok(heard.includes('0 MODIFY h'), 'what it has not made its own is heard');
  assert.not(
    heard.some((line) => / [fg]$/.test(line)),
    heard.join('\n'),
  );

  core.hide('try', '/v/branches/h');
  await other.lines.until('0 DELETE h');
  for (const { child } of [main, other]) child.kill();
});

inotify('what is copied up keeps its watch', async () => {
  const { core } = session;
  core.fs.mkdirSync('/v/copied');
  core.fs.writeFileSync('/v/copied/f', 'old');
  const { lines, child } = await watcher(['/v/copied', '/v/copied/f']);
  core.snapshot('main', 'before');
  await session.sh('echo new >> /v/copied/f; mkdir /v/copied/last');
  const heard = await lines.until('0 CREATE|ISDIR last');
  for (const line of ['0 MODIFY f', '1 MODIFY', '0 CLOSE_WRITE f', '1 CLOSE_WRITE'])
    assert.ok(heard.includes(line), `${line} in\n${heard.join('\n')}`);
  assert.is(core.fs.readFileSync('/v/copied/f', 'utf8'), 'oldnew\n');
  core.restoreSnapshot('main', 'before');
  assert.is((await session.sh('cat /v/copied/f')).stdout, 'old', 'to a process, too');
  child.kill();
});

inotify('names of any bytes and of any length', async () => {
  const long = 'n'.repeat(255);
  await session.sh('mkdir -p /v/names');
  const { lines, child } = await watcher(['/v/names']);
  await session.sh(`mkdir /v/names/${long}; mkdir $'/v/names/\\xff\\xfe'; mkdir /v/names/last`);
  const heard = await lines.until('0 CREATE|ISDIR last');
  assert.equal(heard, [`0 CREATE|ISDIR ${long}`, '0 CREATE|ISDIR \ufffd\ufffd', '0 CREATE|ISDIR last']);
  child.kill();
});

inotify('a reader that dies with events queued leaves nobody waiting', async () => {
  await session.sh('mkdir /v/dies');
  const { child } = await watcher(['/v/dies']);
  child.kill('SIGSTOP');
  await session.sh('for i in 1 2 3; do echo $i > /v/dies/f; done');
  child.kill('SIGKILL');
  await once(child, 'close');
  assert.is((await session.sh('echo 4 > /v/dies/f; cat /v/dies/f')).stdout, '4\n');
});

inotify('mirrors that nobody needs are taken down, and come again', async () => {
  const own = await TestSession.open();
  await own.sh('mkdir /v/d; echo bytes > /v/d/f; ln /v/d/f /v/d/g');
  const { core, inotify: kept } = own.host.session;
  for (const round of [1, 2]) {
    const { child } = own.start(program, ['watch', '/v/d', '/v/d/f']);
    const lines = new Lines(child);
    await lines.until('ready');
    await own.sh(`echo ${round} >> /v/d/g`);
    await lines.until('0 CLOSE_WRITE g');
    child.kill();
    await once(child, 'close');
    kept.retire();
    assert.equal(readdirSync(`${own.host.session.objects}/m`), []);
  }
  assert.is(core.fs.readFileSync('/v/d/f', 'utf8'), 'bytes\n1\n2\n');
  assert.is((await own.sh('cat /v/d/g; rm /v/d/f /v/d/g; ls /v/d')).stdout, 'bytes\n1\n2\n');
  await own.close();
});

inotify('the limit of watches is the user’s', async () => {
  await session.sh('mkdir -p /v/limit/{a,b,c,d}');
  const set = 'echo 3 > /proc/sys/user/max_inotify_watches';
  const can = await bare('unshare', ['-Ur', 'bash', '-c', set]).catch(() => ({ status: 1 }));
  if (can.status !== 0) {
    console.log('skipped: limit of watches: user namespaces are not to be had (unshare -Ur)');
    return;
  }
  const all = ['a', 'b', 'c', 'd'].map((name) => `/v/limit/${name}`).join(' ');
  const { stdout } = await session.run('unshare', [
    '-Ur',
    'bash',
    '-c',
    `${set}; exec ${program} watch ${all}`,
  ]);
  assert.is(stdout, '/v/limit/d: ENOSPC\n');
});

inotify('fanotify says that there is no such device', async () => {
  session.core.fs.mkdirSync('/v/fan');
  const { stdout } = await session.run(program, ['fanotify', '/v/fan']);
  if (stdout.startsWith('fanotify_init')) {
    console.log(
      `skipped: fanotify: this kernel or user has none (${stdout.trim()}); run as root on Linux 5.13 or later`,
    );
    return;
  }
  const answers = stdout
    .trim()
    .split('\n')
    .map((line) => line.slice(line.lastIndexOf(' ') + 1));
  assert.equal(answers.slice(0, 2), ['ENODEV', 'ENODEV']);
});

inotify('every watch ends with the session', async () => {
  const own = await TestSession.open();
  own.core.fs.mkdirSync('/v/d');
  own.core.fs.writeFileSync('/v/d/f', '');
  const { child } = own.start(program, ['watch', '/v/d', '/v/d/f']);
  const lines = new Lines(child);
  await lines.until('ready');
  await own.close();
  const heard = await lines.until('end');
  for (const i of [0, 1])
    for (const what of ['DELETE_SELF', 'IGNORED'])
      assert.ok(heard.includes(`${i} ${what}`), heard.join('\n'));
});

inotify('every watch ends with a host that is killed', async () => {
  const host = spawn(process.execPath, ['--import', 'tsx', here('lone-host.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [description] = (await once(createInterface(host.stdout), 'line')) as [string];
  const { gate, value, objects } = JSON.parse(description) as Record<'gate' | 'value' | 'objects', string>;
  const env = { ...process.env, LD_PRELOAD: gate, [SESSION_VARIABLE]: value };
  try {
    await bare('mkdir', ['/v/d'], { env });
    const child = spawn(program, ['watch', '/v/d'], { env, stdio: 'pipe' });
    const lines = new Lines(child);
    await lines.until('ready');
    host.kill('SIGKILL');
    const heard = await lines.until('end');
    assert.equal(heard.slice(-3), ['0 DELETE_SELF', '0 IGNORED', 'end']);
  } finally {
    host.kill('SIGKILL');
    rmSync(objects, { recursive: true, force: true });
  }
});

inotify.run();
