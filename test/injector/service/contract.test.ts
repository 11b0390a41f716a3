/**
 * The service behaves as its document says: schemathesis generates valid and invalid requests from the document, for a
 * running service.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { EngineError } from '../../../injector/engine/frida-engine.ts';
import { ensureVenv } from '../../../injector/engine/venv.ts';
import { type RunningService, serve } from '../../../injector/service/server.ts';

const TOKEN = 'contract-token-contract-token';
/** Requests for each operation and phase. */
const EXAMPLES = 5;
/** More than it ever takes: a service that hangs ends the test. */
const LIMIT_MS = 120_000;

/** The state's answer has no end by design; its own tests are elsewhere. */
const LEFT_OUT = ['--exclude-operation-id', 'enterState'];

const python = await ensureVenv({ name: 'schemathesis', packages: ['schemathesis==4.32.5'] }).then(
  (venv) => venv.python,
  (error: EngineError) => {
    console.log(`skipped: contract tests: ${error.message} ${error.remedy}`);
    return '';
  },
);

const contract = suite<{ dir: string; running: RunningService }>('contract');
contract.before.each(async (context) => {
  context.dir = realpathSync(mkdtempSync(join(tmpdir(), 'shimfs-contract-')));
  for (const name of ['watched', 'watched/a', 'watched/b']) mkdirSync(join(context.dir, name));
  const tokenFile = join(context.dir, 'tokens.json');
  const tokens = [{ name: 'contract', token: TOKEN, scopes: [join(context.dir, 'watched')] }];
  writeFileSync(tokenFile, JSON.stringify({ tokens }), { mode: 0o600 });
  context.running = await serve({ store: join(context.dir, 'store.db'), tokenFile });
});
contract.after.each(async ({ dir, running }) => {
  await running.close();
  rmSync(dir, { recursive: true, force: true });
});

/** @returns its output */
async function schemathesis(
  dir: string,
  args: readonly string[],
): Promise<{ status: number | null; said: string }> {
  const config = join(dir, 'schemathesis.toml');
  // 422: rules that the document cannot express, such as a missing path. 410: an old cursor.
  writeFileSync(
    config,
    '[checks.positive_data_acceptance]\nexpected-statuses = ["2xx", 403, 404, 409, 410, 422, 429]\n',
  );
  const child = spawn(
    python,
    [
      ...['-I', '-m', 'schemathesis.cli', '--config-file', config, 'run', ...args, ...LEFT_OUT],
      ...['-H', `Authorization: Bearer ${TOKEN}`, '--seed', '1', '--generation-deterministic'],
      ...['--max-examples', `${EXAMPLES}`, '--no-shrink', '--no-color'],
      ...['--request-timeout', '60', '--suppress-health-check', 'all', '--warnings', 'off'],
    ],
    { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS },
  );
  let said = '';
  child.stdout.on('data', (text) => (said += text));
  child.stderr.on('data', (text) => (said += text));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, said };
}

const requests = (said: string): number => Number(/(\d+) generated/.exec(said)?.[1] ?? 0);

contract('right and wrong requests of all kinds are answered as documented', async ({ dir, running }) => {
  const { status, said } = await schemathesis(dir, [`${running.url}/openapi.json`]);
  assert.is(status, 0, said);
  assert.ok(requests(said) > 200, said);
});

contract('sequences of valid requests about existing watchers', async ({ dir, running }) => {
  const document = (await (await fetch(`${running.url}/openapi.json`)).json()) as object;
  // Few names and paths, so that requests meet the watchers of earlier requests.
  const narrow = JSON.parse(
    JSON.stringify(document, (key, value) => {
      if (key !== 'pattern') return value;
      if (value === '^[A-Za-z0-9_.-]{1,64}$') return '^([wxy]|[0-9a-f-]{36})$';
      if (String(value).startsWith('^\\/')) return `^${join(dir, 'watched')}(/a|/b|/none)?$`;
      if (String(value).startsWith('^session:')) return '^session:none$';
      return value;
    }),
  );
  assert.not.equal(narrow, document);
  for (const one of JSON.stringify(narrow).matchAll(/"example":"(\/[^"]*)"/g))
    assert.is(one[1], '/home/me/project');
  const file = join(dir, 'openapi.json');
  writeFileSync(file, JSON.stringify(narrow).replaceAll('/home/me/project', join(dir, 'watched')));
  const { status, said } = await schemathesis(dir, [file, '--url', running.url, '--mode', 'positive']);
  assert.is(status, 0, said);
  const { token } = JSON.parse(readFileSync(join(dir, 'tokens.json'), 'utf8')).tokens[0];
  const metrics = await fetch(`${running.url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  assert.is(metrics.status, 200);
});

if (python) contract.run();
