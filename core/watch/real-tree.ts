/** The real filesystem as the inventory's Tree. */
import { lstatSync, readdirSync } from 'node:fs';
import type { ChangeType } from './change.ts';
import { type FileState, fileState, type Tree } from './inventory.ts';
import type { TreeEntry } from './scope.ts';

function look(path: string): FileState | undefined {
  try {
    return fileState(lstatSync(path, { bigint: true }));
  } catch {
    // Whatever the error, the file cannot be described.
    return undefined;
  }
}

function* list(dir: string, flat = false): Generator<TreeEntry> {
  let entries: import('node:fs').Dirent[];
  try {
    entries = readdirSync(dir, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries) {
    const path = dir === '/' ? `/${entry.name}` : `${dir}/${entry.name}`;
    let type: ChangeType = 'unknown';
    if (entry.isDirectory()) type = 'directory';
    else if (entry.isFile()) type = 'file';
    else if (entry.isSymbolicLink()) type = 'symlink';
    yield { path, type };
    if (type === 'directory' && !flat) yield* list(path);
  }
}

export const realTree: Tree = { look, list };
