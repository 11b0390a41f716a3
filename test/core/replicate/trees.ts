/** Trees to compare, and contents that show whether they are complete. */
import type * as real from 'node:fs';

export type Fs = Pick<
  typeof real,
  | 'chmodSync'
  | 'linkSync'
  | 'lstatSync'
  | 'mkdirSync'
  | 'readFileSync'
  | 'readdirSync'
  | 'readlinkSync'
  | 'renameSync'
  | 'rmSync'
  | 'symlinkSync'
  | 'utimesSync'
  | 'writeFileSync'
>;

/** `length:xxx…:end` */
export const whole = (seed: number, length: number): string =>
  `${length}:${String.fromCharCode(97 + (seed % 26)).repeat(length)}:end`;

export function isWhole(text: string): boolean {
  const colon = text.indexOf(':');
  return text.endsWith(':end') && text.length === colon + 1 + Number(text.slice(0, colon)) + 4;
}

/**
 * Path, type, mode, mtime in milliseconds, content or link of everything below `root`, as lines.
 *
 * @param ties also show which names belong to one file
 */
export function picture(fs: Fs, root: string, skip: readonly string[] = [], ties = true): string[] {
  const lines: string[] = [];
  /** The first name of each file. */
  const first = new Map<number, string>();
  const walk = (dir: string, short: string): void => {
    for (const name of (fs.readdirSync(dir) as string[]).sort()) {
      if (skip.includes(name)) continue;
      const path = dir === '/' ? `/${name}` : `${dir}/${name}`;
      const at = `${short}/${name}`;
      const stats = fs.lstatSync(path);
      const mode = (stats.mode & 0o7777).toString(8);
      const time = Math.round(stats.mtimeMs);
      if (stats.isSymbolicLink()) lines.push(`${at} -> ${fs.readlinkSync(path)} ${time}`);
      else if (stats.isDirectory()) {
        lines.push(`${at}/ ${mode} ${time}`);
        walk(path, at);
      } else {
        const other = first.get(stats.ino);
        first.set(stats.ino, other ?? at);
        const tie = other === undefined || !ties ? '' : ` = ${other}`;
        lines.push(`${at} ${mode} ${time} ${String(fs.readFileSync(path)).slice(0, 24)}${tie}`);
      }
    }
  };
  walk(root, '');
  return lines;
}

export interface Step {
  readonly kind: 'write' | 'mkdir' | 'rename' | 'rm' | 'chmod' | 'symlink' | 'utimes' | 'link' | 'append';
  readonly path: string;
  readonly other: string;
  readonly seed: number;
}

/** Does what is possible: steps that the tree does not permit do nothing. */
export function attempt(fs: Fs, root: string, { kind, path, other, seed }: Step): void {
  const at = `${root}${path}`;
  const to = `${root}${other}`;
  try {
    if (kind === 'write') fs.writeFileSync(at, whole(seed, seed % 50));
    else if (kind === 'append') fs.writeFileSync(at, whole(seed, 50 + (seed % 7)));
    else if (kind === 'mkdir') fs.mkdirSync(at);
    else if (kind === 'rename') fs.renameSync(at, to);
    else if (kind === 'rm') fs.rmSync(at, { recursive: true });
    else if (kind === 'chmod') {
      // Only root could replicate a directory that its owner may not enter.
      const enter = fs.lstatSync(at).isDirectory() ? 0o700 : 0;
      fs.chmodSync(at, [0o600, 0o755, 0o700, 0o444][seed % 4]! | enter);
    } else if (kind === 'symlink') fs.symlinkSync(other, at);
    else if (kind === 'utimes') fs.utimesSync(at, seed, seed);
    else fs.linkSync(at, to);
  } catch (error) {
    if ((error as { code?: string }).code === undefined) throw error;
  }
}

/** Few names, so that steps interact. */
export const PATHS = ['/a', '/b', '/a/a', '/a/b', '/b/a', '/b/b', '/a/a/x', '/b/a/x'];
