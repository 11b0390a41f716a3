/**
 * kevent on virtual files through the whole path, in each of its three forms. The same scripts run on real files under
 * the stand-in, as the reference.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { FAMILIES, type Family, SCRIPTS, type Script } from './scripts.ts';
import {
  freshTree,
  openBridge,
  play,
  type ScriptedProgram,
  startBare,
  startProgram,
  viewOf,
} from './support.ts';

const session = await openBridge();
const covered = startProgram(session);
const bare = startBare();

async function run(
  script: Script,
  family: Family,
  subject: ScriptedProgram,
  directory: string,
): Promise<void> {
  try {
    await play(
      `family ${family}\nkqueue k\nopen f $D/f evtonly\nopen g $D/g evtonly\n${script.text}`,
      { subject },
      { D: directory },
    );
  } finally {
    await subject.send('forget');
  }
}

for (const family of FAMILIES) {
  const cases = suite(`virtual files, ${family}`);
  for (const script of SCRIPTS)
    if (script.families?.includes(family) ?? true)
      cases(script.name, async () => {
        const directory = freshTree(session);
        for (const n of '0123456789') viewOf(session).mknod({ path: `${directory}/${n}` }, 0o100644);
        await run(script, family, covered, directory);
      });
  cases.run();
}

const oracle = suite('real files under the stand-in');
for (const script of SCRIPTS)
  if (script.virtualOnly === undefined)
    oracle(script.name, async () => {
      const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'bridge-'));
      try {
        writeFileSync(join(directory, 'f'), 'hello');
        for (const n of ['g', ...'0123456789']) writeFileSync(join(directory, n), '');
        await run(script, script.families?.[0] ?? 'kevent', bare, directory);
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    });
oracle.after(async () => {
  await Promise.all([covered.end(), bare.end()]);
  await session.close();
});
oracle.run();
