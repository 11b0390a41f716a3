/** The stand-in's own conformance scripts, on virtual files: what it does with real ones, the bridge does with those. */
import { suite } from 'uvu';
import { filterCases } from '../fixtures/filter-cases.ts';
import { keventCases } from '../fixtures/kevent-cases.ts';
import { maskCases, operationCases, vnodeCases } from '../fixtures/vnode-cases.ts';
import { engineWith, freshTree, openBridge, play, startTalker } from './support.ts';

// The stand-in gives the whole hint, as Darwin does.
const session = await openBridge(() => engineWith({ notes: 'native' }));
const talker = startTalker(session);

/** What the bridge does not do, by title. */
const PASSED_OVER: Readonly<Record<string, string>> = {
  'seeking is told to those who ask for NOTE_NONE': "lseek is the kernel's alone",
  'unlocking is told to those who ask': "locks are the kernel's alone",
};
for (const [title, why] of Object.entries(PASSED_OVER)) console.log(`skipped: ${title} (${why})`);

const groups = {
  ...keventCases,
  ...filterCases,
  operations: operationCases,
  masks: maskCases,
  vnodes: vnodeCases,
};
for (const [group, scripts] of Object.entries(groups)) {
  const cases = suite(group);
  for (const [title, script] of Object.entries(scripts)) {
    if (PASSED_OVER[title] !== undefined) continue;
    cases(title, async () => {
      try {
        await play(`cd ${freshTree(session)}\n${script}`, { talker });
      } finally {
        await talker.say('forget');
        await talker.say('cd /');
      }
    });
  }
  if (group === 'vnodes')
    cases.after(async () => {
      await talker.end();
      await session.close();
    });
  cases.run();
}
