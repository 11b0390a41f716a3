/** The operations of a watch script that a host can perform, through the core's own view: they open and close nothing. */
import { FsError } from '../../core/errors.ts';
import type { FsView } from '../../core/fs-view.ts';

const CONSTANTS: Readonly<Record<string, number>> = {
  S_IFIFO: 0o010000,
  S_IFREG: 0o100000,
  S_IFSOCK: 0o140000,
  RENAME_NOREPLACE: 1,
  RENAME_EXCHANGE: 2,
};
const O_CREAT_EXCL = 0o301;
const TIME = { sec: 1_000_000_000, nsec: 5 };
const LATER = { sec: 1_000_000_000, nsec: 7 };
/** Operations that a host performs; `now` and `omit` as metadata.utimens takes them. */
type Verb = (view: FsView, words: readonly string[], path: (word: string) => string) => void;

const number = (word = ''): number => CONSTANTS[word] ?? Number.parseInt(word, word.startsWith('0') ? 8 : 10);

function put(view: FsView, path: string, text: string, how: 'truncate' | 'append'): void {
  const { ino, created } = view.openLocal({ path }, 0o101, 0o644);
  if (!created && how === 'truncate') view.truncate({ path }, 0);
  const bytes = Buffer.from(text === 'EMPTY' ? '' : text);
  view.write(ino, bytes, 0, bytes.length, how === 'append' ? 'append' : 0);
}

const VERBS: Readonly<Record<string, Verb>> = {
  creat: (view, [a], at) => void view.openLocal({ path: at(a!) }, O_CREAT_EXCL, 0o644),
  put: (view, [a, text], at) => put(view, at(a!), text!, 'truncate'),
  append: (view, [a, text], at) => put(view, at(a!), text!, 'append'),
  mkdir: (view, [a], at) => void view.mkdir({ path: at(a!) }, 0o755),
  mknod: (view, [a, type], at) => void view.mknod({ path: at(a!) }, number(type) | 0o644),
  unlink: (view, [a], at) => view.unlink({ path: at(a!) }),
  rmdir: (view, [a], at) => view.rmdir({ path: at(a!) }),
  rename: (view, [a, b], at) => view.rename({ path: at(a!) }, { path: at(b!) }),
  rename2: (view, [a, b, how], at) => view.rename({ path: at(a!) }, { path: at(b!) }, number(how)),
  link: (view, [a, b], at) => void view.link({ path: at(a!) }, { path: at(b!) }),
  symlink: (view, [to, b], at) => void view.symlink(to!, { path: at(b!) }),
  chmod: (view, [a, mode], at) => view.chmod({ path: at(a!) }, number(mode)),
  'chown-self': (view, [a], at) => view.chown({ path: at(a!) }, view.who.uid, view.who.gid),
  'lchown-self': (view, [a], at) =>
    view.chown({ path: at(a!) }, view.who.uid, view.who.gid, { follow: false }),
  utime: (view, [a], at) => view.utimens({ path: at(a!) }, TIME, LATER),
  mtime: (view, [a], at) => view.utimens({ path: at(a!) }, 'omit', LATER),
  touch: (view, [a], at) => view.utimens({ path: at(a!) }, 'now', 'now'),
  ltouch: (view, [a], at) => view.utimens({ path: at(a!) }, 'now', 'now', { follow: false }),
  truncate: (view, [a, size], at) => view.truncate({ path: at(a!) }, Number(size)),
  setxattr: (view, [a, name, value], at) => view.setxattr({ path: at(a!) }, name!, Buffer.from(value!)),
  rmxattr: (view, [a, name], at) => view.removexattr({ path: at(a!) }, name!),
};

/** Operations of the watching program itself. */
const WATCHING =
  /^(me .*|init.*|watch.*|rm|rm-on|drain|collect|now|take.*|avail|poll.*|select.*|epoll.*|readers|asleep|interrupt|join|sigio|signal|getf[ld]|setf[ld]|fionbio|fstat|link-of|write-to|lseek-on|pread-from|dup-instance|close-instance|fork-read|exec-read|cwd)$/;

export type Actor = 'program' | 'host';

/** Whether the host or the program performs a line; undefined if neither can. */
export function actor(line: string): Actor | undefined {
  const [verb = '', ...words] = line.split(' ');
  if (verb === 'me' || WATCHING.test(verb)) return 'program';
  if (words.some((word) => word.startsWith('~'))) return 'program';
  return verb in VERBS ? 'host' : undefined;
}

/** The program's output for the line. @param base the script's directory */
export function operate(view: FsView, line: string, base: string): string {
  const [verb = '', ...words] = line.split(' ');
  const path = (word: string): string =>
    word
      .replace(/^@/, base)
      .replaceAll(/\*(\d+)\*(.)/g, (_, n: string, letter: string) => letter.repeat(Number(n)));
  try {
    VERBS[verb]!(view, words, path);
    return `${line}: ok`;
  } catch (error) {
    if (error instanceof FsError) return `${line}: ${error.code.replace('ENOTSUP', 'EOPNOTSUPP')}`; // one number, two names
    throw error;
  }
}
