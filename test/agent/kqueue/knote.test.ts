/** Random operations on the knotes of a kqueue, compared with a model. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KnoteModel } from './knote-model.ts';
import { chmodded, grew, KQ, Program, unlinked, wrote } from './program.ts';

const RECEIPT = 0x40;
const INODES = [100, 101];

const bits = (...values: number[]) =>
  fc.subarray(values).map((chosen) => chosen.reduce((all, bit) => all | bit, 0));
const fd = fc.integer({ min: 5, max: 7 });

const change = fc.record({
  op: fc.constant('change' as const),
  fd,
  // EV_ADD often, so that there is something to change.
  flags: fc
    .tuple(fc.constantFrom(0, 1, 1, 1), bits(2, 4, 8, 0x10, 0x20, 0x80, 0x100, 0x200))
    .map(([a, b]) => a | b),
  fflags: fc.constantFrom(0, 1, 2, 8, 0x12, 0x7f, 0x7f, 0x7f),
  udata: fc.integer({ min: 1, max: 2 }),
});
const tame = fc.record({
  op: fc.constant('change' as const),
  fd,
  flags: fc.constantFrom(1, 0x21, 0x11, 0x81, 0xa1, 0x181, 0x381, 9, 4, 8, 2, 0x104, 0x102),
  fflags: fc.constantFrom(0x7f, 0x7f, 2),
  udata: fc.constant(1),
});
const happen = fc.record({
  op: fc.constant('happen' as const),
  ino: fc.constantFrom(...INODES),
  what: fc.constantFrom('wrote', 'grew', 'chmodded', 'unlinked'),
});
const collect = fc.record({ op: fc.constant('collect' as const), nevents: fc.integer({ min: 0, max: 4 }) });
const reopen = fc.record({ op: fc.constant('reopen' as const), fd, ino: fc.constantFrom(...INODES) });
const close = fc.record({ op: fc.constant('close' as const), fd });

const life = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: change },
    { weight: 3, arbitrary: tame },
    { weight: 5, arbitrary: happen },
    { weight: 4, arbitrary: collect },
    { weight: 1, arbitrary: close },
    { weight: 1, arbitrary: reopen },
  ),
  { minLength: 1, maxLength: 60, size: 'max' },
);

const EVENTS = { wrote, grew, chmodded, unlinked } as const;
const HINTS: Record<string, number[]> = { wrote: [2], grew: [4, 2], chmodded: [8], unlinked: [0x11] };
const KERNEL = 77;

const test = suite('knote beside its model');
for (const notes of ['masked', 'native'] as const) {
  test(notes, () => {
    let told = 0;
    fc.assert(
      fc.property(life, (steps) => {
        const p = new Program({ notes });
        const open = new Map([
          [5, 100],
          [6, 100],
          [7, 101],
        ]);
        for (const [number, ino] of open) p.fds.set(number, ino);
        p.kernelErrno = () => KERNEL;
        const model = new KnoteModel(new Map(open), notes === 'native');
        const shut = (number: number) => {
          p.fds.delete(number);
          p.bridge.fdClosed(number);
          model.close(number);
        };

        for (const step of steps) {
          if (step.op === 'change') {
            const { fd: ident, fflags, udata } = step;
            // A receipt reports the result of each change and does not affect it.
            const { entries } = p.change([{ ident, flags: step.flags | RECEIPT, fflags, udata }]);
            const errno = model.change({ fd: ident, flags: step.flags | RECEIPT, fflags, udata });
            assert.equal([entries.length, entries[0]!.data], [1, errno ?? KERNEL]);
          } else if (step.op === 'happen') {
            p.happen(EVENTS[step.what as keyof typeof EVENTS](step.ino));
            for (const hint of HINTS[step.what]!) model.post(step.ino, hint);
          } else if (step.op === 'collect') {
            const events = p.collect(step.nevents).map((e) => [e.ident, e.udata, e.flags, e.fflags]);
            assert.equal(events, model.collect(step.nevents));
            told += events.length;
          } else if (step.op === 'close') {
            shut(step.fd);
          } else {
            shut(step.fd);
            p.fds.set(step.fd, step.ino);
            model.open.set(step.fd, step.ino);
          }
          assert.is(p.bridge.pendingCount(KQ), model.queue.length);
          assert.is(p.bridge.hasKnotes(KQ), model.knotes.length > 0);
          assert.is(p.signals.at(-1)?.[1] ?? false, model.queue.length > 0, 'readiness');
        }

        // Every inode with a knote is watched; after all descriptors are closed, none is.
        const watched = new Set<number>();
        for (const ino of p.watches) ino > 0 ? watched.add(ino) : watched.delete(-ino);
        for (const knote of model.knotes) {
          if (knote.state === 'alive') assert.ok(watched.has(knote.ino), `inode ${knote.ino} is watched`);
        }
        for (const number of [5, 6, 7]) shut(number);
        assert.is(p.bridge.watchedCount, 0);
      }),
      { numRuns: 1500 },
    );
    assert.ok(told > 1000, 'the runs did deliver events');
  });
}
test.run();
