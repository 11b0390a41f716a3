import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { peerCredentials } from '../../../injector/platform/peer-credentials.ts';
import { within } from '../engine/target.ts';
import { scratch } from './scratch.ts';

const test = suite('peer credentials');

test('name the process that connected', async () => {
  const path = join(scratch(), 's.sock');
  const server = createServer().listen(path);
  await once(server, 'listening');
  const program = 'import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.recv(1)';
  const child = spawn('python3', ['-c', program, path], { stdio: 'ignore' });
  const exit = once(child, 'exit');
  const [socket] = (await within(once(server, 'connection'), 'the connection')) as [Socket];
  const peer = peerCredentials(socket);
  assert.equal(peer, { pid: child.pid, uid: process.getuid!(), gid: process.getgid!() });
  socket.end('x');
  assert.equal(await within(exit, 'the end'), [0, null]);

  socket.destroy();
  assert.throws(() => peerCredentials(socket), /closed/);
  server.close();
});

test('a connection by network has none', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const client = connect((server.address() as { port: number }).port, '127.0.0.1');
  const [socket] = (await within(accepted, 'the connection')) as [Socket];
  assert.throws(() => peerCredentials(socket), /Unix socket/);
  client.destroy();
  socket.destroy();
  server.close();
});

test.run();
