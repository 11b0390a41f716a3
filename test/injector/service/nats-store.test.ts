/** The store in NATS JetStream, with a real server that is killed and started again. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serve } from '../../../injector/service/server.ts';
import { isNatsLocation, parseNatsLocation } from '../../../injector/service/store/nats-location.ts';
import { NatsStore } from '../../../injector/service/store/nats-store.ts';
import type { UserError } from '../../../injector/user-error.ts';
import { freePort, NatsProcess, natsServer } from '../../support/nats-server.ts';
import { SseReader, type World, world } from './service-world.ts';

interface Place {
  dir: string;
  port: number;
  location: string;
  server: NatsProcess;
}

const nats = suite<Place>('store in NATS JetStream');

nats('places', () => {
  assert.equal(parseNatsLocation('nats://127.0.0.1:4222/a-b?replicas=3'), {
    servers: ['127.0.0.1:4222'],
    name: 'a-b',
    replicas: 3,
    tls: false,
  });
  assert.equal(parseNatsLocation('tls://a.example,b.example:1').servers, ['a.example', 'b.example:1']);
  for (const bad of [
    'nats://',
    'nats://a:b:c',
    'nats://me:secret@host',
    'nats://h/a.b',
    'nats://h/x?replicas=9',
  ])
    assert.throws(() => parseNatsLocation(bad), /not the address of a NATS server/, bad);
  assert.not(isNatsLocation('/var/nats://x'));
});

nats('no server at the start: an error with the remedy', async () => {
  const location = `nats://127.0.0.1:${await freePort()}`;
  try {
    await NatsStore.open({ location });
    assert.unreachable();
  } catch (error) {
    assert.match((error as UserError).message, /cannot use the NATS server at 127\.0\.0\.1:\d+: .*REFUSED/i);
    assert.match((error as UserError).remedy, /nats-server -js/);
  }
});

const built = await natsServer();
const real = suite<Place>('store in a real NATS JetStream');
if ('remedy' in built) console.log(`skipped: the store in a real NATS server: ${built.remedy}`);
const program = 'program' in built ? built.program : '';

real.before.each(async (place) => {
  place.dir = mkdtempSync(join(tmpdir(), 'shimfs-nats-'));
  place.port = await freePort();
  place.location = `nats://127.0.0.1:${place.port}/test`;
  place.server = await NatsProcess.start(program, { port: place.port, directory: place.dir });
});
real.after.each(async ({ server, dir }) => {
  await server.end();
  rmSync(dir, { recursive: true, force: true });
});

const again = ({ port, dir }: Place) => NatsProcess.start(program, { port, directory: dir });
const event = (id: number, size = 1) => ({
  id,
  time: id,
  body: JSON.stringify({ n: id, x: 'x'.repeat(size) }),
});
const row = (id: string, droppedThrough = 0, cursor: string | null = null) => ({
  id,
  definition: '{}',
  origin: 0,
  droppedThrough,
  cursor,
});

real('a restart finds definitions, events, cursors and the sequence', async ({ location }) => {
  const first = await NatsStore.open({ location });
  await first.putWatcher(row('a.b'));
  await first.append(row('a.b'), [event(1), event(2)]);
  await first.append(row('a.b', 1, 'here'), [event(3)]);
  await first.putWatcher(row('gone'));
  await first.append(row('gone'), [event(4)]);
  await first.deleteWatcher('gone');
  await first.close(4);
  const second = await NatsStore.open({ location });
  assert.is(second.epoch, first.epoch);
  assert.is(second.startId, 4);
  assert.equal(second.watchers(), [row('a.b', 1, 'here')]);
  assert.equal(second.events('a.b'), [event(2), event(3)]);
  await second.close(4);
});

real(
  'large appends are split, events that are written twice are read once, dropped events are removed',
  async ({ location, port }) => {
    const first = await NatsStore.open({ location });
    const large = Array.from({ length: 30 }, (_, n) => event(n + 1, 100_000));
    await first.rewrite(row('a'), large);
    await first.rewrite(row('a'), [...large, event(31)]);
    for (let id = 32; id < 300; id++) await first.append(row('a', id - 2), [event(id)]);
    const nc = await connect({ port });
    const { state } = await (await jetstreamManager(nc)).streams.info('shimfs_test');
    assert.ok(state.messages < 150, `${state.messages} messages`);
    await nc.close();
    await first.close(300);
    const second = await NatsStore.open({ location });
    assert.equal(second.watchers()[0]!.droppedThrough, 297);
    assert.equal(second.events('a'), [event(298), event(299)]);
    await second.close(300);
  },
);

real(
  'two services never have one stream; one that went silent is succeeded, and learns of it',
  async ({ location }) => {
    const first = await NatsStore.open({ location });
    await first.putWatcher(row('a'));
    // Alive, for all anybody sees, as long as it speaks.
    const speaks = setInterval(() => void first.renew(), 20);
    try {
      await NatsStore.open({ location, patience: 500 });
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, /another service \(process \d+ on .*\) has the stream/);
    }
    clearInterval(speaks);
    const second = await NatsStore.open({ location, patience: 10 });
    assert.ok(second.startId > 1e9, 'room for what nobody wrote');
    await first.renew();
    let told = '';
    await first.append(row('a'), [event(1)]).catch((error) => (told = error.message));
    assert.match(told, /was taken over by process/);
    await first.close(1);
    await second.append(row('a'), [event(second.startId + 1)]);
    await second.close(second.startId + 1);
  },
);

real('by nkey: only a client with the seed can connect', async (place) => {
  const { createUser } = await import('@nats-io/nkeys');
  const user = createUser();
  await place.server.end();
  const config = `authorization { users: [ { nkey: ${user.getPublicKey()} } ] }`;
  place.server = await NatsProcess.start(program, { port: place.port, directory: place.dir, config });
  const credentials = join(place.dir, 'seed');
  writeFileSync(credentials, `${new TextDecoder().decode(user.getSeed())}\n`);
  const store = await NatsStore.open({ location: place.location, credentials });
  await store.close(0);
  const refused = async (more: object): Promise<string> => {
    try {
      await (await NatsStore.open({ location: place.location, ...more })).close(0);
      return 'let in';
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.match(await refused({}), /authorization/i);
  writeFileSync(credentials, 'nonsense');
  assert.match(await refused({ credentials }), /holds no NATS credentials/);
  assert.match(await refused({ credentials: '/not/here' }), /ENOENT/);
});

async function start(location: string): Promise<{ w: World; lines: AsyncGenerator<string, void> }> {
  const told: string[] = [];
  let wake: () => void = () => {};
  const log = (line: string): void => {
    told.push(line);
    wake();
  };
  async function* lines(): AsyncGenerator<string, void> {
    for (;;) {
      const line = told.shift();
      if (line !== undefined) yield line;
      else await new Promise<void>((done) => (wake = done));
    }
  }
  const store = await NatsStore.open({ location });
  return { w: await world({ store, log }), lines: lines() };
}

const ids = (reader: SseReader): number[] => reader.events.map(({ id }) => Number(id));

real('a server that ends and comes back: reported, and nothing is lost', async (place) => {
  const { w, lines } = await start(place.location);
  assert.is((await w.ask('PUT', '/watchers/w', { path: '/usr', latencyMs: 0 })).status, 201);
  assert.is((await w.ask('PUT', '/watchers/doomed', { path: '/usr', latencyMs: 0 })).status, 201);
  const accept = { accept: 'text/event-stream' };
  const reader = new SseReader(await w.ask('GET', '/watchers/w/events?after=0', undefined, accept));
  const hears = async (path: string): Promise<void> => {
    w.touch(path);
    await reader.until((messages) => messages.some(({ data }) => data.includes(`"${path}"`)));
  };
  await hears('/usr/1');
  await place.server.end('SIGKILL');
  // Away: logged and reported by /healthz, and the service answers from memory.
  await hears('/usr/2');
  assert.match((await lines.next()).value ?? '', /the store fails, .* in memory only/);
  const health = (await (await w.ask('GET', '/healthz')).json()) as { status: string };
  assert.is(health.status, 'degraded');
  assert.is((await w.ask('DELETE', '/watchers/doomed')).status, 204);
  assert.is((await w.ask('PUT', '/watchers/late', { path: '/usr', latencyMs: 0 })).status, 201);
  await hears('/usr/3');
  place.server = await again(place);
  assert.match((await lines.next()).value ?? '', /works again, and has everything/);
  await hears('/usr/4');
  assert.is(((await (await w.ask('GET', '/healthz')).json()) as { status: string }).status, 'ok');
  await w.service.close();
  const heard = ids(reader);
  const next = await start(place.location);
  const answer = await next.w.ask('GET', '/watchers/w/events?after=0');
  const { items } = (await answer.json()) as { items: { id: string; path: string; action: string }[] };
  assert.equal(
    items.map(({ path, action }) => `${action} ${path}`),
    ['update /usr/1', 'update /usr/2', 'update /usr/3', 'update /usr/4', 'rescan /usr'],
  );
  assert.equal(
    items.slice(0, 4).map(({ id }) => Number(id)),
    heard,
  );
  assert.equal(
    next.w.service.all().map(({ id }) => id),
    ['late', 'w'],
  );
  await next.w.service.close();
});

real('every published event is in the stream, whenever the service is killed', async (place) => {
  const { w } = await start(place.location);
  await w.ask('PUT', '/watchers/w', { path: '/usr', latencyMs: 0 });
  const accept = { accept: 'text/event-stream' };
  const reader = new SseReader(await w.ask('GET', '/watchers/w/events?after=0', undefined, accept));
  for (let n = 0; n < 50; n++) w.touch(`/usr/${n}`);
  await reader.until(() => reader.events.length >= 10);
  // As after a kill: only the stream's messages are left. They contain at least the published events.
  const nc = await connect({ port: place.port });
  const js = await jetstreamManager(nc);
  const subject = `shimfs.test.events.${Buffer.from('w').toString('base64url')}`;
  const message = await js.streams.getMessage('shimfs_test', { last_by_subj: subject });
  const { events } = message!.json<{ events: [number][] }>();
  assert.ok(events.at(-1)![0] >= ids(reader).at(-1)!);
  await reader.until(() => reader.events.length === 50);
  assert.equal(
    reader.events.map(({ data }) => JSON.parse(data).path),
    Array.from({ length: 50 }, (_, n) => `/usr/${n}`),
  );
  await nc.close();
  await w.service.close();
});

real('serve takes it by --store', async ({ location, dir }) => {
  const tokenFile = join(dir, 'tokens.json');
  const running = await serve({ store: location, tokenFile });
  assert.is(running.store, location);
  assert.is((await fetch(`${running.url}/healthz`)).status, 200);
  await running.close();
});

nats.run();
if (program) real.run();
