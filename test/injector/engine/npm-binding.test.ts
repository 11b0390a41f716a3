/** The npm helper against a stand-in for npm's `frida`, which holds no process but speaks its interface. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EngineError } from '../../../injector/engine/frida-engine.ts';
import type { HelperEngine } from '../../../injector/engine/helper-engine.ts';
import { findNpmBinding, npmEngine } from '../../../injector/engine/npm-binding.ts';
import { EventLog, within } from './target.ts';

const STAND_IN = `
const signal = () => { const all = []; return { connect: (f) => all.push(f), emit: (...a) => all.forEach((f) => f(...a)) }; };
class Cancellable { #all = []; cancel() { for (const f of this.#all) f(); } onCancel(f) { this.#all.push(f); } }
async function attach(pid, options, cancellable) {
  if (options.exceptor !== 'off') throw new Error('exceptor is on');
  if (pid === 404) throw new Error('Unable to find process with pid 404');
  if (pid === 408) await new Promise((_, no) => cancellable.onCancel(() => no(new Error('Operation was cancelled'))));
  if (pid === 409) await new Promise(() => {});
  const detached = signal();
  return {
    detached,
    async detach() { detached.emit('application-requested', null); },
    async createScript(source, { runtime }) {
      if (source === 'bad') throw new SyntaxError('unexpected token');
      const message = signal();
      return {
        message, logHandler() {},
        async load() { message.emit({ type: 'send', payload: [pid, source, runtime] }); this.logHandler('info', 'loaded'); },
        async eternalize() {},
        post(value) { if (value === 'crash') detached.emit('process-terminated', { summary: 'SIGSEGV' });
          else message.emit({ type: 'send', payload: value }); },
      };
    },
  };
}
module.exports = { attach, Cancellable };
`;

const test = suite('npm binding');
const root = mkdtempSync(join(tmpdir(), 'shimfs-npm-'));
const from = pathToFileURL(join(root, 'index.js')).href;
const logged: string[] = [];
let engine: HelperEngine;

function install(source: string): void {
  const directory = join(root, 'node_modules', 'frida');
  mkdirSync(directory, { recursive: true });
  writeFileSync(
    join(directory, 'package.json'),
    '{ "name": "frida", "version": "1.2.3", "main": "./index.cjs" }',
  );
  writeFileSync(join(directory, 'index.cjs'), source);
}

const failure = (promise: Promise<unknown>): Promise<EngineError> =>
  within(
    promise.then(
      () => assert.unreachable('it should fail'),
      (error) => error as EngineError,
    ) as Promise<EngineError>,
    'a failure',
  );

test.before(() => {
  assert.is(findNpmBinding(from), undefined);
  install(STAND_IN);
  engine = npmEngine(
    { attachLimitMs: 300, onLog: (pid, level, text) => logged.push(`${pid} ${level} ${text}`) },
    from,
  );
});
test.after(async () => {
  await engine.close();
  rmSync(root, { recursive: true, force: true });
});

test('the helper has the same protocol as the Python helper', async () => {
  assert.equal(
    { ...(await engine.info()), helperPid: 0 },
    { adapter: 'npm', version: '1.2.3', helperPid: 0 },
  );
  const log = new EventLog();
  const script = await engine.inject(process.pid, { name: 's', source: 'good' }, log.sink);
  assert.equal((await log.take('message')).payload, [process.pid, 'good', 'qjs']);
  assert.equal(logged, [`${process.pid} info loaded`]);
  await script.post({ a: 1 });
  assert.equal((await log.take('message', 1)).payload, { a: 1 });
  await script.detach();
  assert.is((await log.take('detached')).reason, 'application-requested');
});

test("a crash is reported with the process's end", async () => {
  const log = new EventLog();
  const script = await engine.inject(process.pid, { name: 's', source: 'good' }, log.sink);
  await script.post('crash');
  assert.is((await log.take('detached')).reason, 'crash: SIGSEGV');
  assert.is((await failure(script.post(1))).code, 'no-such-process');
});

test('errors carry their codes', async () => {
  const inject = (pid: number, source: string) =>
    failure(engine.inject(pid, { name: 's', source }, () => {}));
  assert.is((await inject(404, 'good')).code, 'no-such-process');
  assert.is((await inject(process.pid, 'bad')).code, 'script');
  assert.is((await inject(408, 'good')).code, 'timeout');
  assert.is((await inject(409, 'good')).code, 'timeout', 'one that cannot even be cancelled');
});

test('a package that does not load is engine-missing, with its cause', async () => {
  install("throw new Error('no binary here')");
  const broken = npmEngine({}, from);
  const error = await failure(broken.info());
  assert.is(error.code, 'engine-missing');
  assert.match(error.message, 'no binary here');
});

test('a package that is not there is engine-missing', async () => {
  rmSync(join(root, 'node_modules'), { recursive: true });
  const error = await failure(npmEngine({}, from).info());
  assert.instance(error, EngineError);
  assert.is(error.code, 'engine-missing');
});

test.run();
