/** Checks that the gate can be built, and that programs run in a session. */
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
    const { child, done } = await run({
      mounts: [mount],
      command: '/bin/sh',
      args: ['-c', `echo ${WORD} > ${mount}/a; cat ${mount}/a`],
      stdio: 'pipe',
      report: () => undefined,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr] as Readable[])
      stream.on('data', (text) => (output += text));
    const status = await done;
    if (status === 0 && output.trim() === WORD)
      return ok(
        name,
        `sh wrote a virtual file and cat read it, in ${Math.round(performance.now() - start)} ms`,
      );
    return fail(
      name,
      `sh could not write a virtual file, or cat could not read it: exit status ${status}, ${output.trim()}`,
      'Resolve the problems of the checks `gate` and `object directory` first.',
    );
  } catch (error) {
    const { message, remedy } = error as Error & { remedy?: string };
    return fail(name, message, remedy);
  }
}
