/** The objects that a connection holds, compared with a model. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { O_CREAT, O_RDWR } from '../../../../core/constants.ts';
import { HeldObjects } from '../../../../injector/host/gate/held-objects.ts';
import { connection, pid } from '../../../support/numbers.ts';
import { SELF } from '../../../support/self.ts';
import { openPart } from '../part.ts';

const test = suite('held objects');
const FILES = 3;
const CONNECTIONS = 2;

const step = fc.record({
  kind: fc.constantFrom('read', 'write', 'close', 'release'),
  by: fc.nat(CONNECTIONS - 1),
  file: fc.nat(FILES - 1),
});

test('an object is held while a descriptor is open, and writable while a writer has any', () => {
  const { session, close } = openPart();
  const { core, writes } = session;
  const view = core.view('main', { ...SELF, umask: 0 });
  let round = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      round++;
      const files = Array.from(
        { length: FILES },
        (_, i) => view.open({ path: `/v/${round}.${i}` }, O_CREAT | O_RDWR, 0o600).attr,
      );
      const connections = Array.from({ length: CONNECTIONS }, (_, i) => {
        const number = connection(round * CONNECTIONS + i + 1);
        return { number, held: new HeldObjects(session, { peer: { pid: pid(i + 1) } }, number) };
      });
      /** Descriptors by connection and file. */
      const open = connections.map(() => files.map(() => ({ descriptors: 0, writer: false })));
      for (const { kind, by, file } of steps) {
        const { held } = connections[by]!;
        const at = open[by]![file]!;
        if (kind === 'release') {
          held.release();
          open[by] = files.map(() => ({ descriptors: 0, writer: false }));
        } else if (kind === 'close') {
          held.closed(files[file]!.oid);
          at.descriptors = Math.max(0, at.descriptors - 1);
          if (at.descriptors === 0) at.writer = false;
        } else {
          held.opened(files[file]!.oid, kind === 'write');
          at.descriptors++;
          at.writer ||= kind === 'write';
        }
        for (const [i, { oid }] of files.entries()) {
          const holders = core.content.object(oid)!.holders;
          for (const [j, { number }] of connections.entries())
            assert.is(holders.has(number), open[j]![i]!.descriptors > 0);
          assert.is(
            writes.isWritable(oid),
            open.some((each) => each[i]!.writer),
          );
        }
      }
      for (const { held } of connections) held.release();
      for (const { oid } of files) {
        assert.is(core.content.object(oid)!.holders.size, 0);
        assert.not.ok(writes.isWritable(oid));
      }
    }),
    { numRuns: 60 },
  );
  close();
});

test('an unlinked file is freed by its last close', () => {
  const { session, close } = openPart();
  const { core } = session;
  const view = core.view('main', { ...SELF, umask: 0 });
  const { oid } = view.open({ path: '/v/f' }, O_CREAT | O_RDWR, 0o600).attr;
  const held = new HeldObjects(session, { peer: { pid: pid(1) } }, connection(1));
  held.opened(oid, true);
  held.opened(oid, false);
  view.unlink({ path: '/v/f' });
  held.closed(oid);
  assert.ok(core.content.object(oid));
  held.closed(oid);
  assert.not.ok(core.content.object(oid));
  held.closed(oid);
  close();
});

test.run();
