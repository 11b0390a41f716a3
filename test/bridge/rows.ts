/** The bits that each watcher gets for a change: Darwin's table of posts, as cases. */

import {
  NOTE_ATTRIB as ATTRIB,
  NOTE_DELETE as DELETE,
  NOTE_EXTEND as EXTEND,
  NOTE_LINK as LINK,
  NOTE_RENAME as RENAME,
  NOTE_WRITE as WRITE,
} from '../../agent/kqueue/constants.ts';

export interface Row {
  readonly name: string;
  /** Commands before the watches are registered. */
  readonly before?: readonly string[];
  /** Further watched files, by name → path inside the case's directory. */
  readonly also?: Readonly<Record<string, string>>;
  readonly change: readonly string[];
  /** NOTE_* bits by watcher; the other watchers must get no event. */
  readonly hears: Readonly<Record<string, number>>;
  /** The stand-in's bits for a real directory where they differ, and the reason. */
  readonly standin?: { readonly hears: Readonly<Record<string, number>>; readonly because: string };
}

/** Watched in every row: name → path inside the case's directory. */
export const WATCHED: Readonly<Record<string, string>> = {
  top: '',
  f: '/f',
  g: '/g',
  d: '/d',
  x: '/d/x',
  e: '/e',
};

export const ROWS: readonly Row[] = [
  // Bytes.
  { name: 'a write that grows', change: ['append $D/f more'], hears: { f: WRITE | EXTEND } },
  { name: 'a write in place', change: ['put $D/f 0 HELLO'], hears: { f: WRITE } },
  { name: 'a write past the end', change: ['put $D/f 100 far'], hears: { f: WRITE | EXTEND } },
  { name: 'the first bytes of an empty file', change: ['put $D/g 0 x'], hears: { g: WRITE | EXTEND } },
  { name: 'O_TRUNC of a file with bytes', change: ['opentrunc $D/f'], hears: { f: ATTRIB } },
  { name: 'truncate, longer', change: ['truncate $D/f 100'], hears: { f: EXTEND | ATTRIB } },
  { name: 'truncate, shorter', change: ['truncate $D/f 2'], hears: { f: ATTRIB } },
  { name: 'truncate, same size', change: ['truncate $D/f 5'], hears: { f: ATTRIB } },
  {
    name: 'truncated and written again',
    change: ['opentrunc $D/f', 'put $D/f 0 again'],
    hears: { f: ATTRIB | EXTEND | WRITE },
    standin: { hears: { f: WRITE }, because: 'it compares sizes only when it is asked' },
  },
  // Names.
  { name: 'a new file', change: ['create $D/n'], hears: { top: WRITE } },
  { name: 'a new file one level down', change: ['create $D/d/n'], hears: { d: WRITE } },
  { name: 'mkdir', change: ['mkdir $D/n'], hears: { top: WRITE | LINK } },
  { name: 'mkdir one level down', change: ['mkdir $D/d/n'], hears: { d: WRITE | LINK } },
  { name: 'a symbolic link', change: ['symlink $D/f $D/n'], hears: { top: WRITE } },
  { name: 'a hard link', change: ['link $D/f $D/n'], hears: { f: LINK, top: WRITE } },
  { name: 'a hard link elsewhere', change: ['link $D/f $D/d/n'], hears: { f: LINK, d: WRITE } },
  { name: 'unlink, the last name', change: ['unlink $D/f'], hears: { f: DELETE | LINK, top: WRITE } },
  {
    name: 'unlink, another name stays',
    before: ['link $D/f $D/d/n'],
    change: ['unlink $D/f'],
    hears: { f: DELETE | LINK, top: WRITE },
  },
  {
    name: 'unlink of the other name',
    before: ['link $D/f $D/d/n'],
    change: ['unlink $D/d/n'],
    hears: { f: DELETE | LINK, d: WRITE },
  },
  { name: 'rmdir', change: ['rmdir $D/e'], hears: { e: DELETE | LINK, top: WRITE | LINK } },
  { name: 'created and removed', change: ['mkdir $D/n', 'rmdir $D/n'], hears: { top: WRITE | LINK } },
  // Renames of files.
  { name: 'rename in one directory', change: ['rename $D/f $D/n'], hears: { f: RENAME, top: WRITE } },
  {
    name: 'rename between directories',
    change: ['rename $D/f $D/d/n'],
    hears: { f: RENAME, top: WRITE, d: WRITE },
  },
  { name: 'rename over a file', change: ['rename $D/f $D/g'], hears: { f: RENAME, g: DELETE, top: WRITE } },
  {
    name: 'rename over a file elsewhere',
    change: ['rename $D/f $D/d/x'],
    hears: { f: RENAME, x: DELETE, top: WRITE, d: WRITE },
  },
  { name: 'rename to the same name', change: ['rename $D/f $D/f'], hears: {} },
  {
    name: 'rename between two names of a file',
    before: ['link $D/f $D/n'],
    change: ['rename $D/f $D/n'],
    hears: {},
  },
  {
    name: 'the watcher follows its file',
    change: ['rename $D/f $D/d/n', 'put $D/d/n 0 HELLO', 'rename $D/d/n $D/e/n'],
    hears: { f: RENAME | WRITE, top: WRITE, d: WRITE, e: WRITE },
  },
  {
    name: 'a new file under the old name is another',
    change: ['rename $D/f $D/kept', 'create $D/f', 'append $D/f text', 'unlink $D/f'],
    hears: { f: RENAME, top: WRITE },
  },
  {
    name: 'saved by a rename over',
    before: ['create $D/tmp'],
    also: { tmp: '/tmp' },
    change: ['append $D/tmp new', 'rename $D/tmp $D/f'],
    hears: { tmp: WRITE | EXTEND | RENAME, f: DELETE, top: WRITE },
  },
  // Renames of directories.
  { name: 'a directory in one directory', change: ['rename $D/e $D/n'], hears: { e: RENAME, top: WRITE } },
  {
    name: 'a directory between directories',
    change: ['rename $D/e $D/d/e'],
    hears: { e: RENAME, top: WRITE | LINK, d: WRITE | LINK },
  },
  {
    name: 'a directory over an empty sibling',
    before: ['mkdir $D/o'],
    also: { o: '/o' },
    change: ['rename $D/e $D/o'],
    hears: { e: RENAME, o: DELETE, top: WRITE | LINK },
  },
  {
    name: 'a directory over an empty one elsewhere',
    before: ['mkdir $D/d/o'],
    also: { o: '/d/o' },
    change: ['rename $D/e $D/d/o'],
    hears: { e: RENAME, o: DELETE, top: WRITE, d: WRITE },
  },
  // Exchanges: Darwin posts DELETE to the second file.
  {
    name: 'exchange two files',
    change: ['exchange $D/f $D/g'],
    hears: { f: RENAME, g: DELETE, top: WRITE },
    standin: { hears: { f: RENAME, g: RENAME, top: WRITE }, because: 'inotify tells both of a move' },
  },
  {
    name: 'exchange files of two directories',
    change: ['exchange $D/f $D/d/x'],
    hears: { f: RENAME, x: DELETE, top: WRITE, d: WRITE },
    standin: {
      hears: { f: RENAME, x: RENAME, top: WRITE, d: WRITE },
      because: 'inotify tells both of a move',
    },
  },
  // Attributes.
  { name: 'chmod', change: ['chmod $D/f 0600'], hears: { f: ATTRIB } },
  {
    name: 'chmod to the same mode',
    before: ['chmod $D/f 0644'],
    change: ['chmod $D/f 0644'],
    hears: { f: ATTRIB },
  },
  { name: 'chmod of a directory', change: ['chmod $D/d 0700'], hears: { d: ATTRIB } },
  { name: 'chmod of the top', change: ['chmod $D 0700'], hears: { top: ATTRIB } },
  { name: 'chown', change: ['chown $D/f'], hears: { f: ATTRIB } },
  { name: 'utimes', change: ['utimes $D/f'], hears: { f: ATTRIB } },
  { name: 'utimes of a directory', change: ['utimes $D/d'], hears: { d: ATTRIB } },
  { name: 'setxattr', change: ['setxattr $D/f'], hears: { f: ATTRIB } },
  { name: 'removexattr', before: ['setxattr $D/f'], change: ['removexattr $D/f'], hears: { f: ATTRIB } },
  // Through another link.
  {
    name: 'through a symbolic link',
    before: ['symlink $D/f $D/s'],
    change: ['chmod $D/s 0600', 'append $D/s more'],
    hears: { f: ATTRIB | WRITE | EXTEND },
  },
  {
    name: 'through another hard link',
    before: ['link $D/f $D/d/n'],
    change: ['append $D/d/n more'],
    hears: { f: WRITE | EXTEND },
  },
  {
    name: 'many changes, one event each',
    change: ['chmod $D/f 0600', 'append $D/f more', 'link $D/f $D/n', 'rename $D/f $D/m', 'unlink $D/n'],
    hears: { f: ATTRIB | WRITE | EXTEND | LINK | RENAME | DELETE, top: WRITE },
  },
];

