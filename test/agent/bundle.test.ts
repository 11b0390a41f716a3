/** The pure part of the agent runs in QuickJS: its bundle must not mention anything that only Node has. */
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const ENTRY = fileURLToPath(new URL('../../agent/kqueue/kqueue-bridge.ts', import.meta.url));
const ABSENT = [
  ...['Buffer', 'TextEncoder', 'TextDecoder', 'queueMicrotask', 'structuredClone', 'process', 'require'],
  ...['setTimeout', 'setImmediate', 'globalThis', 'Atomics', 'BigInt64Array', 'URL', 'performance'],
];

const bundled = await build({
  entryPoints: [ENTRY],
  bundle: true,
  write: false,
  format: 'iife',
  globalName: 'agent',
  target: 'es2022',
  platform: 'neutral',
  // Comments are not checked.
  minifyWhitespace: true,
  minifySyntax: true,
  metafile: true,
});
const text = bundled.outputFiles[0]!.text;

const test = suite('agent bundle');

test('builds without warnings', () => assert.equal(bundled.warnings, []));

for (const name of ABSENT) {
  test(`does not mention ${name}`, () => assert.not(new RegExp(`\\b${name}\\b`).test(text)));
}

test('the check detects a global that is used', () => assert.ok(/\bDataView\b/.test(text)));

test('imports only the neutral modules of core', () => {
  const core = Object.keys(bundled.metafile.inputs).filter((path) => /(^|\/)core\//.test(path));
  const allowed = /core\/(layout|protocol|gate\/agent-abi|errors|events\/fs-event)\.ts$/;
  assert.equal(
    core.filter((path) => !allowed.test(path)),
    [],
  );
});

test('runs without any globals beyond the language’s', () => {
  const script = `${text}
    const signals = [];
    const watches = [];
    const bridge = new agent.KqueueBridge({
      lookupFd: (fd) => (fd === 5 ? { ino: 100 } : undefined),
      applyKernel: () => 0,
      watch: (ino, on) => watches.push([ino, on]),
      signal: (kq, pending) => signals.push([kq, pending]),
    });
    const list = new DataView(new ArrayBuffer(32));
    list.setUint32(0, 5, true);
    list.setInt16(8, -4, true);
    list.setUint16(10, 0x21, true);
    list.setUint32(12, 0x7f, true);
    const changed = bridge.changes(3, 0, list, 1, list, 1, 0);
    bridge.hostGone();
    const count = bridge.drain(3, 0, list, 0, 1);
    JSON.stringify([changed, watches, signals, count, list.getUint16(10, true), list.getUint32(12, true)]);`;
  assert.is(
    runInNewContext(script, Object.create(null)),
    JSON.stringify([
      0,
      [[100, true]],
      [
        [3, true],
        [3, false],
      ],
      1,
      0x8031,
      0x40,
    ]),
  );
});

test.run();
