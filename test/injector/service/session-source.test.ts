import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { systemTimers } from '../../../core/watch/index.ts';
import { openOwnSession } from '../../../injector/run/own-session.ts';
import { MemoryStore } from '../../../injector/service/store/memory-store.ts';
import { SELF } from '../../support/self.ts';
import { ManualTimers, SseReader, type World, world } from './service-world.ts';

type Host = Awaited<ReturnType<typeof openOwnSession>>;

let number = 0;
const session = suite<{ name: string }>('watchers of a session');
session.before.each((context) => {
  context.name = `service-${process.pid}-${number++}`;
});

const open = (name: string): Promise<Host> => openOwnSession(name, { mounts: ['/v'] });
const viewOf = (host: Host) => host.core.view('main', { ...SELF, umask: 0 });

async function watch(w: World, name: string, more: object = {}): Promise<void> {
  const definition = { path: '/v', source: `session:${name}`, latencyMs: 1, ...more };
  const made = await w.ask('PUT', '/watchers/s', definition);
  assert.is(made.status, 201, await made.clone().text());
}

const listen = async (w: World, after = 0): Promise<SseReader> =>
  new SseReader(
    await w.ask('GET', `/watchers/s/events?after=${after}`, undefined, { accept: 'text/event-stream' }),
  );

/** Waits for as many events as there are words, `action path`. */
async function hears(reader: SseReader, ...words: string[]): Promise<void> {
  await reader.until(() => reader.events.length >= words.length);
  assert.equal(
    reader.events.map(({ data }) => {
      const { action, path, from } = JSON.parse(data);
      return `${action} ${from ? `${from} ` : ''}${path}`;
    }),
    words,
  );
}

session(
  'a branch: its events; the end of a host is reported, and a new host is followed',
  async ({ name }) => {
    const host = await open(name);
    const w = await world({ timers: systemTimers });
    await watch(w, name);
    const reader = await listen(w);
    const view = viewOf(host);
    view.mkdir({ path: '/v/d' });
    await hears(reader, 'create /v/d');
    view.rename({ path: '/v/d' }, { path: '/v/e' });
    await hears(reader, 'create /v/d', 'rename /v/d /v/e');
    await host.close();
    const before = ['create /v/d', 'rename /v/d /v/e', 'error /v'];
    await hears(reader, ...before);
    assert.is(w.service.get('s').status, 'failed');
    assert.match(w.service.get('s').error ?? '', /has ended/);
    const refused = await w.ask('PUT', '/watchers/t', { path: '/v', source: `session:${name}` });
    assert.is(refused.status, 422);
    const next = await open(name);
    await hears(reader, ...before, 'rescan /v');
    assert.is(w.service.get('s').status, 'watching');
    viewOf(next).mkdir({ path: '/v/new' });
    await hears(reader, ...before, 'rescan /v', 'create /v/new');
    await w.service.close();
    await next.close();
  },
);

session(
  'a service that comes back hears from the journal what it missed, once and in order',
  async ({ name }) => {
    const host = await open(name);
    const store = new MemoryStore();
    const first = await world({ timers: systemTimers, store });
    await watch(first, name, { defer: ['build'] });
    const view = viewOf(host);
    const reader = await listen(first);
    view.mkdir({ path: '/v/a' });
    await hears(reader, 'create /v/a');
    await first.service.close();
    for (const path of ['/v/b', '/v/c']) view.mkdir({ path });
    const second = await world({ timers: systemTimers, store });
    const again = await listen(second);
    await hears(again, 'create /v/a', 'create /v/b', 'create /v/c');
    view.mkdir({ path: '/v/d' });
    await hears(again, 'create /v/a', 'create /v/b', 'create /v/c', 'create /v/d');
    assert.is(second.service.get('s').status, 'watching');
    await second.service.close();
    await host.close();
  },
);

session('events that a state held when the service was killed are delivered later', async ({ name }) => {
  const host = await open(name);
  const store = new MemoryStore();
  const first = await world({ timers: systemTimers, store });
  await watch(first, name, { defer: ['build'] });
  await first.ask('POST', '/states', { name: 'build', path: '/v' });
  const reader = await listen(first);
  await hears(reader, 'state-enter /v');
  viewOf(host).mkdir({ path: '/v/a' });
  // A second watcher shows when the event was delivered.
  const beside = await first.ask('PUT', '/watchers/beside', {
    path: '/v',
    source: `session:${name}`,
    latencyMs: 1,
  });
  assert.is(beside.status, 201);
  viewOf(host).mkdir({ path: '/v/b' });
  const other = new SseReader(
    await first.ask('GET', '/watchers/beside/events?after=0', undefined, { accept: 'text/event-stream' }),
  );
  await other.until(() => other.events.some(({ data }) => data.includes('/v/b')));
  // Killed: nothing more is written. The next run has other ids, as after a kill.
  store.failure = new Error('killed');
  const rest = new MemoryStore();
  for (const row of store.watchers()) rest.rewrite(row, store.events(row.id));
  rest.startId = 1000;
  const second = await world({ timers: systemTimers, store: rest });
  const again = await listen(second);
  await hears(again, 'state-enter /v', 'create /v/a', 'create /v/b');
  await second.service.close();
  await first.service.close();
  await host.close();
});

session('a restarted host, or a host that is not running yet: a rescan', async ({ name }) => {
  const host = await open(name);
  const store = new MemoryStore();
  const first = await world({ timers: systemTimers, store });
  await watch(first, name);
  viewOf(host).mkdir({ path: '/v/a' });
  await hears(await listen(first), 'create /v/a');
  await first.service.close();
  await host.close();
  const timers = new ManualTimers();
  const second = await world({ timers, store });
  const reader = await listen(second);
  await hears(reader, 'create /v/a', 'error /v');
  const next = await open(name);
  // A watcher that failed at the start is started again at each heartbeat.
  timers.advance(15_000);
  await hears(reader, 'create /v/a', 'error /v', 'rescan /v');
  viewOf(next).mkdir({ path: '/v/b' });
  const tick = setInterval(() => timers.advance(10), 1);
  await hears(reader, 'create /v/a', 'error /v', 'rescan /v', 'create /v/b');
  clearInterval(tick);
  await second.service.close();
  await next.close();
});

session('a branch that is not there is refused', async ({ name }) => {
  const host = await open(name);
  const w = await world({ timers: systemTimers });
  const answer = await w.ask('PUT', '/watchers/s', { path: '/v', source: `session:${name}`, branch: 'none' });
  assert.is(answer.status, 422);
  assert.match(await answer.text(), /none/);
  await w.service.close();
  await host.close();
});

session('a session that does not run: others that do are not named', async ({ name }) => {
  const host = await open(name);
  const w = await world();
  const answer = await w.ask('PUT', '/watchers/s', { path: '/v', source: `session:${name}-none` });
  const { detail } = (await answer.json()) as { detail: string };
  assert.is(detail, `cannot watch /v: there is no session '${name}-none'`);
  await w.service.close();
  await host.close();
});

session.run();
