import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatId } from '../../../injector/service/event-id.ts';
import { MemoryStore } from '../../../injector/service/store/memory-store.ts';
import { NARROW, SseReader, type World, world } from './service-world.ts';

const api = suite('service API');
const narrow = { authorization: `Bearer ${NARROW}` };
const stream = { accept: 'text/event-stream' };

async function make(w: World, more: object = {}, id = 'w'): Promise<void> {
  const answer = await w.ask('PUT', `/watchers/${id}`, { path: '/usr', latencyMs: 0, ...more });
  assert.is(answer.status, 201, await answer.clone().text());
}

// biome-ignore lint/suspicious/noExplicitAny: JSON that a test reads
const body = async (answer: Response | Promise<Response>): Promise<any> => (await answer).json();

api('a watcher is made, described, replaced and deleted', async () => {
  const w = await world();
  const made = await w.ask('POST', '/watchers', { path: '/usr/', tags: ['team:docs'] });
  assert.is(made.status, 201);
  const one = await body(made);
  assert.is(made.headers.get('location'), `/watchers/${one.id}`);
  assert.equal([one.definition.path, one.status, one.least, one.most], ['/usr', 'watching', null, null]);
  assert.equal(one.definition.retention, { events: 10_000, bytes: 8_388_608, seconds: 900 });
  await make(w, { tags: ['team:ops', 'a:b'] });
  assert.is((await body(w.ask('GET', '/watchers?tag=team:ops&tag=a:b'))).items[0].id, 'w');
  assert.equal((await body(w.ask('GET', '/watchers?id=w&id=x'))).items.length, 1);
  const page = await body(w.ask('GET', '/watchers?limit=1'));
  assert.is(page.next, page.items[0].id);
  const rest = await body(w.ask('GET', `/watchers?limit=1&after=${page.next}`));
  assert.equal([rest.items.length, rest.next], [1, null]);
  const same = await w.ask('PUT', '/watchers/w', { path: '/usr', latencyMs: 0, tags: ['team:ops', 'a:b'] });
  assert.is(same.status, 200);
  assert.is(w.service.get('w').published, 0);
  await w.ask('PUT', '/watchers/w', { path: '/etc' });
  const told = await body(w.ask('GET', '/watchers/w/events'));
  assert.equal(
    told.items.map(({ action, path }: { action: string; path: string }) => [action, path]),
    [['rescan', '/etc']],
  );
  assert.equal(await body(w.ask('DELETE', '/watchers?tag=team:docs')), { deleted: [one.id] });
  assert.is((await w.ask('DELETE', '/watchers/w')).status, 204);
  assert.is(w.source.sinks.size, 0);
  await w.service.close();
});

api('watchers that name no interval have that of the service', async () => {
  const w = await world({ syncIntervalMs: 2000 });
  await w.ask('PUT', '/watchers/patient', { path: '/usr' });
  await make(w);
  const told = async (id: string) => (await body(w.ask('GET', `/watchers/${id}/events`))).items.length;
  for (let n = 0; n < 4; n++) {
    w.source.change(`/usr/${n}`);
    w.timers.advance(499);
  }
  assert.equal([await told('patient'), await told('w')], [0, 4]);
  w.timers.advance(4);
  // Silence is not waited for any longer.
  assert.is(await told('patient'), 4);
  await w.service.close();
});

