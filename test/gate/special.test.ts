/** FIFOs and sockets in the tree: the same programs on the kernel's tmpfs and on a virtual directory. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EventKind } from '../../core/events/fs-event.ts';
import { SELF } from '../support/self.ts';
import { bare, compiled, TestSession } from '../support/session.ts';

const program = compiled(fileURLToPath(new URL('programs/special.c', import.meta.url)), [
  '-fexceptions',
  '-Wno-unused-result',
  '-Wno-nonnull',
]);
const real = mkdtempSync('/dev/shm/shimfs-special-');
const lower = mkdtempSync('/dev/shm/shimfs-lower-');
const session = await TestSession.open();
const over = await TestSession.open({ overlays: [lower] });
const view = session.core.view('main', { ...SELF, umask: 0 });

const special = suite('special files');
special.after(async () => {
  await session.close();
  await over.close();
  for (const directory of [real, lower]) rmSync(directory, { recursive: true, force: true });
});

/** Names in the object directory. */
const objects = (of: TestSession): string[] => readdirSync(join(of.host.session.objects, 'o'));

for (const what of ['fifo', 'stream', 'longest', 'datagrams', 'permissions'])
  special(`${what}: as on tmpfs`, async () => {
    view.mkdir({ path: `/v/${what}` });
    const there = mkdtempSync(`${real}/`);
    const [wanted, got] = await Promise.all([
      bare(program, [what, there]),
      session.run(program, [what, `/v/${what}`]),
    ]);
    const plain = (text: string, directory: string) => text.replaceAll(directory, 'D');
    assert.is(wanted.status, 0, wanted.stderr);
    assert.is(got.status, 0, got.stderr);
    assert.is(plain(got.stdout, `/v/${what}`), plain(wanted.stdout, there));
  });

/** Runs a shell line in a directory of tmpfs and in a directory of the tree: `$D`, and its working directory. */
const lines: [name: string, line: string][] = [
  ['a FIFO between shells', 'mkfifo p; cat <p & echo hi >p; wait; rm p; ls'],
  [
    'both ends in pipelines',
    'mkfifo a b; (tr a-z A-Z <a >b &) ; (echo one; echo two) >a & sort -r b; wait; rm a b',
  ],
  [
    'process substitution',
    'TMPDIR=$D diff <(echo a; echo b) <(echo a; echo c); cat <(echo x) | tee >(cat >out) >/dev/null; sleep 0.1; cat out',
  ],
  [
    'what find, ls, stat and tar say of them',
    `mkfifo -m 640 p; mkdir d; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("s")'
     find . -type p; find . -type s; ls -l p s | cut -c1-10; stat -c '%F %a %s' p s; test -p p && test -S s && echo yes
     tar cf t.tar p d 2>&1; tar tvf t.tar | cut -c1-10; rm p; tar xf t.tar; stat -c %F p; cp -a p s d; find d | sort; rm -r d p s; ls`,
  ],
  [
    'a Unix server and its client in two processes',
    `cat >server.py <<'.'
import socketserver, os
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(self.rfile.readline().upper() + repr(self.client_address).encode() + b'\\n')
with socketserver.UnixStreamServer(os.environ['D'] + '/sock', Handler) as server:
    open('ready', 'w').write(server.server_address.removeprefix(os.environ['D']))
    for _ in range(3): server.handle_request()
.
     cat >client.py <<'.'
import socket
s = socket.socket(socket.AF_UNIX); s.connect('sock'); s.sendall(b'hello\\n'); print(s.makefile().read())
.
     python3 server.py & while [ ! -s ready ]; do sleep 0.02; done
     for i in 1 2 3; do python3 client.py; done; wait; cat ready; python3 client.py 2>&1 | tail -1; ls`,
  ],
  [
    'asyncio, with an address that another took',
    `cat >aio.py <<'.'
import asyncio, os
path = os.environ['D'] + '/aio'
async def serve(r, w):
    w.write(await r.readline()); await w.drain(); w.close()
async def main():
    server = await asyncio.start_unix_server(serve, path)
    again = await asyncio.start_unix_server(serve, path)
    async def one(i):
        r, w = await asyncio.open_unix_connection(path)
        w.write(b'line %d\\n' % i); out = await r.read(); w.close(); return out
    print(await asyncio.gather(*(one(i) for i in range(20))))
    print([s.getsockname().endswith('/aio') for s in again.sockets])
asyncio.run(main())
.
     python3 aio.py`,
  ],
  [
    'an agent in a private directory',
    `umask 077; A=$(mktemp -d $D/ssh-XXXXXX); cat >agent.py <<'.'
import os, socket, stat, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()
print(oct(os.stat(sys.argv[1]).st_mode)); sys.stdout.flush()
if os.fork() == 0:
    os.setsid(); c, _ = s.accept(); c.sendall(b'key'); c.close(); os.unlink(sys.argv[1]); os.rmdir(os.path.dirname(sys.argv[1])); os._exit(0)
.
     python3 agent.py $A/agent.1 && SSH_AUTH_SOCK=$A/agent.1 python3 -c '
import os, socket
s = socket.socket(socket.AF_UNIX); s.connect(os.environ["SSH_AUTH_SOCK"]); print(s.recv(9), s.recv(9))'
     while [ -d $A ]; do sleep 0.02; done; ls`,
  ],
];
for (const [i, [name, line]] of lines.entries())
  special(name, async () => {
    view.mkdir({ path: `/v/line${i}` });
    const there = mkdtempSync(`${real}/`);
    const at = (D: string) => ({ env: { D, LC_ALL: 'C' }, limitMs: 15_000 });
    const [wanted, got] = await Promise.all([
      bare('bash', ['-c', `cd $D\n${line}`], at(there)),
      session.run('bash', ['-c', `cd $D\n${line}`], at(`/v/line${i}`)),
    ]);
    assert.is(wanted.status, 0, wanted.stderr);
    assert.is(got.stdout, wanted.stdout, got.stderr);
    assert.is(got.stderr.replaceAll(`/v/line${i}`, there), wanted.stderr);
    assert.is(got.status, wanted.status);
  });

