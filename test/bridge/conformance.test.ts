/** The stand-in's conformance scripts on virtual files: the bridge must behave as the stand-in does with real files. */
import { suite } from 'uvu';
import { filterCases } from '../fixtures/darwin/filter-cases.ts';
import { keventCases } from '../fixtures/darwin/kevent-cases.ts';
import { maskCases, operationCases, vnodeCases } from '../fixtures/darwin/vnode-cases.ts';
import { engineWith, freshTree, openBridge, play, startProgram } from './support.ts';

// The stand-in delivers the whole hint, as Darwin does.
const session = await openBridge(() => engineWith({ notes: 'native' }));
const subject = startProgram(session);

/** Cases that the bridge does not support, by title. */
const PASSED_OVER: Readonly<Record<string, string>> = {
  'lseek posts NOTE_NONE': 'lseek does not pass the gate',
  'flock(LOCK_UN) posts NOTE_FUNLOCK': 'locks do not pass the gate',
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
        await play(`cd ${freshTree(session)}\n${script}`, { subject });
      } finally {
        await subject.send('forget');
        await subject.send('cd /');
      }
    });
  }
  if (group === 'vnodes')
    cases.after(async () => {
      await subject.end();
      await session.close();
    });
  cases.run();
}
