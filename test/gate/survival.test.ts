/** Neither a program nor a pause of the host ends the session for other programs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Role, SESSION_VARIABLE } from '../../core/protocol.ts';
import { hello, REPLY_BYTES } from '../injector/host/hello.ts';
import { SELF } from '../support/self.ts';
import { TestSession } from '../support/session.ts';

const asRoot = process.getuid?.() === 0;
const scratch = mkdtempSync(join(tmpdir(), 'survival-'));
const survival = suite('survival');
const session = await TestSession.open();
survival.after(async () => {
  await session.close();
  rmSync(scratch, { recursive: true, force: true });
});
survival.before.each(() => session.core.fs.writeFileSync('/v/f', 'text'));

/** Other programs of the session continue after the line. */
const others = async (): Promise<void> => {
  const ran = await session.sh('cat /v/f');
  assert.is(ran.stdout, 'text', ran.stderr);
};

survival('a child in another root directory forks, asks and ends', async () => {
  if (!asRoot) return console.log('\nskipped: only root can change its root directory');
  mkdirSync(join(scratch, 'root'));
  const ran = await session.run('python3', [
    '-c',
    `
import os
d = os.open('/v', os.O_RDONLY)
f = os.open('/v/f', os.O_RDWR)
os.chroot('${scratch}/root')
if os.fork() == 0:
    print(os.stat('f', dir_fd=d).st_size, os.path.exists('/v'), os.fstat(f).st_size, flush=True)
    os._exit(0)
print(os.waitstatus_to_exitcode(os.wait()[1]), os.stat('f', dir_fd=d).st_size)`,
  ]);
  assert.is(ran.stdout, '4 False 4\n0 4\n', ran.stderr);
  await others();
});

survival('chroot into the tree, and above a mount, is refused', async () => {
  if (!asRoot) return console.log('\nskipped: only root can change its root directory');
  const ran = await session.sh('mkdir -p /v/r; chroot /v/r /bin/true; echo $?; chroot / cat /v/f');
  assert.is(ran.stdout, '125\ntext');
  assert.match(ran.stderr, /chroot into or above the virtual tree/);
});

survival('a child whose mounts hide the socket and the run directory', async () => {
  if (!asRoot) return console.log('\nskipped: only root can change its mounts');
  const probe = await session.sh(`unshare -m mount -t tmpfs none ${scratch}`);
  if (probe.status !== 0)
    return console.log(`\nskipped: mounts cannot be changed here (${probe.stderr.trim()})`);
  const ran = await session.sh(
    `unshare -m sh -c 'mount -t tmpfs none ${tmpdir()}; (cat /v/f; test -e /v/f && echo there) & wait; cat /v/f'`,
  );
  assert.is(ran.stdout, 'textthere\ntext', ran.stderr);
  await others();
});

survival('a child by fork that has used up its descriptors still asks', async () => {
  const ran = await session.run('python3', [
    '-c',
    `
import os, resource
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 400))
held = []
try:
    while True: held.append(os.dup(0))
except OSError: pass
if os.fork() == 0:
    os.rename('/v/f', '/v/g'); os.rename('/v/g', '/v/f')
    print(os.stat('/v/f').st_size, os.access('/v/f', os.R_OK), flush=True)
    os._exit(0)
print(os.waitstatus_to_exitcode(os.wait()[1]))`,
  ]);
  assert.is(ran.stdout, '4 True\n0\n', ran.stderr);
});
survival("a program's lease does not make the others wait", async () => {
  const holder = session.start('python3', [
    '-c',
    `
import fcntl, os, signal, sys
signal.signal(signal.SIGIO, signal.SIG_IGN)
f = os.open('/v/leased', os.O_RDWR | os.O_CREAT)
os.write(f, b'leased')
fcntl.fcntl(f, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print('holds', flush=True)
sys.stdin.readline()`,
  ]);
  const lines = createInterface({ input: holder.child.stdout! })[Symbol.asyncIterator]();
  assert.is((await lines.next()).value, 'holds');
  const began = performance.now();
  const view = session.core.view('main', SELF);
  assert.is(view.stat({ path: '/v/leased' }).size, 6);
  try {
    session.core.fs.readFileSync('/v/leased');
  } catch (error) {
    assert.is((error as { code?: string }).code, 'EAGAIN');
  }
  await others();
  assert.ok(performance.now() - began < 20_000, 'the lease-break time is 45 s');
  holder.child.stdin!.end();
  assert.is(await holder.status, 0);
});