const BAD: readonly [string, string, string, unknown, number, string, Record<string, string>?][] = [
  ['unknown watcher', 'GET', '/watchers/none', undefined, 404, 'unknown_watcher'],
  ['unknown watcher to delete', 'DELETE', '/watchers/none', undefined, 404, 'unknown_watcher'],
  ['unknown watcher to follow', 'GET', '/watchers/none/events', undefined, 404, 'unknown_watcher', stream],
  ['bad cursor', 'GET', '/watchers/w/events?after=x', undefined, 400, 'bad_cursor'],
  [
    'bad cursor of a stream',
    'GET',
    '/watchers/w/events',
    undefined,
    400,
    'bad_cursor',
    { ...stream, 'last-event-id': '-1' },
  ],
  ['cursor to come', 'GET', '/watchers/w/events?after=99', undefined, 410, 'cursor_expired'],
  ['cursor of another epoch', 'GET', '/watchers/w/events?after=0&epoch=x', undefined, 410, 'cursor_expired'],
  ['bad limit', 'GET', '/watchers/w/events?limit=0', undefined, 400, 'bad_request'],
  ['malformed JSON', 'POST', '/watchers', '{"path":', 400, 'bad_request'],
  ['huge body', 'POST', '/watchers', `{"path":"/${'x'.repeat(300_000)}"}`, 413, 'body_too_large'],
  ['no JSON', 'POST', '/watchers', 'path=/usr', 415, 'bad_request', { 'content-type': 'text/plain' }],
  ['no path', 'POST', '/watchers', {}, 400, 'bad_request'],
  ['relative path', 'POST', '/watchers', { path: 'usr' }, 400, 'bad_request'],
  ['NUL in the path', 'POST', '/watchers', { path: '/usr\0' }, 400, 'bad_request'],
  ['missing path', 'POST', '/watchers', { path: '/not/here' }, 422, 'path_missing'],
  ['unknown field', 'POST', '/watchers', { path: '/usr', colour: 1 }, 400, 'bad_request'],
  ['duplicate tag keys', 'POST', '/watchers', { path: '/usr', tags: ['a:1', 'a:2'] }, 422, 'duplicate_tag'],
  ['no session', 'POST', '/watchers', { path: '/v', source: 'session:nobody-has-this' }, 422, 'cannot_watch'],
  ['outside the scope', 'POST', '/watchers', { path: '/etc' }, 403, 'outside_scope', narrow],
  ['out of the scope by dots', 'POST', '/watchers', { path: '/usr/../etc' }, 403, 'outside_scope', narrow],
  [
    'out of the scope by a link',
    'POST',
    '/watchers',
    { path: '/proc/self/root/etc' },
    403,
    'outside_scope',
    narrow,
  ],
  [
    'session outside the scope',
    'POST',
    '/watchers',
    { path: '/usr', source: 'session:a' },
    403,
    'outside_scope',
    narrow,
  ],
  ['no token', 'GET', '/watchers', undefined, 401, 'unauthorized', { authorization: '' }],
  ['unknown token', 'GET', '/metrics', undefined, 401, 'unauthorized', { authorization: 'Bearer wrong' }],
  ['rebound name', 'GET', '/healthz', undefined, 421, 'bad_host', { host: 'evil.example' }],
  ['other origin', 'GET', '/healthz', undefined, 403, 'bad_origin', { origin: 'http://evil.example' }],
  ['nothing selected', 'DELETE', '/watchers', undefined, 422, 'nothing_selected'],
  ['no such method', 'PATCH', '/watchers/w', undefined, 405, 'bad_method'],
  ['no such route', 'GET', '/nothing', undefined, 404, 'no_such_route'],
];
for (const [name, method, path, sent, status, code, headers] of BAD)
  api(`bad input: ${name}`, async () => {
    const w = await world();
    await make(w);
    const answer = await w.ask(method, path, sent, headers);
    assert.is(answer.status, status, await answer.clone().text());
    assert.is(answer.headers.get('content-type'), 'application/problem+json');
    const problem = await body(answer);
    assert.equal([problem.code, problem.status], [code, status]);
    assert.ok(problem.detail && problem.remedy);
    await w.service.close();
  });

api('a watcher outside the token’s scopes does not exist for it', async () => {
  const w = await world();
  await make(w, { path: '/etc' }, 'etc');
  await make(w);
  assert.equal(
    (await body(w.ask('GET', '/watchers', undefined, narrow))).items.map(({ id }: { id: string }) => id),
    ['w'],
  );
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/events'],
    ['DELETE', ''],
  ] as const) {
    // The same text as for a watcher that does not exist.
    const [hidden, none] = [
      await w.ask(method, `/watchers/etc${path}`, undefined, narrow),
      await w.ask(method, `/watchers/abc${path}`, undefined, narrow),
    ];
    assert.is(hidden.status, 404);
    assert.is((await hidden.text()).replace('etc', 'abc'), await none.text());
  }
  assert.is((await w.ask('PUT', '/watchers/etc', { path: '/usr' }, narrow)).status, 404);
  assert.ok(w.service.has('etc'));
  await w.service.close();
});

