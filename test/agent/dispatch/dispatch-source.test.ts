import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DispatchSource } from '../../../agent/dispatch/dispatch-source.ts';

const test = suite('a dispatch source');
const WRITE = 0x2;
const LINK = 0x10;
const REVOKE = 0x40;

/** `a`ctivate, `r`esume, `s`uspend, `e`nd; the result says at which steps it was to be registered. */
const begins = (steps: string): string => {
  const source = new DispatchSource(1, 3, WRITE);
  return [...steps]
    .map((step) => {
      if (step === 'a') return source.activate();
      if (step === 'r') return source.resume();
      if (step === 's') source.suspend();
      else source.end();
      return false;
    })
    .map((began) => (began ? '1' : '.'))
    .join('');
};

const rows: [what: string, steps: string, registered: string][] = [
  ['activation begins it', 'a', '1'],
  ['so does resuming an inactive one', 'r', '1'],
  ['it begins once', 'aarsr', '1....'],
  ['suspended while inactive: resumed, it is still inactive', 'sr', '..'],
  ['and activated by the next resume', 'srr', '..1'],
  ['activated while suspended: with the last resume', 'ssarr', '....1'],
  ['later suspensions are the real source’s', 'asr', '1..'],
  ['cancelled before: never', 'ea', '..'],
  ['cancelled while suspended: never', 'saer', '....'],
];
for (const [what, steps, registered] of rows) test(what, () => assert.is(begins(steps), registered));

test('it is told what it asked for, and only that', () => {
  const source = new DispatchSource(1, 3, WRITE | LINK);
  source.ino = 7;
  source.post(0x1 | LINK);
  source.post(WRITE | 0x4);
  assert.is(source.pending, WRITE | LINK);
});

test('it is told nothing before it hears of an inode, or afterwards', () => {
  const source = new DispatchSource(1, 3, WRITE);
  source.post(WRITE);
  assert.is(source.pending, 0);
  source.ino = 7;
  source.post(WRITE);
  source.end();
  assert.is(source.pending, 0);
  source.post(WRITE);
  assert.is(source.pending, 0);
});

test('the end of its file is told to one that asked', () => {
  for (const [mask, told] of [
    [WRITE, 0],
    [WRITE | REVOKE, REVOKE],
  ] as const) {
    const source = new DispatchSource(1, 3, mask);
    source.ino = 7;
    source.revoke();
    assert.is(source.pending, told);
  }
});

test.run();
