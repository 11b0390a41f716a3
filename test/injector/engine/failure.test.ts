import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { explainFailure, type ProcessFacts } from '../../../injector/engine/failure.ts';
import type { EngineErrorCode } from '../../../injector/engine/frida-engine.ts';
import type { HelperFailure } from '../../../injector/engine/helper-protocol.ts';

const test = suite('attach failures');

const LIVE: ProcessFacts = { exists: true, uid: 1000, tracer: 0, state: 'S', dumpable: true, ourUid: 1000 };
const failure = (kind: string, phase: HelperFailure['phase'] = 'attach'): HelperFailure => ({
  kind,
  message: 'as frida words it\n\trip: 0',
  phase,
});
const DENIED = failure('PermissionDeniedError');

type Row = [
  what: string,
  failure: HelperFailure,
  facts: ProcessFacts,
  code: EngineErrorCode,
  message: RegExp,
  remedy: RegExp,
];

const rows: Row[] = [
  [
    'no process',
    failure('ProcessNotFoundError'),
    { exists: false, ourUid: 0 },
    'no-such-process',
    /no process 7/,
    /pid/,
  ],
  [
    'ended meanwhile',
    failure('TransportError', 'script'),
    { ...LIVE, exists: false },
    'no-such-process',
    /7 ended/,
    /runs/,
  ],
  [
    'a zombie',
    failure('ProcessNotRespondingError'),
    { ...LIVE, state: 'Z' },
    'no-such-process',
    /ended/,
    /runs/,
  ],
  ['a debugger has it', DENIED, { ...LIVE, tracer: 42 }, 'permission', /traced by process 42/, /42/],
  ['yama 3', DENIED, { ...LIVE, yama: 3, ourUid: 0 }, 'permission', /ptrace_scope is 3/, /boot/],
  ['yama 2', DENIED, { ...LIVE, yama: 2 }, 'permission', /ptrace_scope is 2/, /root/],
  ['yama 1', DENIED, { ...LIVE, yama: 1 }, 'permission', /ptrace_scope is 1/, /shimfs run/],
  ["another user's", DENIED, { ...LIVE, yama: 1, uid: 0 }, 'permission', /user 0.*user 1000/, /root/],
  ['not dumpable', DENIED, { ...LIVE, yama: 0, dumpable: false }, 'permission', /not dumpable/, /root/],
  ['in a container', DENIED, { ...LIVE, ourUid: 0, uid: 0 }, 'permission', /denied/, /SYS_PTRACE/],
  [
    'stopped',
    failure('ProcessNotRespondingError'),
    { ...LIVE, state: 'T' },
    'timeout',
    /stopped/,
    /kill -CONT 7/,
  ],
  ['hangs', failure('TimedOutError'), LIVE, 'timeout', /time limit/, /ps/],
  ['given up', failure('OperationCancelledError'), LIVE, 'timeout', /time limit/, /ps/],
  ['static', failure('NotSupportedError'), LIVE, 'unsupported', /cannot instrument/, /dynamically linked/],
  [
    'bad script',
    failure('InvalidArgumentError', 'script'),
    LIVE,
    'script',
    /refused.*frida words it$/,
    /build/,
  ],
  ['transport', failure('TransportError', 'script'), LIVE, 'engine-failed', /failed on process 7/, /doctor/],
  ['anything else', failure('ValueError'), LIVE, 'engine-failed', /failed on process 7/, /doctor/],
];

for (const [what, failed, facts, code, message, remedy] of rows) {
  test(what, () => {
    const error = explainFailure(7, failed, facts);
    assert.is(error.code, code);
    assert.match(error.message, message);
    assert.match(error.remedy, remedy);
  });
}

test.run();