api('pages and streams have the same events, and an expired cursor is reported', async () => {
  const w = await world();
  await make(w, { retention: { events: 3 } });
  w.touch('/usr/1', '/usr/2');
  w.source.change('/usr/new', 'rename', { from: '/usr/2' });
  w.timers.advance(1);
  const all = await body(w.ask('GET', '/watchers/w/events?after=0&limit=2'));
  assert.equal(
    [all.items.length, all.next, all.first, all.last, all.gap],
    [2, formatId(2), formatId(1), formatId(3), false],
  );
  const more = await body(w.ask('GET', `/watchers/w/events?after=${all.next}`));
  assert.equal([more.items[0].action, more.items[0].from], ['rename', '/usr/2']);
  const reader = new SseReader(
    await w.ask('GET', '/watchers/w/events?after=2', undefined, { ...stream, 'last-event-id': formatId(0) }),
  );
  await reader.until((messages) => messages.some(({ event }) => event === 'bookmark'));
  assert.equal(
    reader.events.map(({ data }) => JSON.parse(data)),
    [...all.items, ...more.items],
  );
  w.touch('/usr/4', '/usr/5');
  await reader.until(() => reader.events.length === 5);
  const gone = await w.ask('GET', '/watchers/w/events?after=1');
  assert.is(gone.status, 410);
  const { first, last } = await body(gone);
  assert.equal([first, last], [formatId(3), formatId(5)]);
  assert.is((await body(w.ask('GET', '/watchers/w/events'))).gap, true);
  assert.is((await w.ask('GET', '/watchers/w/events?after=2')).status, 200);
  const late = new SseReader(await w.ask('GET', '/watchers/w/events?after=1', undefined, stream));
  const [reset] = await late.until((messages) => messages.length > 0);
  assert.equal([reset!.event, reset!.id], ['reset', formatId(5)]);
  await Promise.all([reader.close(), late.close()]);
  assert.is(w.service.get('w').fanOut.size, 0);
  await w.service.close();
});

api('idle streams get bookmarks every 15 s', async () => {
  const w = await world();
  await make(w);
  const reader = new SseReader(await w.ask('GET', '/watchers/w/events', undefined, stream));
  await reader.until((messages) => messages.length === 1);
  w.timers.advance(15_000);
  await reader.until((messages) => messages.length === 2);
  w.touch('/usr/x');
  w.timers.advance(15_000);
  w.timers.advance(15_000);
  await reader.until((messages) => messages.length === 4);
  assert.equal(
    reader.messages.map(({ event }) => event),
    ['bookmark', 'bookmark', undefined, 'bookmark'],
  );
  assert.is(reader.messages[3]!.id, formatId(1));
  await w.service.close();
  await reader.until(() => false);
  assert.ok(reader.done);
});

api('a slow client gets an error and is disconnected; it resumes without a gap', async () => {
  const w = await world({ queueBytes: 2000 });
  await make(w);
  const reader = new SseReader(await w.ask('GET', '/watchers/w/events', undefined, stream));
  await reader.until((messages) => messages.length === 1);
  for (let n = 0; n < 100; n++) w.touch(`/usr/${n}`);
  await reader.until(() => false);
  assert.is(reader.messages.at(-1)!.event, 'overflow');
  assert.is(w.service.get('w').fanOut.overflows, 1);
  const last = reader.events.at(-1)!.id!;
  const again = new SseReader(
    await w.ask('GET', '/watchers/w/events', undefined, { ...stream, 'last-event-id': last }),
  );
  await again.until(() => again.events.length + reader.events.length === 100);
  assert.equal(
    [...reader.events, ...again.events].map(({ id }) => Number(id)),
    Array.from({ length: 100 }, (_, n) => n + 1),
  );
  await w.service.close();
});

api('random disconnects: no loss, no duplicate, in order', async () => {
  const w = await world();
  await make(w, { retention: { seconds: 86_400 } });
  let seed = 7;
  const random = (n: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return (seed >> 8) % n;
  };
  const heard: string[] = [];
  let last = formatId(0);
  let told = 0;
  while (heard.length < 500) {
    const reader = new SseReader(
      await w.ask('GET', '/watchers/w/events', undefined, { ...stream, 'last-event-id': last }),
    );
    for (let steps = random(5); steps >= 0; steps--) {
      for (let n = random(12); n >= 0 && told < 500; n--) w.touch(`/usr/${told++}`);
      // So that there is something to read.
      w.timers.advance(30_000);
      await reader.step();
    }
    for (const { id } of reader.events) heard.push(id!);
    last = heard.at(-1) ?? last;
    await reader.close();
  }
  assert.equal(
    heard,
    Array.from({ length: 500 }, (_, n) => formatId(n + 1)),
  );
  await w.service.close();
});

