/** The user of the test process as a caller of the core, and trees that even their owner may not enter. */
import { chmodSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Files that this process creates from outside belong to its user, like those of its programs. */
export const SELF = {
  pid: 0,
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  umask: 0o022,
} as const;

/** Like `rm -rf` after `chmod -R u+rwx`: a script may have shut its own directories. */
export function removeTree(path: string): void {
  open(path);
  rmSync(path, { recursive: true, force: true });
}

function open(path: string): void {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  chmodSync(path, 0o700);
  for (const name of readdirSync(path, { encoding: 'buffer' })) open(join(path, name.toString('latin1')));
}