survival('at the event of a change by the host its size is there', async () => {
  const watcher = session.start('python3', [
    '-c',
    `
import ctypes, os, sys
libc = ctypes.CDLL(None)
fd = libc.inotify_init1(0)
libc.inotify_add_watch(fd, b'/v/f', 2)
os.stat('/v/f')
print('ready', flush=True)
while True:
    if not os.read(fd, 4096): break
    size = os.stat('/v/f').st_size
    print(size, flush=True)
    if size >= 24: break`,
  ]);
  const lines = createInterface({ input: watcher.child.stdout! })[Symbol.asyncIterator]();
  assert.is((await lines.next()).value, 'ready');
  const view = session.core.view('main', SELF);
  const { ino } = view.stat({ path: '/v/f' });
  for (let size = 5; size <= 24; size++) {
    view.write(ino, Buffer.from('x'), 0, 1, 'append');
    assert.is((await lines.next()).value, String(size));
  }
  assert.is(await watcher.status, 0);
});
survival.run();

/** A host in a process of its own, which can be stopped. */
async function loneHost() {
  const host = spawn(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('lone-host.ts', import.meta.url))],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const [line] = (await once(createInterface(host.stdout), 'line')) as [string];
  return {
    host,
    ...(JSON.parse(line) as { gate: string; value: string; objects: string; socket: string; token: string }),
  };
}

const stopped = suite('a stopped host');
stopped('a waiting program can be ended, and handles what it handles', async () => {
  const { host, gate, value } = await loneHost();
  const env = { ...process.env, LD_PRELOAD: gate, [SESSION_VARIABLE]: value };
  const waiting = () => {
    const code = `
import os, sys
os.stat('/v')
try:
    print('up', flush=True)
    sys.stdin.readline()
    print('asking', flush=True)
    os.stat('/v/f')
except KeyboardInterrupt:
    print('interrupted', flush=True)`;
    const child = spawn('python3', ['-c', code], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const line = async () => (await lines.next()).value as string;
    return { child, line, exit: once(child, 'exit') as Promise<[number | null, string | null]> };
  };
  const ends = waiting();
  const handles = waiting();
  try {
    for (const { line } of [ends, handles]) assert.is(await line(), 'up');
    host.kill('SIGSTOP');
    for (const { child, line } of [ends, handles]) {
      child.stdin.write('\n');
      assert.is(await line(), 'asking');
    }
    ends.child.kill('SIGTERM');
    handles.child.kill('SIGINT');
    assert.equal(await ends.exit, [null, 'SIGTERM']);
    assert.is(await handles.line(), 'interrupted');
    assert.equal(await handles.exit, [0, null]);
  } finally {
    host.kill('SIGKILL');
  }
});

stopped('a connection whose Hello arrives during the pause is answered afterwards', async () => {
  const { host, socket: path, token } = await loneHost();
  try {
    const socket = connect(path);
    await once(socket, 'connect');
    // It is accepted by now, or will be before the host reads: either way it has a limit for its Hello.
    const first = connect(path);
    first.write(hello({ token: Buffer.from(token, 'hex'), role: Role.Control }));
    await once(first, 'data');
    host.kill('SIGSTOP');
    socket.write(hello({ token: Buffer.from(token, 'hex'), role: Role.Control }));
    await new Promise((done) => setTimeout(done, 5_500)); // longer than HELLO_TIMEOUT_MS: the test is about this pause
    host.kill('SIGCONT');
    const [answer] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [Buffer];
    assert.is(answer.length, REPLY_BYTES, 'it was cut');
    socket.destroy();
    first.destroy();
  } finally {
    host.kill('SIGKILL');
  }
});
stopped.run();