special('a device node has its number, and no driver behind it', async () => {
  if (process.getuid?.() !== 0) return console.log('\nskipped: only root can make one');
  const ran = await session.sh(
    'mknod /v/null c 1 3 && mknod /v/disk b 7 300; stat -c "%F %t %T" /v/null /v/disk; cat /v/null; mv /v/null /v/d; rm /v/d /v/disk',
    { env: { LC_ALL: 'C' } },
  );
  assert.is(ran.stdout, 'character special file 1 3\nblock special file 7 12c\n', ran.stderr);
  assert.is(ran.stderr, 'cat: /v/null: No such device or address\n');
});

special('names come and go as any other does', async () => {
  const script =
    'import os, socket; os.mkfifo("/v/ep"); socket.socket(socket.AF_UNIX).bind("/v/es"); os.rename("/v/ep", "/v/eq"); os.unlink("/v/eq"); os.unlink("/v/es")';
  const events = await session.events(() => session.run('python3', ['-c', script]));
  assert.equal(
    events.map((event) => [event.kind, event.type, event.path]),
    [
      [EventKind.Created, 'fifo', '/v/ep'],
      [EventKind.Created, 'socket', '/v/es'],
      [EventKind.Renamed, 'fifo', '/v/eq'],
      [EventKind.Removed, 'fifo', '/v/eq'],
      [EventKind.Removed, 'socket', '/v/es'],
    ],
  );
});

special('an object goes with the last name and the last holder', async () => {
  const before = objects(session).length;
  const ran = await session.sh(
    'mkfifo /v/gone; exec 3<>/v/gone; rm /v/gone; echo x >&3; read y <&3; echo $y; read -t 0 <&3; cat <&3 & sleep 0.05; kill $!',
  );
  assert.is(ran.stdout, 'x\n', ran.stderr);
  // The host may have yet to read that the last connection ended.
  for (let turn = 0; turn < 500 && objects(session).length > before; turn++) await setTimeout(10);
  assert.is(objects(session).length, before);
});

special('overlays: new names stay in the tree, real sockets and FIFOs are reached', async () => {
  const real = createServer((socket) => socket.end('from below'));
  await new Promise<void>((resolve) => real.listen(join(lower, 'real'), resolve));
  try {
    const ran = await over.sh(
      `cd ${lower}; mkfifo p; (echo through >p &); cat p; mkdir d; ln -s ${lower}/d /tmp/$$.link; python3 - <<'.'
import os, socket
for at in ('${lower}/real', 'real'):
    s = socket.socket(socket.AF_UNIX); s.connect(at); print(s.recv(99), s.getpeername() == '${lower}/real')
for at in ('new', 'd/new', '/tmp/%d.link/behind' % os.getppid()):
    s = socket.socket(socket.AF_UNIX); s.bind(at); s.listen()
    c = socket.socket(socket.AF_UNIX); c.connect(at); print(c.getpeername() == at)
.
rm /tmp/$$.link; find . -type s -o -type p | sort`,
    );
    assert.is(ran.stderr, '');
    assert.is(
      ran.stdout,
      "through\nb'from below' True\nb'from below' True\nTrue\nTrue\nTrue\n./d/behind\n./d/new\n./new\n./p\n./real\n",
    );
    assert.equal(readdirSync(lower), ['real']);
  } finally {
    real.close();
  }
});

special.run();
