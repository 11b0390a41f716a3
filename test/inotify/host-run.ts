/** Scripts in which the host changes the files, between lines of the program that watches them. */
import { createInterface } from 'node:readline';
import type { FsView } from '../../core/fs-view.ts';
import type { TestSession } from '../support/session.ts';
import type { Case } from './corpus.ts';
import { actor, operate } from './host-operations.ts';

/** Whether a host can perform every change in it. */
export const forHost = ({ setup, script }: Case): boolean =>
  [...setup, ...script].every((line) => actor(line) !== undefined) &&
  script.some((line) => actor(line) === 'host');

/** @returns the output by case; cases after the program's death are missing */
export async function hostTranscripts(
  session: TestSession,
  program: string,
  roots: readonly [tree: string, real: string],
  mask: string,
  cases: readonly Case[],
  view: FsView,
): Promise<string[][]> {
  const { child, status } = session.start(program, ['--mask', mask, ...roots]);
  let stderr = '';
  child.stderr?.on('data', (text) => (stderr += text));
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const all: string[][] = [];
  for (const [k, { setup, script }] of cases.entries()) {
    const base = `${roots[0]}/s${k}`;
    const said: string[] = [];
    all.push(said);
    let odd = false;
    const ask = async (line: string): Promise<void> => {
      child.stdin!.write(`${line}\nsync\n`);
      for (;;) {
        const { value, done } = await lines.next();
        if (done) {
          said.push(`DIED with status ${await status}: ${stderr.slice(-500)}`);
          return;
        }
        if (value === '== sync') return;
        if (value && !value.startsWith('== ')) said.push(value);
      }
    };
    await ask(`begin s${k}`);
    for (const line of [...setup, ...script]) {
      const [verb, where = 'i0'] = line.split(' ');
      if (actor(line) === 'host') said.push(operate(view, line, base));
      else if (verb === 'drain') {
        odd = !odd;
        view.chmod({ path: `${base}.fence` }, odd ? 0o600 : 0o644);
        const from = said.length;
        await ask(`collect ${where}`);
        if (said[from]?.startsWith('collect')) said[from] = `${line}:`;
      } else await ask(line);
      if (said.at(-1)?.startsWith('DIED')) return all;
    }
    await ask('end');
  }
  child.stdin!.end();
  await status;
  return all;
}
