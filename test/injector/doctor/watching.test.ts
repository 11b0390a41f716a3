/** The doctor's checks of watching, on this machine and by real injection. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildAgent } from '../../../injector/build.ts';
import { fail, warn } from '../../../injector/doctor/check.ts';
import { hookedNames, WATCH_NAMES } from '../../../injector/doctor/hooked-names.ts';
import { checkHooks, checkSystem, checksOf, checkWatching } from '../../../injector/doctor/watching.ts';
import '../../support/session.ts';

const test = suite('doctor: watching');

const row = (received: string) => ({
  change: 'a change',
  expected: { kqueue: 'file WRITE', fsevents: 'Modified f' },
  received: { kqueue: received, fsevents: 'Modified f' },
  latencyMs: 1,
  ok: received === 'file WRITE',
});

test('a column with other events fails, and lists them', () => {
  const [kqueue, fsevents] = checksOf('tree', [row('file WRITE'), row('file ATTRIB')], fail, 'look');
  assert.equal([kqueue!.name, kqueue!.status, kqueue!.remedy], ['tree: kqueue', 'fail', 'look']);
  assert.match(kqueue!.detail, 'other events for 1 of 2 changes: a change: file ATTRIB, not file WRITE');
  assert.is(fsevents!.status, 'ok');
  assert.is(checksOf('tree', [row('x')], warn, 'look')[0]!.status, 'warn');
});

test('on macOS every function of the interposing table is asked for', () => {
  const names = hookedNames('darwin');
  assert.ok(names.length > 120, `${names.length} names`);
  for (const name of ['open', 'open$NOCANCEL', 'kevent', 'dispatch_source_create', 'FSEventStreamCreate'])
    assert.ok(names.includes(name), name);
  assert.is(new Set(names).size, names.length);
  assert.is(WATCH_NAMES.filter((name) => name.startsWith('FSEvent')).length, 22);
});

test('every hooked function is the gate’s, and other functions are reported', async () => {
  const good = await checkHooks();
  assert.is(good.status, 'ok', good.detail);
  const bad = await checkHooks(['kevent', 'puts', 'no_such_function']);
  assert.is(bad.status, 'fail');
  assert.match(bad.detail, /gate's version of 2 of 3 functions: puts \(\/.*\), no_such_function \(-\)$/);
});

test('watchers of each kind receive the expected events on a virtual tree', async () => {
  await buildAgent();
  const checks = await checkWatching();
  assert.ok(Array.isArray(checks), JSON.stringify(checks));
  assert.equal(
    checks.map(({ name, status, detail }) => [name, status, status === 'ok' ? '' : detail]),
    ['kqueue', 'Dispatch', 'FSEvents', 'another branch'].map((one) => [`virtual tree: ${one}`, 'ok', '']),
  );
});

test('and so they do on a real directory', async () => {
  const checks = await checkSystem();
  const what = process.platform === 'darwin' ? 'macOS itself' : 'stand-in';
  assert.equal(
    checks.map(({ name, status, detail }) => [name, status, status === 'ok' ? '' : detail]),
    ['kqueue', 'Dispatch', 'FSEvents'].map((one) => [`${what}: ${one}`, 'ok', '']),
  );
});

test.run();
