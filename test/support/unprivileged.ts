/**
 * The rights of an ordinary user in a suite that root runs: root may do everything, so that nothing of them is tested.
 *
 * Copies the files of the suite to a place that this user can read; then this process becomes that user, irrevocably.
 */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { libc } from '../../injector/platform/libc.ts';
import { gateLibrary } from '../../injector/run/gate-library.ts';

/** The uid of `nobody` on most systems. */
export const NOBODY = 65534;
/** A further group of that user. */
export const GROUP = 43210;

export interface Unprivileged {
  /** Was this process root's? */
  readonly changed: boolean;
  readonly gate: string;
  /** Paths of the programs, in the order given. */
  readonly programs: readonly string[];
}

/**
 * @param programs that the suite runs
 * @param own paths that will belong to that user; a process of root removes them at the end
 * @param before preparations that need root; not called for another user
 */
export function becomeUnprivileged(
  programs: readonly string[],
  own: readonly string[],
  before: () => void,
): Unprivileged {
  const gate = gateLibrary();
  if (process.getuid?.() !== 0) return { changed: false, gate, programs };
  const directory = mkdtempSync(join(tmpdir(), 'shimfs-unprivileged-'));
  removeLater([directory, ...own]);
  chmodSync(directory, 0o755);
  const copied = [gate, ...programs].map((path) => {
    const copy = join(directory, basename(path));
    copyFileSync(path, copy);
    chmodSync(copy, 0o755);
    return copy;
  });
  // Found while they can still be read.
  libc();
  before();
  for (const path of [directory, process.env.XDG_RUNTIME_DIR!, ...own]) chownSync(path, NOBODY, NOBODY);
  process.setgroups!([GROUP]);
  process.setgid!(NOBODY);
  process.setuid!(NOBODY);
  return { changed: true, gate: copied[0]!, programs: copied.slice(1) };
}

/** Stays root, and removes the paths when this process has ended, which closes its end of the pipe. */
function removeLater(paths: readonly string[]): void {
  const child = spawn('sh', ['-c', 'cat >/dev/null; rm -rf "$@"', 'sh', ...paths], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
}
