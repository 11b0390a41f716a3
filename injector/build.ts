/** `npm run build`: command and library under dist/, the agent as a single script, and the types. */
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { PACKAGE_ROOT } from './package-root.ts';

const at = (...parts: string[]): string => join(PACKAGE_ROOT, ...parts);

/**
 * Tests use it, too, so that they inject the present sources. Written beside its place and renamed: a host may read the
 * script while another process builds it, and half a script loads without an error and never answers.
 */
export async function buildAgent(outfile: string = at('dist', 'agent', 'agent.js')): Promise<void> {
  const draft = `${outfile}.draft-${process.pid}`;
  await build({
    entryPoints: [at('agent', 'main.ts')],
    outfile: draft,
    bundle: true,
    format: 'iife',
    target: 'es2022',
    // QuickJS has neither Node's globals nor its modules: a stray import fails here.
    platform: 'neutral',
    logLevel: 'warning',
  });
  renameSync(draft, outfile);
}

/** Entry points: path under dist/ without `.js`, and source. */
export const BUNDLES: Readonly<Record<string, string>> = {
  'injector/cli/main': 'injector/cli/main.ts',
  'injector/index': 'injector/index.ts',
  'core/index': 'core/index.ts',
  'core/watch/index': 'core/watch/index.ts',
  'injector/replicate': 'injector/replicate.ts',
  'injector/engine/npm-bridge': 'injector/engine/npm-bridge.ts',
  'fixtures/build': 'fixtures/build.ts',
};

/** Entry points with declarations. */
export const TYPED = ['injector/index.ts', 'injector/replicate.ts', 'core/index.ts', 'core/watch/index.ts'];

/** @param outdir inside the package: the built code finds the package's files from there */
export async function buildCommand(outdir: string = at('dist')): Promise<void> {
  await build({
    entryPoints: Object.fromEntries(Object.entries(BUNDLES).map(([name, file]) => [name, at(file)])),
    outdir,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    target: 'node20.19',
    platform: 'node',
    logLevel: 'warning',
  });
  const main = join(outdir, 'injector', 'cli', 'main.js');
  const text = readFileSync(main, 'utf8');
  if (!text.startsWith('#!')) writeFileSync(main, `#!/usr/bin/env node\n${text}`);
  chmodSync(main, 0o755);
}

/** The package's entry points as a program, with options for declarations: these leave out members marked `@internal`. */
export async function typedProgram(): Promise<import('typescript').Program> {
  const { default: ts } = await import('typescript');
  const { config } = ts.readConfigFile(at('tsconfig.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, PACKAGE_ROOT);
  return ts.createProgram(
    TYPED.map((file) => at(file)),
    {
      ...options,
      outDir: at('dist'),
      sourceMap: false,
      declaration: true,
      emitDeclarationOnly: true,
      stripInternal: true,
    },
  );
}

if (process.argv[1] === at('injector', 'build.ts')) {
  rmSync(at('dist'), { recursive: true, force: true });
  await Promise.all([buildAgent(), buildCommand()]);
  // Errors in types are reported by `npm run types`.
  (await typedProgram()).emit();
}
