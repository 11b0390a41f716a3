/** Agents that hear of whole trees: whose, by which path, what of writes, and what when they are too slow. */
import { connect, createServer, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EventFeed } from '../../../agent/events/event-feed.ts';
import { Detail, EventKind, type FsEvent } from '../../../core/events/fs-event.ts';
import { FsCore } from '../../../core/fs-core.ts';
import { AgentConnection } from '../../../injector/host/agents/agent-connection.ts';
import { Subtrees } from '../../../injector/host/agents/subtrees.ts';
import { OpenWrites } from '../../../injector/host/session/open-writes.ts';
import { Writers } from '../../../injector/host/session/writers.ts';

const event = (path: string, more: Partial<FsEvent> = {}): FsEvent => ({
  id: 1,
  kind: EventKind.Created,
  path,
  ino: 5,
  parent: 2,
  type: 'file',
  nlink: 1,
  pid: 0,
  branch: 'main',
  time: 0,
  detail: 0,
  ...more,
});

class Ear {
  binding: number;
  readonly heard: string[] = [];
  constructor(binding = 0) {
    this.binding = binding;
  }
  send({ path }: FsEvent): void {
    this.heard.push(path);
  }
  get connection(): AgentConnection {
    return this as unknown as AgentConnection;
  }
}
const all = (one: FsEvent): FsEvent => one;

const trees = suite('subtrees');
trees('each hears once of what is at or below its roots', () => {
  const subtrees = new Subtrees();
  const [a, b] = [new Ear(), new Ear()];
  subtrees.add(a.connection, 1, ['/v/a', '/v/a/deep']);
  subtrees.add(b.connection, 1, ['/v']);
  for (const path of ['/v/a/deep/x', '/v/ab', '/v/a']) subtrees.deliver(event(path), all);
  assert.equal(a.heard, ['/v/a/deep/x', '/v/a']);
  assert.equal(b.heard, ['/v/a/deep/x', '/v/ab', '/v/a']);
});
trees('names that come and go above a root are heard of, changes of files there are not', () => {
  const subtrees = new Subtrees();
  const a = new Ear();
  subtrees.add(a.connection, 1, ['/v/d/r']);
  subtrees.deliver(event('/v/d', { kind: EventKind.Removed }), all);
  subtrees.deliver(event('/v/z', { kind: EventKind.Renamed, from: '/v/d' }), all);
  subtrees.deliver(event('/v/d', { kind: EventKind.Attrib }), all);
  subtrees.deliver(event('/v/dd'), all);
  assert.equal(a.heard, ['/v/d', '/v/z']);
});
trees('a stream that is forgotten leaves the others theirs', () => {
  const subtrees = new Subtrees();
  const a = new Ear();
  subtrees.add(a.connection, 1, ['/v/a']);
  subtrees.add(a.connection, 2, ['/v/a', '/v/b']);
  subtrees.forget(a.connection, 2);
  subtrees.forget(a.connection, 9);
  for (const path of ['/v/a/x', '/v/b/x']) subtrees.deliver(event(path), all);
  assert.equal(a.heard, ['/v/a/x']);
  subtrees.disconnected(a.connection);
  assert.ok(subtrees.empty);
});
trees('by the path that each branch has, and not where it sees nothing', () => {
  const subtrees = new Subtrees();
  const [main, side, blind] = [new Ear(0), new Ear(1), new Ear(2)];
  for (const ear of [main, side, blind]) subtrees.add(ear.connection, 1, ['/v/old']);
  const visible = (one: FsEvent, binding: number): FsEvent | null =>
    binding === 0 ? one : binding === 1 ? { ...one, path: one.path.replace('/v/new', '/v/old') } : null;
  subtrees.deliver(event('/v/new/x'), visible);
  assert.equal([main.heard, side.heard, blind.heard], [[], ['/v/old/x'], []]);
});
trees('of a process that moves to another branch', () => {
  const subtrees = new Subtrees();
  const a = new Ear(0);
  subtrees.add(a.connection, 1, ['/v']);
  subtrees.rebind(a.connection, 1);
  assert.is(a.binding, 1);
  subtrees.deliver(event('/v/x'), (one, binding) => (binding === 1 ? one : null));
  assert.equal(a.heard, ['/v/x']);
  assert.ok(subtrees.concerns(a.connection, event('/v/y')));
});
trees.run();

