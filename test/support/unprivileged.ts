/**
 * The rights of an ordinary user in a suite that root runs: root may do everything, so that nothing of them is tested.
 *
 * What the suite needs is put where that user finds it; then this process becomes that user, for good.
 */
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { libc } from '../../injector/platform/libc.ts';
import { gateLibrary } from '../../injector/run/gate-library.ts';

/** `nobody` nearly everywhere, and of no importance. */
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
 * @param own paths that are to be that user's; they are removed at the end, by somebody who may
 * @param before what only root can do; not called for anybody else
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

/** Stays root, and does it when this process has gone: its end of the pipe closes then. */
function removeLater(paths: readonly string[]): void {
  const child = spawn('sh', ['-c', 'cat >/dev/null; rm -rf "$@"', 'sh', ...paths], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
}
