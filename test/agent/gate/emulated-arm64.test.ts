/**
 * The gate on 64-bit Arm Linux, under user-mode emulation, with the host beside it as it is: socket, shared page and
 * object files are the same for both.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SESSION_VARIABLE } from '../../../core/protocol.ts';
import { SessionHost } from '../../../injector/host/session-host.ts';
import { buildGateFor, GATE_TARGETS } from '../../../injector/run/gate-cross.ts';
import { findZig } from '../../support/zig.ts';

const EMULATOR = 'qemu-aarch64-static';
const SYSROOT = '/usr/aarch64-linux-gnu';
const TARGET = GATE_TARGETS.find(({ triple }) =>
  triple.startsWith('aarch64-linux'),
) as (typeof GATE_TARGETS)[0];

const EXPECTED = `write 5 -
stat 0 -
size 5 -
mode 33184 -
read 5 -
mkdir 0 -
symlink 0 -
open nofollow -1 ELOOP
open as directory -1 ENOTDIR
entries 4 -
closedir 0 -
chdir 0 -
cwd /v/d
line hello
child 0 -
child's file 0 -
missing -1 ENOENT
rename 0 -
unlink 0 -
registers lost 0 -
foreign 0 -
cancelled in a foreign open 1 -
cancelled in a leaf 1 -
`;

/** Why this cannot be tried here, or undefined. */
function missing(): string | undefined {
  if (process.platform !== 'linux') return 'the emulator of single programs is for Linux';
  if (spawnSync(EMULATOR, ['--version']).error)
    return `there is no ${EMULATOR} (Debian: apt-get install qemu-user-static)`;
  for (const library of ['libc.so.6', 'libgcc_s.so.1'])
    if (!existsSync(join(SYSROOT, 'lib', library)))
      return `there is no ${library} for arm64 (Debian: apt-get install libc6-arm64-cross libgcc-s1-arm64-cross)`;
  return undefined;
}

/** Runs the program once for each list of arguments, in one session. @returns what it said and its status, for each */
async function run(
  program: string,
  gate: string,
  calls: readonly (readonly string[])[],
): Promise<[string, number][]> {
  const host = await SessionHost.open({
    name: `arm${process.pid}`,
    mounts: ['/v'],
    engine: () => Promise.reject(new Error('no agent in an emulated program')),
    agentSource: () => '',
    gate,
    report: () => {},
  });
  const environment = [
    `LD_PRELOAD=${gate}`,
    `${SESSION_VARIABLE}=${host.session.environmentValue('main', 0)}`,
  ];
  const guest = ['-L', SYSROOT, ...environment.flatMap((variable) => ['-E', variable]), program];
  const answers: [string, number][] = [];
  try {
    for (const args of calls) {
      const child = spawn(EMULATOR, [...guest, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        said += chunk;
      });
      const [status] = (await once(child, 'close')) as [number];
      answers.push([said, status]);
    }
    return answers;
  } finally {
    await host.close();
  }
}

const zig = await findZig();
const reason = typeof zig === 'string' ? zig : missing();
if (reason || typeof zig === 'string') {
  console.log(`skipped: nothing can be said of 64-bit Arm, ${reason}`);
} else {
  const out = mkdtempSync(join(tmpdir(), 'arm64-'));
  test.after(() => rmSync(out, { recursive: true, force: true }));
  test('a program on 64-bit Arm sees the virtual files, and its registers and stacks are its own', async () => {
    const { library, messages } = buildGateFor(TARGET, out, zig.compile);
    assert.is(messages, '');
    const source = fileURLToPath(new URL('arm64_program.c', import.meta.url));
    const program = join(out, 'program');
    assert.is(zig.compile(TARGET.triple, ['-O1', '-o', program, source]), '');
    // The second process finds the call sites in the first one's list.
    const answers = await run(program, library, [[out], [out, 'again']]);
    assert.is(answers[0]?.[0], EXPECTED);
    assert.equal(answers, [
      [EXPECTED, 0],
      ["child's file 0 -\n", 0],
    ]);
  });
  test.run();
}
