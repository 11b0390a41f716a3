/** A directory of tmpfs and a virtual directory, of equal length, each with a real directory beside it. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { removeTree } from '../support/self.ts';
import { bare, TestSession } from '../support/session.ts';
import { type Run, watchscript } from './transcript.ts';

/** Time for all scripts of a suite. */
const LIMIT_MS = 200_000;

export interface Places {
  readonly session: TestSession;
  readonly program: string;
  /** The virtual directory, and the real directory for its programs. */
  readonly roots: readonly [tree: string, real: string];
  kernel(...options: readonly string[]): Run;
  virtual(...options: readonly string[]): Run;
  close(): Promise<void>;
}

export async function places(): Promise<Places> {
  const program = watchscript();
  const top = mkdtempSync('/dev/shm/shimfs-watch-');
  const real = (name: string): string => {
    mkdirSync(`${top}/${name}`, { recursive: true });
    return `${top}/${name}`;
  };
  const tree = `/${'w'.repeat(top.length + 4)}`;
  const session = await TestSession.open({ mounts: [tree] });
  return {
    session,
    program,
    roots: [tree, real('ours')],
    kernel: (...options) => {
      const args = [...options, real('tree'), real('their')];
      return (input) => bare(program, args, { input, limitMs: LIMIT_MS });
    },
    virtual: (...options) => {
      const args = [...options, tree, real('ours')];
      return (input) => session.run(program, args, { input, limitMs: LIMIT_MS });
    },
    close: async () => {
      await session.close();
      removeTree(top);
    },
  };
}