api('a restart with consumers attached: they resume by id, and receive a rescan', async () => {
  const store = new MemoryStore();
  const w = await world({ store });
  await make(w);
  w.touch('/usr/1', '/usr/2');
  const reader = new SseReader(await w.ask('GET', '/watchers/w/events?after=1', undefined, stream));
  await reader.until(() => reader.events.length === 1);
  w.source.change('/usr/3');
  await w.service.close();
  await reader.until(() => false);
  assert.equal(
    reader.events.map(({ id }) => Number(id)),
    [2, 3],
  );
  const again = await world({ store, now: () => 5 });
  again.touch('/usr/4');
  const items = (await body(again.ask('GET', '/watchers/w/events?after=2'))).items;
  assert.equal(
    items.map(({ id, action }: { id: string; action: string }) => [Number(id), action]),
    [
      [3, 'update'],
      [4, 'rescan'],
      [5, 'update'],
    ],
  );
  // The clock went backwards; the published times did not.
  const times = items.map(({ time }: { time: number }) => time);
  assert.equal(
    times,
    [...times].sort((a, b) => a - b),
  );
  await again.service.close();
});

api('200 clients × bursts: each receives all events, and each frame is encoded once', async () => {
  const w = await world();
  await make(w);
  const readers = await Promise.all(
    Array.from(
      { length: 200 },
      async () => new SseReader(await w.ask('GET', '/watchers/w/events', undefined, stream)),
    ),
  );
  await Promise.all(readers.map((reader) => reader.until((messages) => messages.length === 1)));
  for (let burst = 0; burst < 5; burst++) {
    for (let n = 0; n < 20; n++) w.source.change(`/usr/${burst}-${n}`);
    w.timers.advance(1000);
  }
  await Promise.all(readers.map((reader) => reader.until(() => reader.events.length === 100)));
  for (const reader of readers) assert.is(new Set(reader.events.map(({ id }) => id)).size, 100);
  await w.service.close();
});

api('the viewer of the document is found with and without a slash', async () => {
  const w = await world();
  const short = await w.ask('GET', '/docs');
  assert.equal([short.status, short.headers.get('location')], [308, '/docs/']);
  const page = await (await w.ask('GET', '/docs/')).text();
  const { paths } = (await (await w.ask('GET', '/openapi.json')).json()) as { paths: object };
  for (const path of Object.keys(paths)) assert.ok(page.includes(`<code>${path}</code>`), path);
  for (const part of ['name="viewport"', 'color-scheme: light dark']) assert.ok(page.includes(part), part);
  await w.service.close();
});

api('a full disk costs durability only; with room again all is written', async () => {
  const store = new MemoryStore();
  const w = await world({ store });
  await make(w);
  w.touch('/usr/1');
  store.failure = new Error('database or disk is full');
  w.touch('/usr/2');
  const health = await body(w.ask('GET', '/healthz'));
  assert.equal([health.status, health.store.cause], ['degraded', 'database or disk is full']);
  const anonymous = await body(w.app.request('/healthz', { headers: { host: '127.0.0.1' } }));
  assert.equal([anonymous.status, anonymous.store.cause], ['degraded', undefined]);
  assert.is((await body(w.ask('GET', '/watchers/w/events'))).items.length, 2);
  assert.match(await (await w.ask('GET', '/metrics')).text(), /shimfs_store_failing 1/);
  store.failure = undefined;
  w.touch('/usr/3');
  assert.equal(
    store.events('w').map(({ id }) => id),
    [1, 2, 3],
  );
  assert.is((await body(w.ask('GET', '/healthz'))).status, 'ok');
  await w.service.close();
});

api('states defer or drop, and are left when the connection ends', async () => {
  const w = await world();
  await make(w, { defer: ['build'] }, 'defers');
  await make(w, { drop: ['build'] }, 'drops');
  const state = await w.ask('POST', '/states', { name: 'build', path: '/usr' });
  assert.is(state.status, 200);
  assert.is((await w.ask('POST', '/states', { name: 'build', path: '/usr' })).status, 409);
  assert.is((await body(w.ask('GET', '/states'))).items.length, 1);
  w.touch('/usr/1', '/usr/1', '/usr/2');
  const actions = async (id: string): Promise<string[]> =>
    (await body(w.ask('GET', `/watchers/${id}/events`))).items.map(
      ({ action }: { action: string }) => action,
    );
  assert.equal(await actions('defers'), ['state-enter']);
  await state.body!.cancel();
  assert.equal(await actions('defers'), ['state-enter', 'state-leave', 'update', 'update']);
  assert.equal(await actions('drops'), ['state-enter', 'state-leave']);
  w.touch('/usr/3');
  assert.is((await actions('drops')).length, 3);
  await w.service.close();
});

