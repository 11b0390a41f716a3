/** Helpers of the core's tests. */

import type { Caller, FsView } from '../../core/index.ts';
import { Detail, FsCore, type FsCoreConfig, FsError, type FsEvent, kindName } from '../../core/index.ts';

export const ROOT: Caller = { pid: 1, uid: 0, gid: 0, umask: 0o022 };

/** A core with a clock that ticks a millisecond at each reading, its events, and root's view of main. */
export function setup(config: FsCoreConfig = {}) {
  let ticks = 0n;
  const clock = () => 1_700_000_000_000_000_000n + ticks++ * 1_000_000n;
  const core = new FsCore({ clock, owner: { uid: 0, gid: 0 }, ...config });
  const events: FsEvent[] = [];
  core.subscribe((event) => events.push(event));
  return { core, events, view: core.view('main', ROOT) };
}

/** Text files and directories (a path that ends in `/`), parents first. */
export function plant(view: FsView, paths: readonly string[]): void {
  for (const path of paths) {
    if (path.endsWith('/')) view.mkdir({ path });
    else put(view, path, path);
  }
}

const O_CREAT_WRONLY = 0o101;

export function put(view: FsView, path: string, text: string): number {
  const { ino } = view.openLocal({ path }, O_CREAT_WRONLY);
  view.writeFile(ino, Buffer.from(text));
  return ino;
}

export const text = (view: FsView, path: string): string =>
  view.readFile(view.openLocal({ path }, 0).ino).toString();

export const names = (view: FsView, path: string): string[] =>
  view
    .readdir({ path })
    .map((entry) => entry.name)
    .filter((name) => name !== '.' && name !== '..')
    .sort();

const DETAILS = Object.entries(Detail);

/** `Renamed /a -> /b (Exchanged)` */
export function line(event: FsEvent): string {
  const details = DETAILS.filter(([, bit]) => event.detail & bit).map(([name]) => name);
  const from = event.from === undefined ? '' : `${event.from} -> `;
  return `${kindName(event.kind)} ${from}${event.path}${details.length > 0 ? ` (${details.join(' ')})` : ''}`;
}

/** The POSIX code that `action` fails with, or `ok`. */
export function outcome(action: () => unknown): string {
  try {
    action();
    return 'ok';
  } catch (error) {
    if (error instanceof FsError) return error.code;
    throw error;
  }
}
