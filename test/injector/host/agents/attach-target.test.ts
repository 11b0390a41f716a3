/** Which processes may be attached to, by the files that they have mapped. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { attachRefusal } from '../../../../injector/host/agents/attach-target.ts';
import { pid } from '../../../support/numbers.ts';

const test = suite('attach target');
const session = { name: 's', objects: '/shm/s.1', gate: '/cache/libshimfs-gate.so' };
const mapped = (...paths: readonly string[]): string =>
  paths.map((path) => `7f00-7f01 rw-s 00000000 00:01 7                          ${path}\n`).join('');
const GATE = '/elsewhere/libshimfs-gate.so';

const rows: readonly (readonly [string, string, RegExp | undefined])[] = [
  ['a process without the gate', mapped('/usr/bin/cat'), undefined],
  ['a file named shared, without the gate', mapped('/tmp/shared'), undefined],
  ['a gate that did not start', mapped(GATE), undefined],
  ['a process of this session', mapped(GATE, '/shm/s.1/shared'), undefined],
  ['a process of another session', mapped(GATE, '/shm/t.2/shared'), /7 is already in another session/],
  ['a process of a session that has ended', mapped(GATE, '/shm/t.2/shared (deleted)'), /another session/],
  ['a process whose maps cannot be read', '', undefined],
];
for (const [name, maps, refusal] of rows)
  test(name, () => {
    const error = attachRefusal(session, { pid: pid(7), hostOf: undefined, maps });
    if (refusal) assert.match(error?.message ?? '', refusal);
    else assert.is(error, undefined);
  });

test('a host', () => {
  const error = attachRefusal(session, { pid: pid(7), hostOf: 't', maps: '' });
  assert.match(error?.message ?? '', /process 7 is the host of session 't'/);
});

test.run();
