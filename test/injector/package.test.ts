/** The contents and the dependencies of the package that `npm pack` creates. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PACKAGE_ROOT, packageFile } from '../../injector/package-root.ts';

const shipped = suite('the package');

shipped('contains everything to run and to compile the gate, and no build output of the fixtures', () => {
  const packed = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: PACKAGE_ROOT,
    encoding: 'utf8',
  });
  assert.is(packed.status, 0, packed.stderr);
  const [{ files }] = JSON.parse(packed.stdout) as [{ files: { path: string }[] }];
  const paths = files.map(({ path }) => path);
  for (const wanted of [
    'README.md',
    'LICENSE',
    'agent/gate/session.c',
    'injector/engine/bridge.py',
    'fixtures/build.ts',
  ])
    assert.ok(paths.includes(wanted), `${wanted} is missing`);
  assert.equal(
    paths.filter(
      (path) => path.startsWith('fixtures/build/') || path.endsWith('.map') || path.startsWith('test/'),
    ),
    [],
  );
});

interface Locked {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly peer?: boolean;
  readonly hasInstallScript?: boolean;
  readonly engines?: { readonly node?: string } | readonly string[];
  readonly license?: string;
}

const { packages } = JSON.parse(readFileSync(packageFile('package-lock.json'), 'utf8')) as {
  packages: Record<string, Locked>;
};
const installed = Object.entries(packages).filter(([name, one]) => name !== '' && !one.dev && !one.peer);

shipped('installs nothing that reports home', () => {
  assert.equal(
    installed.map(([name]) => name).filter((name) => /@scarf\//.test(name)),
    [],
  );
});

/** They compile or choose a binary that is part of the package, and fetch nothing. */
const SCRIPTS_READ = ['node_modules/@parcel/watcher', 'node_modules/koffi'];

shipped('installs only packages whose install scripts have been read', () => {
  const scripts = installed.filter(([, one]) => one.hasInstallScript).map(([name]) => name);
  assert.equal(scripts.sort(), SCRIPTS_READ);
});

shipped('installs only licences that allow it', () => {
  const allowed =
    /^\(?(MIT|Apache-2\.0|BSD-[23]-Clause|ISC|0BSD|BlueOak-1\.0\.0|Unlicense|CC0-1\.0|Python-2\.0|MIT-0)( OR .*)?\)?$/;
  assert.equal(
    installed
      .filter(([, one]) => one.license !== undefined && !allowed.test(one.license))
      .map(([name, one]) => `${name}: ${one.license}`),
    [],
  );
});

shipped('runs on the oldest Node that it names', () => {
  const tooNew = installed.filter(([, one]) => {
    const node =
      one.engines && !Array.isArray(one.engines) ? (one.engines as { node?: string }).node : undefined;
    // Every range that names a lower bound below 20.19, or 20 itself, will do.
    return node !== undefined && !/(^|\|\|)\s*(\*|[\^>=~ ]*v?(1?\d|20)(\.[\dx.]*)?)(\s|$|\.|\|)/.test(node);
  });
  assert.equal(
    tooNew.map(([name, one]) => `${name}: ${JSON.stringify(one.engines)}`),
    [],
  );
});
shipped.run();
