/** Checks of what `shimfs run` rests on: the gate, and a program in a session of its own. */
import type { Readable } from 'node:stream';
import { gateLibrary } from '../run/gate-library.ts';
import { run } from '../run/run.ts';
import { type Check, fail, ok } from './check.ts';

const WORD = 'canary';

export async function checkGate(): Promise<Check> {
  const name = 'gate';
  try {
    return ok(name, gateLibrary());
  } catch (error) {
    const { message, remedy } = error as Error & { remedy?: string };
    return fail(name, message, remedy);
  }
}

/** A shell writes a virtual file, and another program reads it. */
export async function checkRun(): Promise<Check> {
  const name = 'canary run';
  const mount = `/shimfs-canary-${process.pid}`;
  const start = performance.now();
  try {
    const told: string[] = [];
    const { child, done } = await run({
      mounts: [mount],
      command: '/bin/sh',
      args: ['-c', `echo ${WORD} > ${mount}/a; cat ${mount}/a`],
      stdio: 'pipe',
      tell: () => undefined,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr] as Readable[])
      stream.on('data', (text) => (output += text));
    const status = await done;
    if (status === 0 && output.trim() === WORD)
      return ok(name, `a shell and cat shared a virtual file in ${Math.round(performance.now() - start)} ms`);
    told.push(`exit status ${status}`, output.trim());
    return fail(
      name,
      `the programs did not share a virtual file: ${told.join(', ')}`,
      'Look at the gate and the object directory above.',
    );
  } catch (error) {
    const { message, remedy } = error as Error & { remedy?: string };
    return fail(name, message, remedy);
  }
}
