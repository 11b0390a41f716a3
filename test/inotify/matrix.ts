/**
 * Every operation against every place from which it may be watched: generated cases.
 *
 * Each operation has `@/d` (a directory), `@/d/f` (a file with bytes), `@/d/s` (a directory), `@/d/l` (a symbolic link
 * to f), `@/e` (another directory) and `@/e/g` (another file).
 */
import type { Case } from './corpus.ts';

const SETUP = [
  'mkdir @/d',
  'mkdir @/e',
  'mkdir @/d/s',
  'put @/d/f hello',
  'put @/e/g other',
  'symlink f @/d/l',
];

/** Places of the watch. */
const TARGETS: Readonly<Record<string, string>> = {
  'the parent': 'watch w @/d ALL_EVENTS',
  'the file': 'watch f @/d/f ALL_EVENTS',
  'the subdirectory': 'watch s @/d/s ALL_EVENTS',
  'all of them':
    'watch f @/d/f ALL_EVENTS; watch w @/d ALL_EVENTS; watch s @/d/s ALL_EVENTS; watch e @/e ALL_EVENTS; watch g @/e/g ALL_EVENTS; watch l @/d/l ALL_EVENTS|DONT_FOLLOW; watch r @ ALL_EVENTS',
};

const OPERATIONS: readonly string[] = [
  'creat @/d/n',
  'put @/d/n x',
  'put @/d/f x',
  'append @/d/f x',
  'cat @/d/f',
  'cat @/d/l',
  'list @/d',
  'list @/d/s',
  'mkdir @/d/n',
  'mkdir @/d/s/n',
  'mknod @/d/n S_IFIFO',
  'mknod @/d/n S_IFREG',
  'symlink x @/d/n',
  'link @/d/f @/d/n',
  'link @/d/f @/e/n',
  'link @/d/l @/d/n',
  'unlink @/d/f',
  'unlink @/d/l',
  'unlink @/e/g',
  'rmdir @/d/s',
  'rename @/d/f @/d/n',
  'rename @/d/f @/e/n',
  'rename @/d/f @/e/g',
  'rename @/e/g @/d/f',
  'rename @/d/l @/e/n',
  'rename @/d/s @/d/n',
  'rename @/d/s @/e/n',
  'rename @/d @/n',
  'rename @/d/f @/d/s/f',
  'rename2 @/d/f @/e/g RENAME_EXCHANGE',
  'rename2 @/d/f @/d/s RENAME_EXCHANGE',
  'rename2 @/d/s @/e RENAME_EXCHANGE',
  'chmod @/d/f 0600',
  'chmod @/d/s 0700',
  'chmod @/d/l 0600',
  'chmod @/d 0700',
  'chown-self @/d/f',
  'lchown-self @/d/l',
  'utime @/d/f',
  'utime @/d/s',
  'mtime @/d/f',
  'atime @/d/f',
  'touch @/d/f',
  'ltouch @/d/l',
  'setxattr @/d/f user.k v',
  'setxattr @/d/s user.k v',
  'truncate @/d/f 2',
  'truncate @/d/f 5',
  'truncate @/d/f 5000',
  'open %0 @/d/f RDWR|TRUNC; close %0',
  'open %0 @/d/f RDWR; read %0 2; write %0 x; ftruncate %0 1; close %0',
  'open %0 @/d/f RDONLY; unlink @/d/f; close %0',
  'open %0 @/d/f WRONLY; rename @/d/f @/e/n; write %0 x; close %0',
  'open %0 @/d/f WRONLY; rename @/e/g @/d/f; write %0 x; close %0',
  'open %0 @/d/f RDWR; store %0 5; close %0',
  'open %0 @/d/f RDONLY; open %1 @/e/g WRONLY; copy_file_range %0 %1 5; close %0; close %1',
  'open %0 @/e/g RDONLY; open %1 @/d/f WRONLY; sendfile %1 %0 5; close %0; close %1',
  'open %0 @/d/s RDONLY|DIRECTORY; rmdir @/d/s; close %0',
  'open %0 @/d TMPFILE|RDWR; write %0 x; close %0',
  'unlink @/d/f; put @/d/f new',
  'rmdir @/d/s; mkdir @/d/s; creat @/d/s/n',
  'link @/d/f @/d/n; unlink @/d/f; append @/d/n x; unlink @/d/n',
];

export function matrix(): Case[] {
  const lines = (text: string): string[] => text.split(';').map((line) => line.trim());
  return OPERATIONS.flatMap((operation) =>
    Object.entries(TARGETS).map(([target, watches]) => ({
      theme: 'matrix',
      name: `${operation}, from ${target}`,
      setup: SETUP,
      script: [...lines(watches), ...lines(operation), 'drain'],
    })),
  );
}
