/** Limits of a session: each is accepted at its limit and refused above it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LIMITS, MOUNTS_BYTES } from '../../../core/protocol.ts';
import { SessionError } from '../../../injector/platform/run-directory.ts';
import { checkLimits, checkObjectDirectory } from '../../../injector/platform/session-limits.ts';

const gate = '/gate.so';
const mounts = (count: number): string[] => Array.from({ length: count }, (_, i) => `/m${i}`);
const refused = (body: () => void): SessionError => {
  try {
    body();
  } catch (error) {
    assert.instance(error, SessionError);
    return error as SessionError;
  }
  return assert.unreachable('it was accepted') as never;
};

const limits = suite('limits of a session');
limits('the number of mounts', () => {
  checkLimits({ mounts: mounts(LIMITS.MAX_MOUNTS), gate });
  const error = refused(() => checkLimits({ mounts: mounts(LIMITS.MAX_MOUNTS + 1), gate }));
  assert.match(error.message, `${LIMITS.MAX_MOUNTS + 1} were asked for`);
});
limits('the bytes of their paths', () => {
  const long = (count: number) => mounts(count).map((path) => path.padEnd(1023, 'x'));
  checkLimits({ mounts: long(MOUNTS_BYTES / 1024 - 1), gate });
  assert.match(refused(() => checkLimits({ mounts: long(MOUNTS_BYTES / 1024), gate })).message, 'room for');
});
limits('the path of the library', () => {
  checkLimits({ mounts: [], gate: `/${'g'.repeat(LIMITS.MAX_GATE_PATH - 2)}` });
  refused(() => checkLimits({ mounts: [], gate: `/${'g'.repeat(LIMITS.MAX_GATE_PATH - 1)}` }));
});
limits('the path of the object directory', () => {
  checkObjectDirectory(`/${'o'.repeat(LIMITS.MAX_OBJECT_DIRECTORY - 2)}`);
  refused(() => checkObjectDirectory(`/${'o'.repeat(LIMITS.MAX_OBJECT_DIRECTORY - 1)}`));
});
limits.run();
