/** `shimfs fs import|export` */
import type { Copied } from '../control/tree-import.ts';
import type { AddCommand } from './fs-command.ts';
import { progress } from './output.ts';
import { type SessionContext, withSession } from './session-action.ts';

export function addTransfer(add: AddCommand): void {
  add(
    'import <directory> <path>',
    'Copy the contents of a real directory to a virtual directory: bytes, modes, times, links.',
    'shimfs fs import ./site /v/site --session demo',
  ).action(withSession(importDirectory));
  add(
    'export <path> <directory>',
    'Copy the contents of a virtual directory to a real directory: bytes, modes, times, links.',
    'shimfs fs export /v/site ./copy --session demo',
  ).action(withSession(exportDirectory));
}

async function importDirectory(
  { client, branch }: SessionContext,
  directory: string,
  path: string,
): Promise<void> {
  const { importTree } = await import('../control/tree-import.ts');
  await withProgress((onProgress) => importTree(client, directory, path, { branch, onProgress }));
}

async function exportDirectory(
  { client, branch }: SessionContext,
  path: string,
  directory: string,
): Promise<void> {
  const { exportTree } = await import('../control/tree-export.ts');
  await withProgress((onProgress) => exportTree(client, path, directory, { branch, onProgress }));
}

async function withProgress(copy: (onProgress: (copied: Copied) => void) => Promise<Copied>): Promise<void> {
  let now: Copied | undefined;
  const line = progress(() => `${now?.files} files, ${now?.bytes} bytes`);
  const { skipped } = await copy((copied) => {
    now = copied;
    line.tick();
  }).finally(() => line.end());
  for (const path of skipped)
    process.stderr.write(
      `shimfs: not copied, because it is not a file, directory or symbolic link: ${path}\n`,
    );
}
