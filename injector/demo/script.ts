/** What the demo does to the tree, and what its watchers must hear of each step. */
import type { FsView } from '../../core/fs-view.ts';

export const NOTE = { DELETE: 0x1, WRITE: 0x2, EXTEND: 0x4, ATTRIB: 0x8, LINK: 0x10, RENAME: 0x20 } as const;

/** Watched by the first program, in this order. */
export const ROOT = '/demo';
export const DIRECTORY = `${ROOT}/project`;
export const FILE = `${DIRECTORY}/notes.txt`;
/** In the second program's branch this name is whited out. */
export const HIDDEN = `${DIRECTORY}/secret.txt`;

export type Watcher = 'file' | 'directory' | 'branch';

export interface Step {
  readonly change: string;
  run(view: FsView): void;
  /** NOTE_* bits for each watcher that must hear; the others must hear nothing. */
  readonly expected: Readonly<Partial<Record<Watcher, number>>>;
}

const ino = (view: FsView, path: string): number => view.stat({ path }).ino;
const append = (view: FsView, path: string, text: string): void => {
  view.write(ino(view, path), Buffer.from(text), 0, text.length, 'append');
};

export const STEPS: readonly Step[] = [
  {
    change: 'append to notes.txt',
    run: (v) => append(v, FILE, 'more\n'),
    expected: { file: NOTE.WRITE | NOTE.EXTEND },
  },
  {
    change: 'overwrite one byte in place',
    run: (v) => void v.write(ino(v, FILE), Buffer.from('M'), 0, 1, 0),
    expected: { file: NOTE.WRITE },
  },
  {
    change: 'truncate notes.txt',
    run: (v) => v.truncate({ path: FILE }, 2),
    expected: { file: NOTE.ATTRIB },
  },
  {
    change: 'chmod 600 notes.txt',
    run: (v) => v.chmod({ path: FILE }, 0o600),
    expected: { file: NOTE.ATTRIB },
  },
  {
    change: 'create new.txt',
    run: (v) => void v.mknod({ path: `${DIRECTORY}/new.txt` }, 0o100644),
    expected: { directory: NOTE.WRITE, branch: NOTE.WRITE },
  },
  {
    change: 'mkdir sub',
    run: (v) => void v.mkdir({ path: `${DIRECTORY}/sub` }),
    expected: { directory: NOTE.WRITE | NOTE.LINK, branch: NOTE.WRITE | NOTE.LINK },
  },
  {
    change: 'create secret.txt (hidden in the second branch)',
    run: (v) => void v.mknod({ path: HIDDEN }, 0o100644),
    expected: { directory: NOTE.WRITE },
  },
  {
    change: 'hard link to notes.txt',
    run: (v) => void v.link({ path: FILE }, { path: `${DIRECTORY}/alias.txt` }),
    expected: { file: NOTE.LINK, directory: NOTE.WRITE, branch: NOTE.WRITE },
  },
  {
    change: 'rename notes.txt into sub',
    run: (v) => v.rename({ path: FILE }, { path: `${DIRECTORY}/sub/notes.txt` }),
    expected: { file: NOTE.RENAME, directory: NOTE.WRITE, branch: NOTE.WRITE },
  },
  {
    change: 'rename new.txt over it',
    run: (v) => v.rename({ path: `${DIRECTORY}/new.txt` }, { path: `${DIRECTORY}/sub/notes.txt` }),
    expected: { file: NOTE.DELETE, directory: NOTE.WRITE, branch: NOTE.WRITE },
  },
  {
    change: 'unlink its last name',
    run: (v) => v.unlink({ path: `${DIRECTORY}/alias.txt` }),
    expected: { file: NOTE.DELETE | NOTE.LINK, directory: NOTE.WRITE, branch: NOTE.WRITE },
  },
  // The whiteout gave the second branch a copy of the directory: its mode is its own.
  {
    change: 'chmod 700 project (copied in the second branch)',
    run: (v) => v.chmod({ path: DIRECTORY }, 0o700),
    expected: { directory: NOTE.ATTRIB },
  },
];

/** `0x6` → `WRITE|EXTEND`; `–` for nothing. */
export function noteNames(bits: number): string {
  const names = Object.entries(NOTE).filter(([, bit]) => bits & bit);
  const rest = bits & ~Object.values(NOTE).reduce((all, bit) => all | bit, 0);
  return [...names.map(([name]) => name), ...(rest ? [`0x${rest.toString(16)}`] : [])].join('|') || '–';
}
