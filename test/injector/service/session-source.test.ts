import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openOwnSession } from '../../../injector/run/own-session.ts';
import { SELF } from '../../support/self.ts';
import { SseReader, world } from './service-world.ts';

const session = suite('watchers of a session');

session('tell what happens in a branch, and fail aloud when the host goes', async () => {
  const name = `service-${process.pid}`;
  const host = await openOwnSession(name, { mounts: ['/v'] });
  const { systemTimers } = await import('../../../core/watch/index.ts');
  const w = await world({ timers: systemTimers });
  const definition = { path: '/v', source: `session:${name}`, latencyMs: 1 };
  const made = await w.ask('PUT', '/watchers/s', definition);
  assert.is(made.status, 201, await made.clone().text());
  const accept = { accept: 'text/event-stream' };
  const reader = new SseReader(await w.ask('GET', '/watchers/s/events', undefined, accept));
  await reader.until((messages) => messages.length === 1);
  const view = host.core.view('main', { ...SELF, umask: 0 });
  view.mkdir({ path: '/v/d' });
  await reader.until(() => reader.events.length === 1);
  view.rename({ path: '/v/d' }, { path: '/v/e' });
  await reader.until(() => reader.events.length === 2);
  const told = reader.events.map(({ data }) => JSON.parse(data));
  assert.equal(
    told.map(({ action, path, from }) => [action, path, from]),
    [
      ['create', '/v/d', undefined],
      ['rename', '/v/e', '/v/d'],
    ],
  );
  await host.close();
  await reader.until(() => reader.events.length === 3);
  assert.is(JSON.parse(reader.events[2]!.data).action, 'error');
  assert.is(w.service.get('s').status, 'failed');
  await w.service.close();
});

session.run();
