import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EngineError } from '../../../injector/engine/frida-engine.ts';
import {
  type CommandResult,
  type CommandRunner,
  cacheDirectory,
  ensureVenv,
  explainPip,
  explainVenv,
  venvDirectory,
} from '../../../injector/engine/venv.ts';
import { within } from './target.ts';

const OK: CommandResult = { status: 0, output: '' };
const fails = (output: string): CommandResult => ({ status: 1, output });

/** A python3 that creates the directories of a real environment, and a pip with a given behaviour. */
class FakePython {
  readonly calls: string[] = [];
  pip: () => Promise<CommandResult> = async () => OK;

  readonly run: CommandRunner = async (_command, args) => {
    if (args.includes('pip')) {
      this.calls.push('pip');
      return this.pip();
    }
    this.calls.push('venv');
    const directory = args.at(-1)!;
    mkdirSync(join(directory, 'bin'), { recursive: true });
    writeFileSync(join(directory, 'bin', 'python'), '');
    return OK;
  };
}

const test = suite('private venv');
let cache: string;
let python: FakePython;
const quiet = () => {};
const options = () =>
  ({
    name: 'thing',
    packages: ['thing==1'],
    cacheDirectory: cache,
    run: python.run,
    onProgress: quiet,
  }) as const;
const entries = () => readdirSync(cache).filter((name) => !name.endsWith('.lock'));

async function failure(promise: Promise<unknown>): Promise<EngineError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.instance(error, EngineError, String(error));
  return error as EngineError;
}

test.before.each(() => {
  cache = join(mkdtempSync(join(tmpdir(), 'shimfs-venv-')), 'cache');
  python = new FakePython();
});
test.after.each(() => rmSync(join(cache, '..'), { recursive: true, force: true }));

test('is made once, private, and needs nothing afterwards', async () => {
  const lines: string[] = [];
  const first = await ensureVenv({ ...options(), onProgress: (line) => lines.push(line) });
  assert.ok(existsSync(first.python));
  assert.is(statSync(venvDirectory(options())).mode & 0o777, 0o700);
  assert.is(statSync(cache).mode & 0o777, 0o700);
  assert.match(lines[0], 'thing==1');
  assert.equal(await ensureVenv(options()), first);
  assert.equal(python.calls, ['venv', 'pip']);
});

test('other packages have another place, the order does not matter', () => {
  const place = (...packages: string[]) => venvDirectory({ ...options(), packages });
  assert.is(place('a==1', 'b==1'), place('b==1', 'a==1'));
  assert.is.not(place('a==1'), place('a==2'));
});

test('a failing pip leaves nothing, and the next try starts over', async () => {
  python.pip = async () => fails('ERROR: No matching distribution found for thing==1');
  const error = await failure(ensureVenv(options()));
  assert.is(error.code, 'engine-missing');
  assert.match(error.message, 'no build of thing==1');
  assert.equal(entries(), []);
  python.pip = async () => OK;
  assert.ok(existsSync((await ensureVenv(options())).python));
});

test('drafts of killed runs are cleared away', async () => {
  const draft = `${venvDirectory(options())}.draft-1`;
  mkdirSync(draft, { recursive: true });
  await ensureVenv(options());
  assert.not.ok(existsSync(draft));
});

test('concurrent callers wait for the first', async () => {
  const all = await Promise.all([
    ensureVenv(options()),
    ensureVenv(options()),
    ensureVenv(options()),
    ensureVenv(options()),
  ]);
  assert.is(new Set(all.map((venv) => venv.python)).size, 1);
  assert.equal(python.calls, ['venv', 'pip']);
});

test('a killed installation does not block the next', async () => {
  const module = fileURLToPath(new URL('../../../injector/engine/venv.ts', import.meta.url));
  const source = `import { ensureVenv } from ${JSON.stringify(module)};
    setInterval(() => {}, 1000);
    await ensureVenv({ name: 'thing', packages: ['thing==1'], cacheDirectory: ${JSON.stringify(cache)},
      onProgress() {}, run() { console.log('making'); return new Promise(() => {}); } });`;
  const maker = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await within(once(maker.stdout, 'data'), 'the other maker');
  const waiting = ensureVenv(options());
  maker.kill('SIGKILL');
  assert.ok(existsSync((await within(waiting, 'the lock')).python));
});

test('repair makes it anew', async () => {
  await ensureVenv(options());
  const mark = join(venvDirectory(options()), 'old');
  writeFileSync(mark, '');
  await ensureVenv({ ...options(), repair: true });
  assert.not.ok(existsSync(mark));
  assert.equal(python.calls, ['venv', 'pip', 'venv', 'pip']);
});

test('a missing python3 is reported by name', async () => {
  const run: CommandRunner = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOENT' }));
  const error = await failure(ensureVenv({ ...options(), run }));
  assert.match(error.message, /python3.*ENOENT/);
  assert.match(error.remedy, 'Install Python');
});

test('a cache directory that is a link is refused', async () => {
  mkdirSync(cache, { recursive: true });
  rmSync(cache, { recursive: true });
  writeFileSync(cache, 'a file');
  const error = await failure(ensureVenv(options()));
  assert.match(error.message, 'not a directory');
});

const words: [output: string, message: RegExp, remedy: RegExp][] = [
  ['NewConnectionError: Failed to establish a new connection', /cannot be reached/, /PIP_INDEX_URL/],
  ['ERROR: Could not find a version that satisfies', /no build/, /architectures/],
  ['OSError: [Errno 28] No space left on device', /no room/, /XDG_CACHE_HOME/],
  ['/x/python: No module named pip', /without pip/, /python3-pip/],
  ['WARNING: a\nERROR: something odd', /ERROR: something odd$/, /doctor/],
];
for (const [output, message, remedy] of words) {
  test(`pip prints: ${output.split('\n').at(-1)}`, () => {
    const error = explainPip(['x==1'], output);
    assert.match(error.message, message);
    assert.match(error.remedy, remedy);
  });
}

test('a Python without venv is distinguished from other failures', () => {
  assert.match(
    explainVenv('The virtual environment was not created: ensurepip is not available').remedy,
    'python3-venv',
  );
  assert.match(explainVenv('Error: [Errno 13] Permission denied').message, 'Permission denied');
});

test('XDG_CACHE_HOME counts when it is absolute', () => {
  assert.is(cacheDirectory({ XDG_CACHE_HOME: '/c' }), '/c/shimfs');
  assert.match(cacheDirectory({ XDG_CACHE_HOME: 'c' }), /\.cache\/shimfs$/);
});

test.run();
