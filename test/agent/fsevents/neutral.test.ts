/** Streams run in QuickJS: their bundle must not mention anything that only Node has. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const at = (path: string): string =>
  fileURLToPath(new URL(`../../../agent/fsevents/${path}`, import.meta.url));
const ABSENT = [
  ...['Buffer', 'TextEncoder', 'TextDecoder', 'queueMicrotask', 'structuredClone', 'process', 'require'],
  ...['setTimeout', 'setImmediate', 'Date', 'Atomics', 'URL', 'performance', 'NativePointer', 'Memory'],
];

const { outputFiles, metafile, warnings } = await build({
  stdin: {
    contents: `export * from '${at('streams.ts')}'; export * from '${at('records.ts')}';`,
    resolveDir: at('.'),
  },
  bundle: true,
  write: false,
  format: 'iife',
  globalName: 'agent',
  target: 'es2022',
  platform: 'neutral',
  minifyWhitespace: true,
  minifySyntax: true,
  metafile: true,
});
const text = outputFiles[0]!.text;

const test = suite('streams without Node');
test('builds without warnings', () => assert.equal(warnings, []));
for (const name of ABSENT)
  test(`does not mention ${name}`, () => assert.not(new RegExp(`\\b${name}\\b`).test(text)));
test('the check detects a global that is used', () => assert.ok(/\bDataView\b/.test(text)));
test('imports only the neutral modules of core', () => {
  const core = Object.keys(metafile.inputs).filter((path) => /(^|\/)core\//.test(path));
  assert.equal(
    core.filter(
      (path) => !/core\/(layout|protocol|gate\/agent-abi|events\/(fs-event|subtree-index))\.ts$/.test(path),
    ),
    [],
  );
});
test.run();