/** Changes through open descriptors of a program; the core itself has none. */
export const DESCRIPTOR_ROWS: readonly Row[] = [
  { name: 'write in place', before: ['open w $D/f rdwr'], change: ['write w HELLO'], hears: { f: WRITE } },
  {
    name: 'write, growing',
    before: ['open w $D/f rdwr'],
    change: ['write w HELLO-world'],
    hears: { f: WRITE | EXTEND },
  },
  { name: 'pwrite in place', before: ['open w $D/f rdwr'], change: ['pwrite w 1 ELL'], hears: { f: WRITE } },
  {
    name: 'pwrite, growing',
    before: ['open w $D/f rdwr'],
    change: ['pwrite w 9 x'],
    hears: { f: WRITE | EXTEND },
  },
  { name: 'O_APPEND', before: ['appendfd w $D/f'], change: ['write w more'], hears: { f: WRITE | EXTEND } },
  {
    name: 'a write of no bytes',
    before: ['open w $D/f rdwr'],
    change: ['write w'],
    hears: { f: WRITE },
    standin: { hears: {}, because: 'inotify tells nothing of it' },
  },
  {
    name: 'ftruncate, longer',
    before: ['open w $D/f rdwr'],
    change: ['ftruncate w 50'],
    hears: { f: EXTEND | ATTRIB },
  },
  {
    name: 'ftruncate, shorter',
    before: ['open w $D/f rdwr'],
    change: ['ftruncate w 1'],
    hears: { f: ATTRIB },
  },
  { name: 'fchmod', before: ['open w $D/f rdwr'], change: ['fchmod w 0600'], hears: { f: ATTRIB } },
  {
    name: 'a vanished file still gets events',
    before: ['open w $D/f rdwr'],
    change: ['unlink $D/f', 'write w orphaned'],
    hears: { f: DELETE | LINK | WRITE | EXTEND, top: WRITE },
  },
  {
    name: 'open, read and close',
    before: ['open w $D/f rdwr'],
    change: ['open r $D/f rdonly', 'read r 5 => read 5', 'close r'],
    hears: {},
  },
  { name: 'opening a directory', change: ['directory r $D/d', 'close r'], hears: {} },
  { name: 'open with O_CREAT of an existing file', change: ['open r $D/f create', 'close r'], hears: {} },
  {
    name: 'open with O_CREAT of something new',
    change: ['open r $D/n create', 'close r'],
    hears: { top: WRITE },
  },
  {
    name: 'a failed call posts nothing',
    change: [
      'create $D/f => EEXIST',
      'mkdir $D/d => EEXIST',
      'rmdir $D/d => ENOTEMPTY',
      'unlink $D/none => ENOENT',
      'unlink $D/d => EISDIR',
      'rename $D/none $D/f => ENOENT',
      'rename $D/f $D/d => EISDIR',
      'rename $D/d $D/d/e => EINVAL',
      'link $D/f $D/g => EEXIST',
      'link $D/d $D/n => EPERM',
      'symlink $D/f $D/g => EEXIST',
      'chmod $D/none 0600 => ENOENT',
      'truncate $D/d 0 => EISDIR',
    ],
    hears: {},
  },
];
