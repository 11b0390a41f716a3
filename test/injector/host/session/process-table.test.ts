/** The binding of a process, from its environment, a later bind, and its parent. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Pid } from '../../../../core/numbers.ts';
import { type BoundConnection, ProcessTable } from '../../../../injector/host/session/process-table.ts';
import { pid } from '../../../support/numbers.ts';

class Connection implements BoundConnection {
  readonly uid = 0;
  readonly peer: { pid: Pid };
  binding = 0;
  constructor(number: number) {
    this.peer = { pid: pid(number) };
  }
  rebind(binding: number): void {
    this.binding = binding;
  }
}

/** A table of processes with start times from the test. */
function setup() {
  const started = new Map<number, string>();
  const table = new ProcessTable((number) => started.get(number) ?? '');
  const add = (number: number): Connection => {
    const connection = new Connection(number);
    if (!started.has(number)) started.set(number, `start of ${number}`);
    table.add(connection);
    return connection;
  };
  return { table, started, add };
}

const test = suite('process table');

test('a process has the binding of its environment until it is bound', () => {
  const { table } = setup();
  assert.is(table.bindingOf(pid(10), 3, 0), 3);
});

test('a bound process keeps its binding over an exec, and its forked children inherit it', () => {
  const { table, started, add } = setup();
  const first = add(10);
  started.set(11, 'a child');
  assert.ok(table.bind(pid(10), 3));
  assert.is(first.binding, 3);
  assert.is(table.bindingOf(pid(10), 0, 0), 3, 'exec');
  assert.is(table.bindingOf(pid(11), 0, pid(10)), 3, 'fork');
  assert.is(table.bindingOf(pid(11), 0, 0), 3, 'exec of the forked child');
  assert.is(table.bindingOf(pid(12), 0, 0), 0, 'an unrelated process');
});

test('a later process with the same pid does not inherit the binding', () => {
  const { table, started, add } = setup();
  table.remove(add(10));
  add(10);
  table.bind(pid(10), 3);
  started.set(10, 'a later start');
  assert.is(table.bindingOf(pid(10), 0, 0), 0);
});

test('a pid without a connection cannot be bound', () => {
  const { table, add } = setup();
  assert.not(table.bind(pid(10), 3));
  table.remove(add(10));
  assert.not(table.bind(pid(10), 3));
});

test('all images of a process are bound together', () => {
  const { table, add } = setup();
  const images = [add(10), add(10)];
  table.bind(pid(10), 2);
  assert.equal(
    images.map(({ binding }) => binding),
    [2, 2],
  );
  assert.equal(table.pids, [10]);
});

test('only records of ended processes are dropped', () => {
  const { table, add } = setup();
  add(1);
  table.bind(pid(1), 9);
  for (let number = 2; number < 6000; number++) {
    const connection = add(number);
    table.bind(pid(number), 1);
    table.remove(connection);
  }
  assert.is(table.bindingOf(pid(1), 0, 0), 9);
  assert.is(table.bindingOf(pid(2), 0, 0), 0, 'dropped');
});

test('the table agrees with a model under random starts, ends, binds, forks and execs', () => {
  const number = fc.integer({ min: 1, max: 4 });
  const step = fc.oneof(
    fc.record({ kind: fc.constant('exec' as const), number }),
    fc.record({ kind: fc.constant('end' as const), number }),
    fc.record({ kind: fc.constant('bind' as const), number, binding: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ kind: fc.constant('fork' as const), number, child: number }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { table, started, add } = setup();
      const alive = new Map<number, { connection: Connection; bound: number | undefined }>();
      let starts = 0;
      const start = (pidNumber: number, parent: number, bound: number | undefined): void => {
        started.set(pidNumber, `${++starts}`);
        const binding = table.bindingOf(pid(pidNumber), 0, parent as Pid | 0);
        assert.is(binding, bound ?? 0);
        alive.set(pidNumber, { connection: add(pidNumber), bound });
      };
      for (const one of steps) {
        const known = alive.get(one.number);
        if (one.kind === 'bind') {
          assert.is(table.bind(pid(one.number), one.binding), known !== undefined);
          if (known) known.bound = one.binding;
        } else if (one.kind === 'end') {
          if (known) table.remove(known.connection);
          alive.delete(one.number);
        } else if (one.kind === 'exec') {
          if (!known) start(one.number, 0, undefined);
          else assert.is(table.bindingOf(pid(one.number), 0, 0), known.bound ?? 0);
        } else if (known && !alive.has(one.child)) start(one.child, one.number, known.bound);
      }
    }),
  );
});

test.run();
