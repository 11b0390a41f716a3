/** The host is killed while programs run in its session: EIO at once for virtual files, no effect on real files. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SESSION_VARIABLE } from '../../core/protocol.ts';
import { lock } from '../../injector/platform/file-lock.ts';
import { bare, compiled } from '../support/session.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const program = compiled(here('programs/death.c'), ['-Wno-unused-result']);

const death = suite('host death');

/** Calls with their results; -EIO where the host would have had to answer. */
const wanted = [
  'stat(file, &s) -1 EIO',
  'lstat(dir, &s) -1 EIO',
  'access(dir, F_OK) -1 EIO',
  'open(file, O_RDONLY) -1 EIO',
  'open(fresh, O_RDWR | O_CREAT, 0600) -1 EIO',
  'mkdir(fresh, 0700) -1 EIO',
  'rename(file, fresh) -1 EIO',
  'chdir(dir) -1 EIO',
  'fstat(fd, &s) -1 EIO',
  'fstatat(list, "f", &s, 0) -1 EIO',
  'openat(list, "f", O_RDONLY) -1 EIO',
  'write(fd, "more", 4) 1 -',
  'pread(fd, text, 5, 0) 1 -',
  'lseek(fd, 0, SEEK_SET) 0 -',
  'stat("/etc/passwd", &s) 0 -',
  'open("/no/such", O_RDONLY) -1 ENOENT',
  'close(open("/etc/passwd", O_RDONLY)) 0 -',
  'system("cat /etc/passwd > /dev/null") 0 -',
  'close(dup(fd)) 0 -',
];

death('virtual calls fail, all others go on', async () => {
  const host = spawn(process.execPath, ['--import', 'tsx', here('lone-host.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [description] = (await once(createInterface(host.stdout), 'line')) as [string];
  const { gate, value, objects } = JSON.parse(description) as {
    gate: string;
    value: string;
    objects: string;
  };
  const env = { ...process.env, LD_PRELOAD: gate, [SESSION_VARIABLE]: value };
  try {
    const child = spawn(program, ['/v'], { env, stdio: 'pipe' });
    const lines: string[] = [];
    const waiting = new Map<string, () => void>();
    const said = (word: string): Promise<void> =>
      lines.includes(word) ? Promise.resolve() : new Promise((resolve) => waiting.set(word, resolve));
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line);
      waiting.get(line)?.();
    });
    const ended = once(child, 'close');
    await said('ready');
    host.kill('SIGSTOP');
    child.stdin.write('go on\n');
    await said('blocked');
    // Another suite's session would remove a dead host's directory, without which no program starts.
    const kept = lock(join(objects, '.lock'));
    host.kill('SIGKILL');
    await once(host, 'exit');
    await kept;
    child.stdin.write('go on\n');
    const [status] = (await ended) as [number];
    assert.equal(lines, [
      'write(fd, "bytes", 5) 1 -',
      'ready',
      'blocked',
      'blocked stat -1 EIO',
      ...wanted,
      'child',
      ...wanted,
      'end',
    ]);
    assert.is(status, 0);

    const late = await bare('bash', ['-c', 'cat /v/f; cat /etc/hostname >/dev/null && echo goes on'], {
      env,
    });
    assert.is(late.stdout, 'goes on\n');
    assert.match(late.stderr, 'Input/output error');
    assert.is((await bare('ls', ['/v'])).status, 2, 'nothing came to be on the real filesystem');
  } finally {
    host.kill('SIGKILL');
    rmSync(objects, { recursive: true, force: true });
  }
});

death.run();
