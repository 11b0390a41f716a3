/** The documents: links and suites that they name exist, and their TypeScript compiles. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PACKAGE_ROOT } from '../injector/package-root.ts';

const at = (...parts: string[]): string => join(PACKAGE_ROOT, ...parts);
const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'],
  ...readdirSync(at('docs')).map((name) => `docs/${name}`),
].filter((page) => page.endsWith('.md'));

const documents = suite('documents');

for (const page of pages) {
  const text = readFileSync(at(page), 'utf8');
  documents(`${page}: links and paths lead somewhere`, () => {
    for (const [, target] of text.matchAll(/\]\(([^)#]+)\)/g))
      if (!/^https?:/.test(target!)) assert.ok(existsSync(join(dirname(at(page)), target!)), target);
    for (const [, path] of text.matchAll(/`((?:core|agent|injector|test|fixtures|docs)\/[\w./-]+\.\w+)`/g))
      assert.ok(existsSync(at(path!)), path);
  });
}

documents('the README is short', () => {
  assert.ok(readFileSync(at('README.md'), 'utf8').split('\n').length <= 131);
});

documents('each difference names a suite that exists', () => {
  const text = readFileSync(at('docs', 'differences.md'), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| difference'));
  assert.ok(rows.length > 40);
  for (const row of rows) {
    const shown = row.split('|').at(-2)!.trim();
    const suites = [...shown.matchAll(/`([\w-]+(?:\/[\w-]+)+)`/g)].map(([, name]) => name!);
    assert.ok(suites.length > 0 || /not tested/.test(shown), row);
    for (const name of suites) assert.ok(existsSync(at('test', `${name}.test.ts`)), name);
  }
});

documents('the examples in TypeScript compile', () => {
  const directory = mkdtempSync(at('test', '.examples-'));
  try {
    const files = pages.flatMap((page) =>
      [...readFileSync(at(page), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code], i) => {
        const file = join(directory, `${page.replaceAll('/', '-')}-${i}.ts`);
        writeFileSync(file, `${code}\nexport {};\n`);
        return file;
      }),
    );
    assert.ok(files.length >= 4);
    const program = ts.createProgram(files, {
      noEmit: true,
      strict: true,
      skipLibCheck: true,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
      types: ['node'],
      allowImportingTsExtensions: true,
      paths: {
        shimfs: [at('injector', 'index.ts')],
        'shimfs/watch': [at('core', 'watch', 'index.ts')],
      },
    });
    const errors = ts
      .getPreEmitDiagnostics(program)
      .filter(({ file }) => file?.fileName.startsWith(directory))
      .map(
        ({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
      );
    assert.equal(errors, []);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
documents.run();