api('a state is left by request, by its own token only, and its stream is kept alive', async () => {
  const w = await world();
  await make(w, { defer: ['build'] });
  const state = await w.ask('POST', '/states', { name: 'build', path: '/usr' });
  const reader = state.body!.getReader();
  const text = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value);
  assert.match(await text(), /^event: entered\n/);
  w.timers.advance(15_000);
  assert.is(await text(), ':\n\n');
  w.touch('/usr/1');
  assert.is((await w.ask('DELETE', '/states/build?path=/usr', undefined, narrow)).status, 404);
  assert.is((await w.ask('DELETE', '/states/build?path=/etc')).status, 404);
  assert.is((await w.ask('DELETE', '/states/build?path=/usr')).status, 204);
  assert.ok((await reader.read()).done);
  const { items } = await body(w.ask('GET', '/watchers/w/events'));
  assert.equal(
    items.map(({ action }: { action: string }) => action),
    ['state-enter', 'state-leave', 'update'],
  );
  assert.is((await w.ask('DELETE', '/states/build?path=/usr')).status, 404);
  // Nothing is sent to a stream that ended.
  w.timers.advance(15_000);
  await w.service.close();
});

api('PUT replaces the set of watchers, and leaves equal watchers alone', async () => {
  const w = await world();
  const tags = ['set:a'];
  const one = { path: '/usr', latencyMs: 0, tags };
  await make(w, {}, 'other');
  const put = async (watchers: object, query = '?tag=set:a') =>
    w.ask('PUT', `/watchers${query}`, { watchers });
  assert.equal(await body(put({ x: one, y: one })), {
    created: ['x', 'y'],
    replaced: [],
    unchanged: [],
    deleted: [],
  });
  const changed = { ...one, path: '/etc' };
  const next = await body(put({ x: one, y: changed, z: one }));
  assert.equal(next, { created: ['z'], replaced: ['y'], unchanged: ['x'], deleted: [] });
  assert.is((await body(put({ x: one, y: changed, z: one }))).unchanged.length, 3);
  assert.equal((await body(put({ z: one }))).deleted, ['x', 'y']);
  assert.ok(w.service.has('other'));
  const refusals: [object, string, number, string][] = [
    [{ x: { ...one, tags: [] } }, '?tag=set:a', 422, 'outside_selection'],
    [{ x: { path: 'relative' } }, '', 400, 'bad_request'],
    [{ 'no id!': one }, '', 400, 'bad_request'],
    [{ n: one, x: { ...one, path: '/not/here' } }, '?tag=set:a', 422, 'path_missing'],
  ];
  for (const [watchers, query, status, code] of refusals) {
    const answer = await put(watchers, query);
    assert.equal([answer.status, (await body(answer)).code], [status, code]);
    assert.equal([w.service.has('z'), w.service.has('n')], [true, false]);
  }
  const outside = await w.ask('PUT', '/watchers', { watchers: { y: changed } }, narrow);
  assert.is(outside.status, 403);
  assert.is(w.service.all().length, 2);
  assert.is((await put({}, '')).status, 200);
  assert.is(w.service.all().length, 0);
  await w.service.close();
});

api('old events go with time', async () => {
  const w = await world();
  await make(w, { retention: { seconds: 10 } });
  w.touch('/usr/1');
  w.timers.advance(11_000);
  const one = await body(w.ask('GET', '/watchers/w'));
  assert.equal([one.retained.events, one.least], [0, null]);
  assert.is((await w.ask('GET', '/watchers/w/events?after=0')).status, 410);
  await w.service.close();
});

api('the document, its viewer and the page come from here alone', async () => {
  const w = await world();
  const document = await body(w.ask('GET', '/openapi.json'));
  assert.is(document.openapi, '3.1.0');
  assert.equal(Object.keys(document.paths).sort(), [
    '/states',
    '/states/{name}',
    '/watchers',
    '/watchers/{id}',
    '/watchers/{id}/events',
  ]);
  for (const path of ['/', '/docs/']) {
    const answer = await w.ask('GET', path, undefined, { authorization: '' });
    assert.is(answer.status, 200, path);
    assert.not.match(await answer.text(), /https?:\/\//);
  }
  assert.is((await w.ask('GET', '/docs/package.json')).status, 404);
  await w.service.close();
});

api.run();
