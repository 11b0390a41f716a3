import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { InodeWatches } from '../../../agent/events/inode-watches.ts';

const test = suite('inode watches');

test('the first and the last reference to an inode are reported at the flush', () => {
  const watches = new InodeWatches();
  const reports: [readonly number[], boolean][] = [];
  const report = (inodes: readonly number[], on: boolean): number => {
    reports.push([inodes, on]);
    return on ? -5 : 0;
  };
  watches.change(7, true);
  watches.change(7, true);
  watches.change(8, true);
  assert.is(watches.flush(report), -5, 'the result of watching');
  watches.change(7, false);
  assert.is(watches.flush(report), 0);
  watches.change(7, false);
  watches.change(9, true);
  watches.flush(report);
  assert.equal(reports, [
    [[7, 8], true],
    [[7], false],
    [[9], true],
  ]);
  assert.is(watches.size, 2);
});

test('after random changes the host watches exactly the referenced inodes', () => {
  const step = fc.record({ ino: fc.integer({ min: 1, max: 3 }), on: fc.boolean(), flush: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const watches = new InodeWatches();
      const references = new Map<number, number>();
      const host = new Set<number>();
      const flush = (): void =>
        void watches.flush((inodes, on) => {
          for (const ino of inodes) {
            if (on) host.add(ino);
            else host.delete(ino);
          }
          return 0;
        });
      for (const { ino, on, flush: now } of steps) {
        const held = references.get(ino) ?? 0;
        if (!on && held === 0) continue;
        watches.change(ino, on);
        references.set(ino, held + (on ? 1 : -1));
        if (now) flush();
      }
      flush();
      const held = [...references].filter(([, count]) => count > 0).map(([ino]) => ino);
      assert.equal([...host].sort(), held.sort());
      assert.is(watches.size, held.length);
    }),
  );
});

test.run();
