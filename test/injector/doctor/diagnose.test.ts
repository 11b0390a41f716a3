import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkCanary } from '../../../injector/doctor/canary.ts';
import { type Check, ok, renderChecks } from '../../../injector/doctor/check.ts';
import { diagnose } from '../../../injector/doctor/diagnose.ts';
import { checkObjectDirectory, checkRunDirectory } from '../../../injector/doctor/storage.ts';
import {
  checkCompiler,
  checkEngines,
  checkKoffi,
  checkNode,
  checkPlatform,
  checkPtrace,
  checkPython,
} from '../../../injector/doctor/system.ts';
import { EngineError, type FridaEngine } from '../../../injector/engine/frida-engine.ts';
import type { CommandRunner } from '../../../injector/engine/venv.ts';
import { scratch } from '../platform/scratch.ts';

const test = suite('doctor');

const absent: CommandRunner = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOENT' }));
const says =
  (status: number, output: string): CommandRunner =>
  async () => ({ status, output });
const broken = (message: string) => () => {
  throw new Error(message);
};

type Row = [what: string, check: () => Check | Promise<Check>, status: Check['status'], detail: RegExp];
const rows: Row[] = [
  ['node 20.19', () => checkNode('20.19.0'), 'ok', /20\.19\.0/],
  ['node 22', () => checkNode('22.1.0'), 'ok', /22/],
  ['node 20.18', () => checkNode('20.18.3'), 'fail', /too old/],
  ['windows', () => checkPlatform('win32', 'x64'), 'fail', /win32 x64 is not supported/],
  ['a mac', () => checkPlatform('darwin', 'arm64'), 'ok', /darwin arm64/],
  ['linux on mips', () => checkPlatform('linux', 'mips'), 'fail', /mips/],
  ['python', () => checkPython(says(0, '3.11.7\n')), 'ok', /^3\.11\.7$/],
  ['python without venv', () => checkPython(says(1, 'No module named venv')), 'warn', /venv/],
  ['no python', () => checkPython(absent), 'warn', /missing/],
  ['no Yama', () => checkPtrace(undefined, false), 'ok', /no Yama/],
  ['scope 0', () => checkPtrace(0, false), 'ok', /scope is 0/],
  ['scope 1', () => checkPtrace(1, false), 'warn', /shimfs run/],
  ['scope 1 as root', () => checkPtrace(1, true), 'ok', /scope is 1/],
  ['scope 2', () => checkPtrace(2, false), 'warn', /virtual files cannot be watched/],
  ['scope 3 as root', () => checkPtrace(3, true), 'warn', /virtual files cannot be watched/],
  ['a compiler', () => checkCompiler(says(0, 'cc 1.0\nmore'), 'cc'), 'ok', /^cc 1\.0$/],
  ['a broken compiler', () => checkCompiler(says(1, 'bad licence'), 'cc'), 'fail', /bad licence/],
  ['no compiler', () => checkCompiler(absent, 'cc'), 'fail', /cc is missing/],
  ['koffi', () => checkKoffi(), 'ok', /can be loaded/],
  ['no koffi', () => checkKoffi(broken('koffi cannot be loaded')), 'fail', /cannot be loaded/],
  ['a run directory', () => checkRunDirectory(scratch), 'ok', /shimfs-test/],
  ['no run directory', () => checkRunDirectory(broken('it is a link')), 'fail', /a link/],
  ['no object directory', () => checkObjectDirectory(broken('nowhere')), 'fail', /nowhere/],
  [
    'a lesser object directory',
    () =>
      checkObjectDirectory(() => ({
        path: '/t',
        ramBacked: false,
        executable: true,
        freeBytes: 1,
        reason: '/t on disk',
        degraded: true,
      })),
    'warn',
    /on disk/,
  ],
];
for (const [what, check, status, detail] of rows) {
  test(what, async () => {
    const told = await check();
    assert.is(told.status, status, told.detail);
    assert.match(told.detail, detail);
    if (status !== 'ok') assert.ok(told.remedy, 'it says what to do');
  });
}

const engineThat = (inject: FridaEngine['inject']): FridaEngine => ({
  info: async () => ({ adapter: 'fake', version: '1', helperPid: 1 }),
  inject,
  close: async () => {},
});

test('the canary reports why an engine is missing', async () => {
  const engine: FridaEngine = {
    ...engineThat(() => Promise.reject(new Error('not to be reached'))),
    info: () => Promise.reject(new EngineError('engine-missing', 'no network', 'get one')),
  };
  const told = await checkCanary(engine);
  assert.equal([told.status, told.detail, told.remedy], ['warn', 'no network', 'get one']);
});

test('the canary reports why an attach failed', async () => {
  const denied = await checkCanary(
    engineThat(() => Promise.reject(new EngineError('permission', 'denied', 'be root'))),
  );
  assert.equal([denied.status, denied.detail, denied.remedy], ['fail', 'denied', 'be root']);
  const threw = await checkCanary(
    engineThat(async (pid, _script, onEvent) => {
      onEvent({ type: 'error', description: 'odd' });
      return { pid, post: async () => {}, detach: async () => {} };
    }),
  );
  assert.is(threw.status, 'fail');
  assert.match(threw.detail, 'odd');
});

test('this machine, with a real attach', async () => {
  const checks = await diagnose({
    extraChecks: [
      async () => [ok('gate', 'one'), ok('gate 2', 'two')],
      async function gateThatBreaks() {
        throw new Error('broken check');
      },
    ],
  });
  const by = (name: string) => checks.find((check) => check.name === name);
  assert.equal(
    checks.map(({ name }) => name),
    [
      ...['node', 'platform', 'koffi', 'C compiler', 'run directory', 'object directory', 'python3 + venv'],
      ...['frida engine', 'ptrace', 'canary attach', 'gate', 'gate 2', 'gateThatBreaks'],
    ],
  );
  assert.is(by('canary attach')?.status, 'ok', by('canary attach')?.detail);
  assert.match(by('canary attach')!.detail, /answered in \d+ ms/);
  assert.equal(by('gateThatBreaks')?.status, 'fail');
});

test('engines are described without fetching', async () => {
  const told = await checkEngines(absent);
  assert.ok(told.status === 'ok' || told.remedy);
});

test('the table shows remedies, the JSON all of it', () => {
  const checks: Check[] = [
    ok('a', 'fine'),
    { name: 'long', status: 'fail', detail: 'bad', remedy: 'mend it' },
    { name: 'b', status: 'warn', detail: 'so so' },
  ];
  assert.is(
    renderChecks(checks),
    [
      'ok    a     fine',
      'fail  long  bad',
      '            → mend it',
      'warn  b     so so',
      '',
      '1 ok, 1 with warnings, 1 failed',
    ].join('\n'),
  );
  assert.equal(JSON.parse(renderChecks(checks, { json: true })), {
    ok: false,
    checks: JSON.parse(JSON.stringify(checks)),
  });
  assert.is(JSON.parse(renderChecks([ok('a', 'b')], { json: true })).ok, true);
});

test.run();
