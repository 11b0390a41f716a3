/** Which events reach which agents: by inode, by subtree, by branch; and the replay of a subtree watch. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Detail, EventKind, type FsEvent, kindName } from '../../../../core/events/fs-event.ts';
import { SubtreeMode } from '../../../../core/protocol.ts';
import type { AgentConnection } from '../../../../injector/host/agents/agent-connection.ts';
import { Agents } from '../../../../injector/host/agents/agents.ts';
import { EventDelivery } from '../../../../injector/host/agents/event-delivery.ts';
import { pid } from '../../../support/numbers.ts';
import { openPart } from '../part.ts';

class Recorder {
  readonly pid = pid(7);
  readonly watched = new Set<number>();
  binding: number;
  readonly events: FsEvent[] = [];
  readonly lines: string[] = [];
  constructor(binding: number) {
    this.binding = binding;
  }
  send(event: FsEvent): void {
    this.events.push(event);
    this.lines.push(`${kindName(event.kind)} ${event.path}`);
  }
  sendPast(stream: number, event: FsEvent): void {
    this.lines.push(`${stream}: ${kindName(event.kind)} ${event.path}`);
  }
  sendPastEnd(stream: number, _newest: number, lost: boolean): void {
    this.lines.push(`${stream}: end${lost ? ', lost' : ''}`);
  }
  get connection(): AgentConnection {
    return this as unknown as AgentConnection;
  }
}

function setup() {
  const part = openPart();
  const { session } = part;
  const counts = new Map<number, number>();
  const agents = new Agents({
    engine: () => Promise.reject(new Error('this test has no engine')),
    source: () => '',
    gate: '',
    notes: 'masked',
    count: (ino, delta) => counts.set(ino, (counts.get(ino) ?? 0) + delta),
    onTrouble: () => undefined,
  });
  const delivery = new EventDelivery(session, agents);
  const connect = (branch = 'main'): Recorder => {
    const recorder = new Recorder(session.bindings.of(branch));
    agents.connected(recorder.connection);
    return recorder;
  };
  return { ...part, agents, delivery, counts, connect };
}

const test = suite('event delivery');

test('a watched inode is notified once of an event that concerns it twice, and watches are counted', () => {
  const { session, agents, counts, connect, close } = setup();
  const { fs } = session.core;
  fs.mkdirSync('/v/d');
  fs.writeFileSync('/v/d/f', '');
  const inodes = ['/v/d', '/v/d/f'].map((path) => Number(fs.statSync(path).ino));
  const agent = connect();
  assert.ok(agents.watch(pid(7), [...inodes, ...inodes], true));
  assert.equal([...counts.values()], [1, 1]);
  fs.renameSync('/v/d/f', '/v/d/g');
  fs.writeFileSync('/v/other', '');
  assert.equal(agent.lines, ['Renamed /v/d/g']);
  agents.disconnected(agent.connection);
  assert.equal([...counts.values()], [0, 0]);
  assert.not.ok(agents.watch(pid(7), inodes, true), 'no agent any more');
  close();
});

test('an event is delivered as the branch of the process shows it, or not at all', () => {
  const { session, delivery, connect, close } = setup();
  const { core } = session;
  core.createBranch('side');
  core.fs.mkdirSync('/v/d');
  core.hide('side', '/v/d');
  const agent = connect('side');
  delivery.subtree(agent.connection, 1, ['/v'], SubtreeMode.Add, 0);
  core.fs.writeFileSync('/v/d/hidden', '');
  core.fs.writeFileSync('/v/seen', '');
  core.fsFor('side').writeFileSync('/v/own', '');
  assert.equal(agent.lines, ['Created /v/seen', 'Created /v/own']);
  close();
});

test('a file with several names is reported with its siblings, and later ids are above them', () => {
  const { session, delivery, connect, close } = setup();
  const { core } = session;
  core.fs.writeFileSync('/v/a', '');
  core.fs.linkSync('/v/a', '/v/b');
  const agent = connect();
  delivery.subtree(agent.connection, 1, ['/v'], SubtreeMode.Add, 0);
  core.fs.chmodSync('/v/a', 0o600);
  const [event] = agent.events as (FsEvent & { siblings?: readonly string[] })[];
  assert.equal(event!.siblings, ['/v/b']);
  core.fs.chmodSync('/v/b', 0o640);
  assert.ok(agent.events[1]!.id > event!.id);
  close();
});

test('a replay sends the events of its roots since an id, and reports lost history', () => {
  const { session, delivery, connect, close } = setup();
  const { core } = session;
  core.fs.mkdirSync('/v/d');
  core.fs.mkdirSync('/v/e');
  const since = core.lastEventId;
  core.fs.writeFileSync('/v/d/f', '');
  core.fs.writeFileSync('/v/e/f', '');
  const agent = connect();
  delivery.subtree(agent.connection, 3, ['/v/d'], SubtreeMode.Add, 0);
  delivery.subtree(agent.connection, 3, [], SubtreeMode.Replay, since);
  assert.equal(agent.lines.splice(0), ['3: Created /v/d/f', '3: end']);
  delivery.subtree(agent.connection, 3, [], SubtreeMode.Replay, core.lastEventId + 100);
  assert.equal(agent.lines.splice(0), ['3: end, lost']);
  delivery.subtree(agent.connection, 3, [], SubtreeMode.Remove, 0);
  core.fs.writeFileSync('/v/d/g', '');
  assert.equal(agent.lines, []);
  close();
});

test('subtree watches are notified of the close of the last writer', () => {
  const { delivery, connect, close } = setup();
  const agent = connect();
  delivery.subtree(agent.connection, 1, ['/v'], SubtreeMode.Add, 0);
  const closed: FsEvent = {
    id: 1,
    kind: EventKind.Closed,
    path: '/v/f',
    ino: 9,
    parent: 2,
    type: 'file',
    nlink: 1,
    pid: 0,
    branch: 'main',
    time: 0,
    detail: Detail.ClosedAfterWrite,
  };
  delivery.writerClosed(closed);
  assert.equal(agent.lines, ['Closed /v/f']);
  close();
});

test('a rebound process is notified of the differences in its watched inodes', () => {
  const { session, agents, connect, close } = setup();
  const { core } = session;
  core.fs.writeFileSync('/v/f', 'main');
  core.fs.writeFileSync('/v/unwatched', 'main');
  core.createBranch('side');
  for (const path of ['/v/f', '/v/unwatched']) core.fsFor('side').writeFileSync(path, 'longer than before');
  const agent = connect();
  agents.watch(pid(7), [Number(core.fs.statSync('/v/f').ino)], true);
  session.processes.add({ peer: { pid: pid(7) }, uid: 0, binding: 0, rebind: () => undefined });
  agent.lines.length = 0;
  session.rebind(pid(7), 'side');
  assert.equal(agent.lines, ['Modified /v/f']);
  assert.is(agent.binding, session.bindings.of('side'));
  close();
});

test.run();
