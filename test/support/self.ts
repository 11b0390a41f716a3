/** The user who runs the tests, as a caller of the core; and trees that even their owner may not enter. */
import { chmodSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** What this process makes from outside belongs to whoever runs it, like what its programs make. */
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
