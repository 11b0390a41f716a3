/** One change of an overlay as text that `git apply` and `patch -p1` take. */
import type { Inode } from '../layers/inode.ts';
import type { OverlayChange } from './changes.ts';
import { unifiedHunks } from './unified-diff.ts';

/** Larger files are reported as binary. Bytes. */
const MAX_TEXT = 4 * 1024 * 1024;
const SNIFFED = 8000;

/** Git's mode for an inode; patches distinguish only links, executables and other files. */
const gitMode = (node: Inode): string =>
  node.isSymlink() ? '120000' : node.mode & 0o100 ? '100755' : '100644';

/** A name, quoted as git does if it contains special characters. */
const quoted = (name: string): string => (/[\s"\\\p{Cc}\p{Cs}]/u.test(name) ? JSON.stringify(name) : name);

const isText = (bytes: Buffer): boolean =>
  bytes.length <= MAX_TEXT && !bytes.subarray(0, SNIFFED).includes(0);

/**
 * @param root path of the overlay: names in the patch are relative to it
 * @param bytes all bytes of a file, or a symbolic link's target
 * @returns empty for changes that a patch cannot express: directories, owners, times
 */
export function patchOf(change: OverlayChange, root: string, bytes: (node: Inode) => Buffer): string {
  const { node, real, kind, path } = change;
  const one = node ?? real!;
  if (!one.isFile() && !one.isSymlink()) return '';
  const before = kind === 'added' ? undefined : real;
  const after = kind === 'deleted' ? undefined : node;
  const name = path.slice(root.length + 1);
  const [a, b] = [quoted(`a/${name}`), quoted(`b/${name}`)];
  let head = `diff --git ${a} ${b}\n`;
  if (!before) head += `new file mode ${gitMode(after!)}\n`;
  else if (!after) head += `deleted file mode ${gitMode(before)}\n`;
  else if (gitMode(before) !== gitMode(after))
    head += `old mode ${gitMode(before)}\nnew mode ${gitMode(after)}\n`;
  else if (kind === 'attributes') return '';
  if (kind === 'attributes') return head;
  const old = before ? bytes(before) : Buffer.alloc(0);
  const now = after ? bytes(after) : Buffer.alloc(0);
  if (!isText(old) || !isText(now))
    return `${head}Binary files ${before ? a : '/dev/null'} and ${after ? b : '/dev/null'} differ\n`;
  const hunks = unifiedHunks(old.toString('utf8'), now.toString('utf8'));
  return hunks === ''
    ? head
    : `${head}--- ${before ? a : '/dev/null'}\n+++ ${after ? b : '/dev/null'}\n${hunks}`;
}
