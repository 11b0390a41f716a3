/** Signals, jumps and cancellation in the midst of calls: as on tmpfs without us. */
import { mkdtempSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bare, compiled, TestSession } from '../support/session.ts';

const source = (name: string): string => fileURLToPath(new URL(`programs/${name}.c`, import.meta.url));
const program = compiled(source('signals'));
const cancel = compiled(source('cancel'), ['-fexceptions', '-Wno-unused-result']);
const real = mkdtempSync('/dev/shm/shimfs-signals-');
const session = await TestSession.open();

const signals = suite('signals');
signals.after(async () => {
  await session.close();
  rmSync(real, { recursive: true, force: true });
});

const table: [name: string, command: string][] = [
  ['a handler makes the same calls it interrupts', 'nested'],
  ['and so beside threads', 'threads'],
  ['siglongjmp out of a handler', 'jump'],
  ['a handler on 8 KiB of stack', 'stack'],
  ['interrupted calls give EINTR', 'interrupted'],
];
for (const [name, command] of table)
  signals(name, async () => {
    const [wanted, got] = await Promise.all([
      bare(program, [command, real]),
      session.run(program, [command, '/v']),
    ]);
    assert.is(wanted.stdout, 'ok\n', wanted.stderr);
    assert.is(got.stdout, 'ok\n', `status ${got.status} ${got.stderr}`);
    assert.is(got.status, 0);
  });

signals('cancelled threads run their handlers', async () => {
  const [wanted, got] = await Promise.all([bare(cancel, [real]), session.run(cancel, ['/v'])]);
  assert.is(wanted.status, 0);
  assert.is(got.stdout, wanted.stdout, got.stderr);
  assert.is(got.status, 0);
});

signals.run();
