import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseListen } from '../../../injector/service/listen.ts';
import { serve } from '../../../injector/service/server.ts';
import { SseReader } from './service-world.ts';

const real = suite<{ dir: string; store: string; tokenFile: string }>('shimfs serve');
real.before.each((context) => {
  context.dir = realpathSync(mkdtempSync(join(tmpdir(), 'shimfs-serve-')));
  context.store = join(context.dir, 'store.db');
  context.tokenFile = join(context.dir, 'tokens.json');
});
real.after.each(({ dir }) => rmSync(dir, { recursive: true, force: true }));

real('prints ready, reports a real directory, ends on SIGTERM; the next run resumes', async (context) => {
  const { dir, store, tokenFile } = context;
  const watched = join(dir, 'watched');
  mkdirSync(watched);
  const start = async () => {
    const args = [
      '--import',
      'tsx',
      'injector/cli/main.ts',
      'serve',
      '--store',
      store,
      '--token-file',
      tokenFile,
    ];
    const child = spawn(process.execPath, [...args, '--allow', watched], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(createInterface(child.stdout), 'line');
    assert.match(line, /^ready http:\/\/127\.0\.0\.1:\d+$/);
    const { token } = JSON.parse(readFileSync(tokenFile, 'utf8')).tokens[0];
    const ask = (path: string, init: RequestInit = {}) =>
      fetch(line.slice('ready '.length) + path, {
        ...init,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...init.headers },
      });
    const end = async () => {
      child.kill('SIGTERM');
      const [code] = await once(child, 'exit');
      assert.is(code, 0);
    };
    return { ask, end };
  };
  const first = await start();
  assert.is(statSync(tokenFile).mode & 0o777, 0o600);
  assert.is(
    (await first.ask('/watchers', { method: 'POST', body: JSON.stringify({ path: dir }) })).status,
    403,
  );
  const put = (id: string) =>
    first.ask(`/watchers/${id}`, { method: 'PUT', body: JSON.stringify({ path: watched, latencyMs: 10 }) });
  assert.equal([(await put('a')).status, (await put('b')).status], [201, 201]);
  assert.match(await (await first.ask('/metrics')).text(), /shimfs_system_watches 1\n/);
  const headers = { accept: 'text/event-stream' };
  const reader = new SseReader(await first.ask('/watchers/a/events', { headers }));
  await reader.until((messages) => messages.length === 1);
  writeFileSync(join(watched, 'file'), 'x');
  await reader.until(() => reader.events.length === 1);
  assert.is(JSON.parse(reader.events[0]!.data).path, join(watched, 'file'));
  await first.end();
  const second = await start();
  const { items } = (await (await second.ask('/watchers/a/events?after=0')).json()) as {
    items: { action: string }[];
  };
  assert.is(items[0]!.action, 'create');
  assert.is(items.at(-1)!.action, 'rescan');
  await second.end();
});

real('refuses to bind elsewhere without tokens, and token files that others read', async (context) => {
  const { store, tokenFile } = context;
  const refused = async (listen: string): Promise<string> => {
    try {
      await (await serve({ listen, store, tokenFile })).close();
      return 'served';
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.match(await refused('0.0.0.0:0'), /will not listen on 0\.0\.0\.0 without tokens/);
  assert.not.ok(existsSync(tokenFile));
  assert.is(await refused('127.0.0.1:0'), 'served');
  assert.is(await refused('0.0.0.0:0'), 'served');
  chmodSync(tokenFile, 0o644);
  assert.match(await refused('127.0.0.1:0'), /other users may access/);
  writeFileSync(tokenFile, '{}');
  chmodSync(tokenFile, 0o600);
  assert.match(await refused('127.0.0.1:0'), /another format than expected/);
});

real('reports none of its own files', async ({ dir, store, tokenFile }) => {
  const running = await serve({ store, tokenFile });
  const { token } = JSON.parse(readFileSync(tokenFile, 'utf8')).tokens[0];
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ path: dir, latencyMs: 10 });
  await fetch(`${running.url}/watchers/a`, { method: 'PUT', headers, body });
  const reader = new SseReader(
    await fetch(`${running.url}/watchers/a/events?after=0`, {
      headers: { ...headers, accept: 'text/event-stream' },
    }),
  );
  // The second is written after the first was stored: the store's own change would stand between.
  for (const name of ['one', 'two']) {
    writeFileSync(join(dir, name), 'x');
    await reader.until(() => reader.events.some(({ data }) => data.includes(`/${name}`)));
  }
  for (const { data } of reader.events) assert.not.match(data, /store\.db/);
  await running.close();
});

real('an invalid sync interval', async ({ store, tokenFile }) => {
  for (const syncInterval of [0, 61, 1.5]) {
    const said = await serve({ store, tokenFile, syncInterval }).then(
      () => 'served',
      (error: Error) => error.message,
    );
    assert.is(said, `'${syncInterval}' is not a sync interval`);
  }
  assert.not.ok(existsSync(tokenFile), 'refused before anything is made');
});

real('addresses', () => {
  assert.equal(parseListen('[::1]:80'), { host: '::1', port: 80 });
  for (const bad of ['', '80', '127.0.0.1', 'a:99999', '[x]:1', '::1:80'])
    assert.throws(() => parseListen(bad), /not an address/, bad);
});

real.run();