const writes = suite('writes');
writes('the last of those who may write tells, where the file is now', () => {
  const core = new FsCore();
  const writers = new Writers();
  const open = new OpenWrites(core, writers);
  core.fs.writeFileSync('/f', 'x');
  const { ino } = core.fs.statSync('/f');
  const modified = event('/f', { kind: EventKind.Modified, ino: Number(ino), detail: Detail.Extended });
  assert.is(open.mark(modified), modified, 'nobody has it open');

  writers.added(7, Number(ino));
  writers.added(7, Number(ino));
  assert.is(open.mark(modified).detail, Detail.Extended | Detail.Writing);
  core.fs.renameSync('/f', '/g');
  assert.is(writers.removed(7), undefined);
  assert.is(writers.removed(7), Number(ino));
  const before = core.lastEventId;
  const closed = open.closed(Number(ino))!;
  assert.equal([closed.kind, closed.path, closed.id > before], [EventKind.Closed, '/g', true]);
  assert.is(open.closed(Number(ino)), undefined, 'once');
});
writes('nothing of a file that was not written, or has no name left', () => {
  const core = new FsCore();
  const writers = new Writers();
  const open = new OpenWrites(core, writers);
  assert.is(open.closed(99), undefined);
  core.fs.writeFileSync('/f', 'x');
  const ino = Number(core.fs.statSync('/f').ino);
  writers.added(7, ino);
  open.mark(event('/f', { kind: EventKind.Modified, ino }));
  core.fs.unlinkSync('/f');
  assert.is(open.closed(ino), undefined);
});
writes('two objects of one inode: it is open until both are closed', () => {
  const writers = new Writers();
  writers.added(1, 50);
  writers.added(2, 50);
  assert.is(writers.removed(1), undefined);
  assert.not(writers.has(1));
  assert.ok(writers.hasInode(50));
  assert.is(writers.removed(2), 50);
  assert.is(writers.removed(2), undefined);
});
writes.run();

const slow = suite('an agent that does not read');
slow('what only trees are watched for is lost beyond a bound, and told as lost', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const agent = connect((server.address() as { port: number }).port, '127.0.0.1');
  agent.pause();
  const socket = await accepted;
  const connection = new AgentConnection(socket, 1, 0);
  const long = 'x'.repeat(3000);
  const count = 60_000;
  // Each of another inode, so that none can be folded into another.
  for (let i = 0; i < count; i++) connection.send(event(`/v/${long}`, { id: i + 1, ino: 100 + i }), true);

  const feed = new EventFeed();
  let events = 0;
  let losses = 0;
  let last = 0;
  const seen = new Promise<void>((resolve) => {
    feed.listen({
      event: (frame) => {
        events++;
        last = frame.id;
        if (frame.ino === 1) resolve();
      },
      batchEnd: () => undefined,
      feedEnded: () => undefined,
      lost: () => losses++,
    });
  });
  agent.on('data', (chunk) => {
    feed.push(chunk.buffer.slice(chunk.byteOffset, chunk.byteOffset + chunk.length) as ArrayBuffer);
    if (losses === 1) {
      losses++;
      connection.send(event('/v/end', { id: count + 1, ino: 1 }), true);
    }
  });
  agent.resume();
  await seen;
  assert.is(losses, 2, 'told once');
  assert.ok(events < count, `${events}`);
  assert.is(last, count + 1);
  agent.destroy();
  socket.destroy();
  server.close();
});
slow.run();
