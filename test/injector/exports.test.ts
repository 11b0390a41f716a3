/** The exports of `package.json` are the build's outputs, code and types. */
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BUNDLES, TYPED } from '../../injector/build.ts';
import { packageFile } from '../../injector/package-root.ts';

const exported = suite('exports');
const { exports: given, bin } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as {
  exports: Record<string, { types: string; default: string }>;
  bin: Record<string, string>;
};
const bundleOf = (file: string): string | undefined =>
  BUNDLES[file.replace(/^(\.\/)?dist\//, '').replace(/\.js$/, '')];

for (const [name, { types, default: code }] of Object.entries(given))
  exported(`shimfs${name.slice(1)} has code and types, from the same source`, () => {
    const source = types.replace(/^\.\/dist\//, '').replace(/\.d\.ts$/, '.ts');
    assert.ok(TYPED.includes(source), `${source} is not in TYPED`);
    assert.is(bundleOf(code), source);
  });

exported('the command', () => assert.is(bundleOf(bin.shimfs!), 'injector/cli/main.ts'));

exported('replication for users has the attributes of the system', async () => {
  const [ours, pure] = await Promise.all([
    import('../../injector/replicate.ts'),
    import('../../core/replicate/index.ts'),
  ]);
  for (const name of Object.keys(pure)) assert.ok(name in ours, name);
  assert.is.not(ours.directoryTarget, pure.directoryTarget);
  assert.is.not(ours.directoryOrigin, pure.directoryOrigin);
});

exported.run();
