/** The demo's changes, and the events that each watcher must receive for each of them. */
import type { Changes } from './changes.ts';

export const NOTE = { DELETE: 0x1, WRITE: 0x2, EXTEND: 0x4, ATTRIB: 0x8, LINK: 0x10, RENAME: 0x20 } as const;

/** A file in the watched directory. */
export const FILE = 'notes.txt';
/** A name in the watched directory that the second branch hides by a whiteout. */
export const HIDDEN = 'secret.txt';

/**
 * An additional event of a new hard link, for the directory of its other name. Streams of shimfs report it, as the xnu
 * sources do; the stand-in and some versions of macOS do not. No other step causes it.
 */
export const OPTIONAL_EVENT = 'InodeMetaMod|IsDir .';

export type Watcher = 'file' | 'directory' | 'branch';

export interface Step {
  readonly change: string;
  /** @param at absolute path of a name in the directory; of the directory itself for '' */
  run(changes: Changes, at: (name: string) => string): void;
  /** NOTE_* (and equal DISPATCH_VNODE_*) bits that each watcher must receive; no entry: none. */
  readonly expected: Readonly<Partial<Record<Watcher, number>>>;
  /** Events of the FSEvents stream, as `FLAGS PATH`. */
  readonly events: readonly string[];
}

export const STEPS: readonly Step[] = [
  {
    change: 'append to notes.txt',
    run: (c, at) => c.append(at(FILE), 'more\n'),
    expected: { file: NOTE.WRITE | NOTE.EXTEND },
    events: ['Modified|IsFile notes.txt'],
  },
  {
    change: 'overwrite one byte in place',
    run: (c, at) => c.overwrite(at(FILE), 'M'),
    expected: { file: NOTE.WRITE },
    events: ['Modified|IsFile notes.txt'],
  },
  {
    change: 'truncate notes.txt',
    run: (c, at) => c.truncate(at(FILE), 2),
    expected: { file: NOTE.ATTRIB },
    events: ['InodeMetaMod|IsFile notes.txt'],
  },
  {
    change: 'chmod 600 notes.txt',
    run: (c, at) => c.chmod(at(FILE), 0o600),
    expected: { file: NOTE.ATTRIB },
    events: ['ChangeOwner|IsFile notes.txt'],
  },
  {
    change: 'create new.txt',
    run: (c, at) => c.create(at('new.txt')),
    expected: { directory: NOTE.WRITE, branch: NOTE.WRITE },
    events: ['Created|IsFile new.txt'],
  },
  {
    change: 'mkdir sub',
    run: (c, at) => c.mkdir(at('sub')),
    expected: { directory: NOTE.WRITE | NOTE.LINK, branch: NOTE.WRITE | NOTE.LINK },
    events: ['Created|IsDir sub'],
  },
  {
    change: 'create secret.txt (hidden in the second branch)',
    run: (c, at) => c.create(at(HIDDEN)),
    expected: { directory: NOTE.WRITE },
    events: ['Created|IsFile secret.txt'],
  },
  {
    change: 'hard link to notes.txt',
    run: (c, at) => c.link(at(FILE), at('alias.txt')),
    expected: { file: NOTE.LINK, directory: NOTE.WRITE, branch: NOTE.WRITE },
    events: ['Created|IsFile|IsHardlink alias.txt'],
  },
  {
    change: 'rename notes.txt into sub',
    run: (c, at) => c.rename(at(FILE), at('sub/notes.txt')),
    expected: { file: NOTE.RENAME, directory: NOTE.WRITE, branch: NOTE.WRITE },
    events: ['Renamed|IsFile|IsHardlink notes.txt', 'Renamed|IsFile|IsHardlink sub/notes.txt'],
  },
  {
    change: 'rename new.txt over it',
    run: (c, at) => c.rename(at('new.txt'), at('sub/notes.txt')),
    expected: { file: NOTE.DELETE, directory: NOTE.WRITE, branch: NOTE.WRITE },
    events: ['Renamed|IsFile new.txt', 'Renamed|IsFile sub/notes.txt', 'Renamed|IsFile sub/notes.txt'],
  },
  {
    change: 'unlink its last name',
    run: (c, at) => c.unlink(at('alias.txt')),
    expected: { file: NOTE.DELETE | NOTE.LINK, directory: NOTE.WRITE, branch: NOTE.WRITE },
    events: ['Removed|IsFile|IsHardlink|IsLastHardlink alias.txt'],
  },
  // Because of the whiteout, the second branch has a copy of the directory, with a mode of its own.
  {
    change: 'chmod 700 project (copied in the second branch)',
    run: (c, at) => c.chmod(at(''), 0o700),
    expected: { directory: NOTE.ATTRIB },
    events: ['ChangeOwner|IsDir .'],
  },
];

/** `0x6` → `WRITE|EXTEND`; `–` for nothing. */
export function noteNames(bits: number): string {
  const names = Object.entries(NOTE).filter(([, bit]) => bits & bit);
  const rest = bits & ~Object.values(NOTE).reduce((all, bit) => all | bit, 0);
  return [...names.map(([name]) => name), ...(rest ? [`0x${rest.toString(16)}`] : [])].join('|') || '–';
}
