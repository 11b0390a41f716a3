/** The same corpus over a real directory: a script's setup is in the real directory, and its changes are copied up. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { removeTree } from '../support/self.ts';
import { bare, TestSession } from '../support/session.ts';
import { corpus } from './corpus.ts';
import { compare } from './equality.ts';
import { matrix } from './matrix.ts';
import { inParts, watchscript } from './transcript.ts';

const program = watchscript();
const top = mkdtempSync('/dev/shm/shimfs-watch-');
const [tree, lower, real, other] = ['kernel', 'lowers', 'real-1', 'real-2'].map((name) => {
  mkdirSync(`${top}/${name}`);
  return `${top}/${name}`;
});
/** Only directories and files can be set up in the real directory; sockets and the like cannot. */
const cases = [...corpus(), ...matrix()].filter(({ setup }) => setup.length > 0);
const limitMs = 200_000;

// The real directory is filled before it is mounted.
const setups = cases.map((one) => ({ ...one, script: [] }));
await inParts((input) => bare(program, [lower!, other!], { input, limitMs }), setups);
const session = await TestSession.open({ overlays: [lower!] });
const [kernels, ours] = await Promise.all([
  inParts((input) => bare(program, [tree!, real!], { input, limitMs }), cases),
  inParts((input) => session.run(program, [lower!, other!], { input, limitMs }), cases, { again: true }),
]);

/** Removes the setup's output, which the real directory's setup printed already. */
const watched = kernels.map((said, i) => said.slice(cases[i]!.setup.length));
compare('an overlay', cases, watched, ours, async () => {
  await session.close();
  removeTree(top);
});
