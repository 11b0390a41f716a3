import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findNpmBinding } from '../../../injector/engine/npm-binding.ts';
import { describeEngines, openEngine } from '../../../injector/engine/select.ts';
import type { CommandRunner } from '../../../injector/engine/venv.ts';

const test = suite('engine selection');

for (const prefer of ['auto', 'python'] as const) {
  test(`${prefer} gives an engine that runs`, async () => {
    const engine = await openEngine({ prefer });
    const { adapter } = await engine.info();
    assert.is(adapter, prefer === 'auto' && findNpmBinding() ? 'npm' : 'python');
    await engine.close();
  });
}

test('an engine that is never used starts nothing', async () => {
  const engine = await openEngine({ prefer: 'npm' });
  await engine.close();
});

test('each adapter is described, with a remedy where it cannot be used', async () => {
  const absent: CommandRunner = () => Promise.reject(new Error('no python3'));
  const engines = await describeEngines(absent);
  assert.equal(
    engines.map(({ adapter }) => adapter),
    ['npm', 'python'],
  );
  for (const { state, remedy } of engines) assert.is(remedy !== undefined, state === 'missing');
});

test.run();
