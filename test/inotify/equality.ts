/** Compares two lists of transcripts, the kernel's and ours, as tests. */
import { writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Case } from './corpus.ts';
import { known } from './known-differences.ts';
import { difference } from './transcript.ts';

/** @param name of the suite, which is also that of its known differences */
export function compare(
  name: string,
  cases: readonly Case[],
  kernels: readonly (readonly string[])[],
  ours: readonly (readonly string[])[],
  after: () => Promise<void>,
): void {
  const tests = suite(`inotify: ${name}`);
  const failures: string[] = [];
  tests.after(async () => {
    await after();
    const { WATCH_FAILURES: file } = process.env;
    if (file)
      writeFileSync(
        file,
        `${failures.length} of ${cases.length} differ: ${name}\n\n${failures.join('\n\n')}\n`,
      );
  });
  cases.forEach(({ theme, name: own }, i) => {
    const title = `${theme}: ${own}`;
    const reason = known(name, title);
    tests(title, () => {
      const how = difference(kernels[i]!, ours[i] ?? ['nothing: the program had died']);
      if (how) failures.push(`## ${title}${reason ? ` (known: ${reason})` : ''}\n${how}`);
      if (reason === undefined) assert.is(how, '', how);
      else {
        assert.is.not(how, '', 'this difference is no more: take it out of the table');
        console.log(`skipped: ${title}: ${reason}`);
      }
    });
  });
  tests.run();
}
