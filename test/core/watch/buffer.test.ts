import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Accumulator } from '../../../core/watch/accumulator.ts';
import { ChangeBuffer } from '../../../core/watch/buffer.ts';
import { type Change, control } from '../../../core/watch/change.ts';
import { collapse } from '../../../core/watch/collapse.ts';
import { histories } from './tree-model.ts';

const update = (path: string, id = 1): Change => ({ kind: 'update', path, type: 'file', id, time: id });

const buffers = suite('buffer');

buffers('is empty, is not, is again', () => {
  const buffer = new ChangeBuffer('/r');
  assert.ok(buffer.empty);
  buffer.push(update('/r/a'));
  assert.not(buffer.empty);
  assert.equal(buffer.drain(), [update('/r/a')]);
  assert.ok(buffer.empty);
  assert.equal(buffer.drain(), []);
});

buffers('a million writes to one file do not overflow', () => {
  const buffer = new ChangeBuffer('/r', { capacity: 10 });
  for (let id = 1; id <= 1_000_000; id++) buffer.push(update('/r/a', id));
  assert.equal(buffer.drain(), [update('/r/a', 1_000_000)]);
});

buffers('changes above the capacity become one overflow with a count', () => {
  const buffer = new ChangeBuffer('/r', { capacity: 10 });
  for (let id = 1; id <= 5000; id++) buffer.push(update(`/r/${id}`, id));
  const [first, ...rest] = buffer.drain();
  assert.is(first.kind, 'overflow');
  assert.is(first.path, '/r');
  assert.is((first.count ?? 0) + rest.length, 5000);
  assert.ok(buffer.empty);
});

buffers('without collapse: exactly as many as fit', () => {
  const buffer = new ChangeBuffer('/r', { capacity: 3, collapse: false });
  for (let id = 1; id <= 3; id++) buffer.push(update('/r/a', id));
  assert.is(buffer.drain().length, 3);
  for (let id = 1; id <= 4; id++) buffer.push(update('/r/a', id));
  assert.equal(
    buffer.drain().map(({ kind, count, id }) => ({ kind, count, id })),
    [{ kind: 'overflow', count: 4, id: 4 }],
  );
});

buffers('the end of history outlives an overflow', () => {
  const buffer = new ChangeBuffer('/r', { capacity: 1 });
  buffer.push(update('/r/a'));
  buffer.push(control('history-done', '/r', 1, 1));
  buffer.push(update('/r/b'));
  assert.equal(
    buffer.drain().map((one) => one.kind),
    ['overflow', 'history-done', 'update'],
  );
});

buffers('delivers the result of collapse', () => {
  fc.assert(
    fc.property(histories, ({ changes }) => {
      const buffer = new ChangeBuffer('/');
      for (const change of changes) buffer.push(change);
      assert.equal(buffer.drain(), collapse(changes));
    }),
    { numRuns: 300 },
  );
});

buffers('a single change is delivered as collapse returns it', () => {
  for (const replaced of [undefined, 'file', 'directory'] as const) {
    const change: Change = {
      ...{ kind: 'rename', from: '/a', path: '/c', type: 'directory', id: 1, time: 1 },
      ...(replaced && { replaced }),
    };
    const buffer = new ChangeBuffer('/');
    buffer.push(change);
    assert.equal(buffer.drain(), collapse([change]));
  }
});

buffers('accumulators: four sets, once', () => {
  const sets = new Accumulator();
  const add = (kind: Change['kind'], path: string, from?: string) =>
    sets.add({ kind, path, type: 'file', id: 1, time: 1, ...(from && { from }) });
  add('create', '/new');
  add('update', '/new');
  add('update', '/old');
  add('attrib', '/mode');
  add('delete', '/gone');
  add('rename', '/b', '/a');
  add('create', '/brief');
  add('delete', '/brief');
  assert.equal(sets.getAndClear(), {
    modified: ['/old', '/mode'],
    created: ['/new'],
    deleted: ['/gone'],
    moved: [{ from: '/a', to: '/b' }],
    rescan: false,
  });
  assert.ok(sets.empty);
  sets.add(control('rescan', '/', 2, 2));
  assert.is(sets.getAndClear().rescan, true);
});

buffers.run();
