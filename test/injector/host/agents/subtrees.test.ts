/** Which subtree watches get an event, and by which path. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EventKind, type FsEvent } from '../../../../core/events/fs-event.ts';
import type { AgentConnection } from '../../../../injector/host/agents/agent-connection.ts';
import { Subtrees } from '../../../../injector/host/agents/subtrees.ts';
import { event } from '../events.ts';

class Recorder {
  binding: number;
  readonly paths: string[] = [];
  constructor(binding = 0) {
    this.binding = binding;
  }
  send({ path }: FsEvent): void {
    this.paths.push(path);
  }
  get connection(): AgentConnection {
    return this as unknown as AgentConnection;
  }
}
const all = (one: FsEvent): FsEvent => one;

const trees = suite('subtrees');
trees('a watch gets each event at or below its roots once', () => {
  const subtrees = new Subtrees();
  const [a, b] = [new Recorder(), new Recorder()];
  subtrees.add(a.connection, 1, ['/v/a', '/v/a/deep']);
  subtrees.add(b.connection, 1, ['/v']);
  for (const path of ['/v/a/deep/x', '/v/ab', '/v/a']) subtrees.deliver(event(path), all);
  assert.equal(a.paths, ['/v/a/deep/x', '/v/a']);
  assert.equal(b.paths, ['/v/a/deep/x', '/v/ab', '/v/a']);
});
trees('a watch gets added and removed names above its root, but no other changes there', () => {
  const subtrees = new Subtrees();
  const a = new Recorder();
  subtrees.add(a.connection, 1, ['/v/d/r']);
  subtrees.deliver(event('/v/d', { kind: EventKind.Removed }), all);
  subtrees.deliver(event('/v/z', { kind: EventKind.Renamed, from: '/v/d' }), all);
  subtrees.deliver(event('/v/d', { kind: EventKind.Attrib }), all);
  subtrees.deliver(event('/v/dd'), all);
  assert.equal(a.paths, ['/v/d', '/v/z']);
});
trees('forgetting a stream keeps the roots of other streams', () => {
  const subtrees = new Subtrees();
  const a = new Recorder();
  subtrees.add(a.connection, 1, ['/v/a']);
  subtrees.add(a.connection, 2, ['/v/a', '/v/b']);
  subtrees.forget(a.connection, 2);
  subtrees.forget(a.connection, 9);
  for (const path of ['/v/a/x', '/v/b/x']) subtrees.deliver(event(path), all);
  assert.equal(a.paths, ['/v/a/x']);
  subtrees.disconnected(a.connection);
  assert.ok(subtrees.empty);
});
trees('events are matched by their path in each branch, and left out where they are not visible', () => {
  const subtrees = new Subtrees();
  const [main, side, blind] = [new Recorder(0), new Recorder(1), new Recorder(2)];
  for (const recorder of [main, side, blind]) subtrees.add(recorder.connection, 1, ['/v/old']);
  const visible = (one: FsEvent, binding: number): FsEvent | null =>
    binding === 0 ? one : binding === 1 ? { ...one, path: one.path.replace('/v/new', '/v/old') } : null;
  subtrees.deliver(event('/v/new/x'), visible);
  assert.equal([main.paths, side.paths, blind.paths], [[], ['/v/old/x'], []]);
});
trees('a rebound process gets the events of its new branch', () => {
  const subtrees = new Subtrees();
  const a = new Recorder(0);
  subtrees.add(a.connection, 1, ['/v']);
  subtrees.rebind(a.connection, 1);
  assert.is(a.binding, 1);
  subtrees.deliver(event('/v/x'), (seen, binding) => (binding === 1 ? seen : null));
  assert.equal(a.paths, ['/v/x']);
  assert.ok(subtrees.concerns(a.connection, event('/v/y')));
});
trees.run();
