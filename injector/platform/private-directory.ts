/** Private directories: mode 0700, owned by this user, and not a symbolic link that another user created. */
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';

export class PrivateDirectoryError extends Error {
  constructor(
    readonly path: string,
    message: string,
    readonly remedy: string,
  ) {
    super(message);
    this.name = 'PrivateDirectoryError';
  }
}

/**
 * Creates `path` if it does not exist, and verifies that it is private.
 *
 * @throws PrivateDirectoryError when it is a link, not a directory, or another user's
 */
export function ensurePrivateDirectory(path: string): string {
  try {
    mkdirSync(path, { mode: 0o700, recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // EEXIST: `path` is not a directory; lstat below reports it.
    if (code !== 'EEXIST') {
      throw new PrivateDirectoryError(
        path,
        `cannot make the directory ${path} (${code})`,
        'Check its parent.',
      );
    }
  }
  // lstat, not stat: in a shared parent such as /tmp, a link could lead anywhere.
  const stat = lstatSync(path);
  if (!stat.isDirectory()) {
    const what = stat.isSymbolicLink() ? 'a symbolic link' : 'not a directory';
    throw new PrivateDirectoryError(path, `${path} is ${what}`, `Look at it, and remove it: rm ${path}`);
  }
  const uid = process.getuid?.() ?? stat.uid;
  if (stat.uid !== uid) {
    throw new PrivateDirectoryError(
      path,
      `${path} belongs to user ${stat.uid}, not to us (${uid})`,
      'Another user made it; have it removed, or set another directory in the environment.',
    );
  }
  if ((stat.mode & 0o077) !== 0) chmodSync(path, 0o700);
  return path;
}
