/** Commands to test/bridge/programs/fsstream.c, and its answers. */
import type { Program } from '../../injector/run/program.ts';
import type { TestSession } from '../support/session.ts';
import { program, ScriptedProgram } from './support.ts';

export interface ToldEvent {
  readonly path: string;
  readonly flags: number;
  readonly ino: number;
  readonly id: number;
}

export interface Delivered {
  readonly events: readonly ToldEvent[];
  readonly callbacks: number;
  /** Events of the largest callback. */
  readonly most: number;
  /** Loop or queue of the last callback. */
  readonly place: string;
  /** Callbacks that ran concurrently, inside a call of the program, or after the stream's end. */
  readonly wrong: number;
  /** `path flags`, flags in hex. @param root removed from the paths */
  lines(root?: string): string[];
}

export function startStreams(
  session: TestSession,
  run: Program = session.start(program('fsstream')),
): ScriptedProgram {
  return new ScriptedProgram(run.child, run.status);
}

/** Waits until the program has printed the text on standard error. */
export async function logged(subject: ScriptedProgram, text: string): Promise<void> {
  const end = Date.now() + 30_000;
  while (!subject.stderr.includes(text)) {
    if (Date.now() > end) throw new Error(`it never said '${text}', but: ${subject.stderr}`);
    await new Promise((resolve) => {
      const again = setTimeout(resolve, 1000);
      subject.child.stderr?.once('data', () => {
        clearTimeout(again);
        resolve(undefined);
      });
    });
  }
}

/** The events of a stream's callbacks since the last call. @param count events to wait for */
export async function delivered(subject: ScriptedProgram, stream: string, count = 0): Promise<Delivered> {
  const answer = await subject.send(`events ${stream} ${count}`);
  const [head, ...rest] = answer.split('\t');
  const match = /^(\d+) in (\d+) most (\d+) on (\S+) wrong (\d+)$/.exec(head!);
  if (!match) throw new Error(`events of ${stream}: ${answer} ${subject.stderr}`);
  const events = rest
    .filter((line) => line !== '')
    .map((line) => {
      const [path, flags, ino, id] = line.split('|');
      return { path: path!, flags: Number.parseInt(flags!, 16), ino: Number(ino), id: Number(id) };
    });
  return {
    events,
    callbacks: Number(match[2]),
    most: Number(match[3]),
    place: match[4]!,
    wrong: Number(match[5]),
    lines: (root = '') => events.map(({ path, flags }) => `${path.replace(root, '')} ${flags.toString(16)}`),
  };
}
