/** Real directories for the overlay's tests, and their contents. */
import { createHash } from 'node:crypto';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const made: string[] = [];
process.once('exit', () => {
  for (const path of made) rmSync(path, { recursive: true, force: true });
});

/** An empty directory that is removed at the end of the process. */
export function directory(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'shimfs-overlay-')));
  made.push(path);
  return path;
}

/** Files by relative path: text, or `{to}` a symbolic link, or `{same}` another name of a file; a path ending in `/`. */
export type Plan = Readonly<Record<string, string | { readonly to: string } | { readonly same: string }>>;

export function planted(plan: Plan): string {
  const root = directory();
  plant(root, plan);
  return root;
}

export function plant(root: string, plan: Plan): void {
  for (const [name, what] of Object.entries(plan)) {
    const path = join(root, name);
    mkdirSync(name.endsWith('/') ? path : dirname(path), { recursive: true });
    if (name.endsWith('/')) continue;
    if (typeof what === 'string') writeFileSync(path, what);
    else if ('to' in what) symlinkSync(what.to, path);
    else linkSync(join(root, what.same), path);
  }
}

/** The reading part of `fs`: Node's own, or a view of a core. */
export interface Reader {
  lstatSync(path: string): { mode: number; size: number; isDirectory(): boolean; isSymbolicLink(): boolean };
  readdirSync(path: string): unknown[];
  readFileSync(path: string): unknown;
  readlinkSync(path: string): unknown;
}
const REAL: Reader = { lstatSync, readdirSync, readFileSync, readlinkSync };

/** One line for each file: name, mode, contents. */
export function tree(root: string, fs: Reader = REAL): string[] {
  const lines: string[] = [];
  const visit = (path: string): void => {
    for (const name of (fs.readdirSync(path || root) as string[]).sort()) {
      const at = join(path || root, name);
      const stat = fs.lstatSync(at);
      const what = stat.isDirectory()
        ? 'directory'
        : stat.isSymbolicLink()
          ? `-> ${fs.readlinkSync(at)}`
          : JSON.stringify(String(fs.readFileSync(at)));
      lines.push(`${at.slice(root.length + 1)} ${(stat.mode & 0o7777).toString(8)} ${what}`);
      if (stat.isDirectory()) visit(at);
    }
  };
  visit('');
  return lines;
}

/** Everything that a write would change: contents, modes, owners, inodes and change times. */
export function fingerprint(root: string): string {
  const hash = createHash('sha256');
  const visit = (path: string): void => {
    const s = lstatSync(path, { bigint: true });
    hash.update(
      `${path} ${s.ino} ${s.mode} ${s.uid} ${s.gid} ${s.nlink} ${s.size} ${s.mtimeNs} ${s.ctimeNs}\n`,
    );
    if (s.isSymbolicLink()) hash.update(readlinkSync(path));
    else if (s.isFile()) hash.update(readFileSync(path));
    else if (s.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
  };
  visit(root);
  return hash.digest('hex');
}
