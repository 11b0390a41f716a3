/** Properties of streams for random changes. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { StreamEvent } from '../../../agent/fsevents/coalescing-window.ts';
import { CoalescingWindow } from '../../../agent/fsevents/coalescing-window.ts';
import { CreateFlag, EventFlag } from '../../../agent/fsevents/constants.ts';
import { itemsOf, LinkedInodes } from '../../../agent/fsevents/item-map.ts';
import { Latency } from '../../../agent/fsevents/latency.ts';
import { merged, RisingIds } from '../../../agent/fsevents/merge.ts';
import {
  asText,
  encodedEventsLength,
  putEvents,
  putPaths,
  readEvents,
  readPaths,
} from '../../../agent/fsevents/records.ts';
import { EventKind } from '../../../core/events/fs-event.ts';
import { isBelow, pathsAbove, SubtreeIndex } from '../../../core/events/subtree-index.ts';
import { type ChangeFields, FileEvents, NoDefer, Rig, WatchRoot } from './rig.ts';

const { Created, Removed, Modified, Renamed, Attrib } = EventKind;
const ITEM_KINDS = 0xff00;

const name = fc.constantFrom('a', 'b', 'ab', 'd');
const path = fc.array(name, { minLength: 0, maxLength: 3 }).map((names) => ['/v', ...names].join('/'));
const change = fc
  .record({
    kind: fc.constantFrom(Created, Removed, Modified, Renamed, Attrib),
    path,
    other: path,
    ino: fc.integer({ min: 1, max: 4 }),
    detail: fc.constantFrom(0, 1, 2, 4, 8, 16, 32, 64, 256, 1 << 9, 1 << 16),
    type: fc.constantFrom(4, 8, 10, 1),
    nlink: fc.integer({ min: 0, max: 2 }),
    pid: fc.constantFrom(1, 77),
    replaced: fc.constantFrom(0, 0, 9),
  })
  .map(({ other, ...event }): ChangeFields => (event.kind === Renamed ? { ...event, from: other } : event));

type Step = { readonly wait: number } | { readonly together: readonly ChangeFields[] };
const steps = fc.array(
  fc.oneof(
    fc.record({ wait: fc.integer({ min: 0, max: 60 }) }),
    fc.record({ together: fc.array(change, { minLength: 1, maxLength: 6 }) }),
  ) as fc.Arbitrary<Step>,
  { maxLength: 25 },
);
const flags = fc.constantFrom(
  0,
  FileEvents,
  FileEvents | NoDefer,
  FileEvents | WatchRoot,
  FileEvents | CreateFlag.IgnoreSelf,
  FileEvents | CreateFlag.MarkSelf,
);

const streams = suite('streams');
streams(
  'ids rise, paths are in scope, every item is reported within the latency, and no other item is',
  () => {
    fc.assert(
      fc.property(
        steps,
        flags,
        fc.constantFrom(0, 5, 40),
        fc.subarray(['/v', '/v/a', '/v/d/b'], { minLength: 1 }),
        (list, create, latency, roots) => {
          const rig = new Rig();
          rig.running({ flags: create, latency, roots });
          const wanted = new Map<string, number>();
          const linked = new LinkedInodes();
          for (const step of list) {
            if ('wait' in step) {
              rig.advance(step.wait);
              continue;
            }
            rig.live(...step.together);
            for (const event of step.together) {
              const items = itemsOf({ ...defaults, ...event }, linked);
              const mine = event.pid === 77 && create & CreateFlag.IgnoreSelf;
              for (const item of items)
                if (!mine && roots.some((root) => isBelow(root, item.path)))
                  wanted.set(item.path, (wanted.get(item.path) ?? 0) | (item.flags & ITEM_KINDS));
            }
            // No event waits longer than the latency.
            const waiting = rig.wake === undefined ? 0 : rig.wake - rig.time;
            assert.ok(waiting <= latency);
          }
          rig.advance(latency);
          assert.is(rig.wake, undefined, 'no timer is left');
          let last = 0;
          const reported = new Map<string, number>();
          for (const { path: at, flags: bits, id } of rig.batches.flatMap(({ events }) => events)) {
            if (bits & EventFlag.RootChanged) {
              assert.is(id, 0);
              continue;
            }
            assert.ok(id > last);
            last = id;
            assert.ok(
              roots.some((root) => isBelow(root, at.length > 1 ? at.replace(/\/$/, '') : at)),
              at,
            );
            reported.set(at, (reported.get(at) ?? 0) | (bits & ITEM_KINDS));
          }
          if (create & FileEvents) assert.equal(sorted(reported), sorted(wanted));
          else assert.is(reported.size > 0, wanted.size > 0);
        },
      ),
      { numRuns: 400 },
    );
  },
);
const defaults = {
  id: 0,
  from: '',
  replacedType: 8,
  replacedNlink: 0,
  siblings: [],
  fromParent: 0,
  kind: 0,
  path: '',
  type: 8,
  detail: 0,
  ino: 1,
  nlink: 1,
  pid: 0,
  replaced: 0,
};
const sorted = (map: Map<string, number>): unknown => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

streams('both halves of a rename in scope are adjacent and have consecutive ids', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const rig = new Rig();
      rig.running({ latency: 20 });
      for (const step of list) {
        if ('wait' in step) rig.advance(step.wait);
        else rig.live(...step.together);
      }
      rig.advance(20);
      let unpaired: StreamEvent | undefined;
      for (const { events } of rig.batches)
        for (const event of events) {
          const half = event.id % 4;
          if (half === 0 && event.flags & EventFlag.ItemRenamed) unpaired = event;
          else if (half === 1 && event.flags & EventFlag.ItemRenamed) {
            assert.is(event.id - unpaired!.id, 1);
            assert.is(event.ino, unpaired!.ino);
          }
        }
    }),
    { numRuns: 300 },
  );
});

streams(
  'a restart asks for a replay from the last delivered event on, wherever the stream was stopped',
  () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 12 }),
        fc.nat(20),
        (batches, cut) => {
          const rig = new Rig();
          const s = rig.running();
          for (const count of batches)
            rig.live(
              ...Array.from({ length: count }, (_, i) => ({ kind: Created, path: `/v/${i}`, ino: i + 1 })),
            );
          const delivered =
            rig.batches
              .slice(0, cut)
              .flatMap(({ events }) => events)
              .at(-1)?.id ?? 0;
          rig.streams.stop(s);
          rig.streams.start(s, delivered);
          assert.equal(rig.replays, [[s.spec.number, Math.floor(delivered / 4)]]);
        },
      ),
    );
  },
);
streams.run();

const parts = suite('parts');
parts('a window above its limit reports a loss', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(path, fc.integer({ min: 1, max: 3 })), { maxLength: 60 }),
      fc.integer({ min: 1, max: 8 }),
      (list, limit) => {
        const window = new CoalescingWindow(limit);
        for (const [i, [at, ino]] of list.entries()) window.add({ path: at, ino, id: i + 1, flags: 1 });
        const different = new Set(list.map(([at, ino]) => `${at} ${ino}`)).size;
        const entries = window.take(['/v']);
        const lost = entries.some(
          ({ flags: bits }) => bits === (EventFlag.MustScanSubDirs | EventFlag.UserDropped),
        );
        assert.is(lost, different > limit);
        assert.is(entries.length, lost ? 1 : different);
        if (list.length > 0) assert.is(entries.at(-1)!.id, list.length);
        assert.ok(window.empty);
      },
    ),
  );
});
parts('a merge keeps both orders and all events; ids rise', () => {
  const row = fc.array(fc.nat(50), { maxLength: 15 }).map((ids) => ids.sort((a, b) => a - b));
  fc.assert(
    fc.property(row, row, (a, b) => {
      const entries = (ids: readonly number[], at: string): StreamEvent[] =>
        ids.map((id, i) => ({ path: `${at}${i}`, flags: 0, id, ino: 0 }));
      const [ours, real] = [entries(a, 'o'), entries(b, 'r')];
      const all = merged(ours, real);
      assert.equal(
        all.filter(({ path: at }) => at.startsWith('o')),
        ours,
      );
      assert.equal(
        all.filter(({ path: at }) => at.startsWith('r')),
        real,
      );
      const rising = new RisingIds();
      const ids = all.map(({ id }) => rising.next(id)).filter((id) => id > 0);
      assert.ok(ids.every((id, i) => i === 0 || id > ids[i - 1]!));
    }),
  );
});
parts(
  'latency: by default no delivery before it has passed; with NoDefer no two deliveries within it',
  () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(40), { maxLength: 40 }),
        fc.integer({ min: 0, max: 50 }),
        fc.boolean(),
        (gaps, latency, noDefer) => {
          const timer = new Latency(latency, noDefer);
          let now = 0;
          let since: number | undefined;
          let last = Number.NEGATIVE_INFINITY;
          for (const gap of gaps) {
            const next = now + gap;
            while (timer.due !== undefined && timer.due <= next) {
              const due = timer.due;
              if (noDefer) assert.ok(due - last >= latency);
              else assert.is(due - since!, latency);
              timer.delivered(due);
              last = due;
              since = undefined;
            }
            now = next;
            since ??= now;
            assert.ok(timer.waits(now) <= now + latency);
          }
        },
      ),
    );
  },
);
const anyPath = fc
  .array(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 5 }), fc.constant('\udc80')), { maxLength: 4 })
  .map((names) => `/${names.join('/').replaceAll('\0', '')}`);
parts('records and paths survive encoding and decoding', () => {
  const entry = fc.record(
    { path: anyPath, flags: fc.nat(0x7fffffff), id: fc.maxSafeNat(), ino: fc.maxSafeNat() },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 10 }), (entries) => {
      const bytes = new Uint8Array(encodedEventsLength(entries)).fill(7);
      putEvents(entries, bytes);
      assert.is(bytes.length % 8, 0);
      assert.equal(readEvents(bytes), entries);
      const paths = entries.map(({ path: at }) => at);
      assert.equal(readPaths(putPaths(paths)), paths);
    }),
  );
});
parts(
  'a path that is not text becomes MustScanSubDirs of its nearest directory that is; others are unchanged',
  () => {
    fc.assert(
      fc.property(fc.array(anyPath, { maxLength: 6 }), (paths) => {
        const entries = paths.map((at, i) => ({ path: at, flags: 0x100, id: i + 1, ino: 1 }));
        assert.is(asText(entries, 0), entries);
        asText(entries, CreateFlag.UseCFTypes).forEach((entry, i) => {
          assert.ok((entry.path as unknown as { isWellFormed(): boolean }).isWellFormed());
          if (entry.path === paths[i]) return;
          assert.ok(isBelow(entry.path, paths[i]!));
          assert.is(entry.flags, EventFlag.MustScanSubDirs);
        });
      }),
    );
  },
);
parts('an index finds the roots at, above and below a path, as a linear search does', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(path, fc.nat(3), fc.boolean()), { maxLength: 25 }), path, (changes, at) => {
      const index = new SubtreeIndex<number>();
      const there = new Set<string>();
      for (const [root, owner, on] of changes) {
        if (on) index.add(root, owner);
        else index.delete(root, owner);
        if (on) there.add(`${root} ${owner}`);
        else there.delete(`${root} ${owner}`);
      }
      const search = (fits: (root: string) => boolean): number[] =>
        [
          ...new Set(
            [...there]
              .map((key) => key.split(' '))
              .filter(([root]) => fits(root!))
              .map(([, owner]) => Number(owner)),
          ),
        ].sort();
      const lookup = (ask: (into: Set<number>) => void): number[] => {
        const into = new Set<number>();
        ask(into);
        return [...into].sort();
      };
      assert.equal(
        lookup((into) => index.above(at, into)),
        search((root) => isBelow(root, at)),
      );
      assert.equal(
        lookup((into) => index.below(at, into)),
        search((root) => isBelow(at, root)),
      );
      assert.is(index.empty, there.size === 0);
      assert.equal([...pathsAbove('/v/a/b')], ['/v/a', '/v', '/']);
    }),
  );
});
parts.run();
