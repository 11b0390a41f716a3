/** Readers of real files: they hold the copy since the copy-up, and share its offset. */
import { fstatSync, mkdtempSync, readSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { IN_PLACE_ABOVE } from '../../../../core/content/native-files.ts';
import { pid } from '../../../support/numbers.ts';
import { openPart, type Part } from '../part.ts';

interface Context extends Part {
  readonly lower: string;
  readonly file: string;
  readonly ino: number;
}

const test = suite<Context>('in-place readers');
test.before.each((context) => {
  const lower = mkdtempSync(join(realpathSync(tmpdir()), 'shimfs-lower-'));
  const file = join(lower, 'f');
  writeFileSync(file, 'x'.repeat(IN_PLACE_ABOVE + 10));
  const part = openPart({ mounts: [lower], overlays: [lower] });
  const ino = Number(part.session.core.fs.statSync(file).ino);
  Object.assign(context, part, { lower, file, ino });
});
test.after.each(({ close, lower }) => {
  close();
  rmSync(lower, { recursive: true });
});

const holder = (number: number) => ({ peer: { pid: pid(number) } });

test('a reader has no copy until the file is copied up', ({ session: { inPlace, core }, file, ino }) => {
  const reader = inPlace.opened(ino, 'main', holder(1));
  assert.is(inPlace.repoint(reader, 0), undefined);
  core.fs.appendFileSync(file, 'tail');
  const copy = inPlace.repoint(reader, IN_PLACE_ABOVE + 8)!;
  const bytes = Buffer.alloc(16);
  assert.is(readSync(copy.fd, bytes, 0, 16, null), 6);
  assert.is(bytes.toString('utf8', 0, 6), 'xxtail', 'from the offset of the description');
  assert.is(inPlace.repoint(reader, 0)!.fd, copy.fd, 'one descriptor for all that share the description');
});

test('the copy outlives its name while a reader has it', ({ session: { inPlace, core }, file, ino }) => {
  const reader = inPlace.opened(ino, 'main', holder(1));
  core.fs.appendFileSync(file, 'tail');
  core.fs.unlinkSync(file);
  const copy = inPlace.repoint(reader, 0)!;
  assert.is(fstatSync(copy.fd).size, IN_PLACE_ABOVE + 14);
  const { oid } = core.statObject(copy.attr.oid);
  inPlace.closed(reader, holder(1), Number.POSITIVE_INFINITY);
  assert.is(inPlace.size, 1, 'another holder closes nothing');
  assert.ok(core.content.object(oid));
});

test('a reader ends with its last descriptor, in whichever process', ({ session: { inPlace }, ino }) => {
  const [first, second] = [holder(1), holder(2)];
  const reader = inPlace.opened(ino, 'main', first);
  inPlace.held(reader, second);
  inPlace.held(reader, second);
  inPlace.closed(reader, first);
  inPlace.closed(reader, second);
  assert.ok(inPlace.has(reader));
  inPlace.released(second);
  assert.not.ok(inPlace.has(reader));
  assert.is(inPlace.size, 0);
  assert.is(inPlace.repoint(reader, 0), undefined, 'an ended reader');
});

test('a copy-up in another branch does not move a reader', ({ session: { inPlace, core }, file, ino }) => {
  core.createBranch('side');
  const reader = inPlace.opened(ino, 'main', holder(1));
  core.fsFor('side').appendFileSync(file, 'tail');
  assert.is(inPlace.repoint(reader, 0), undefined);
});

test.run();
