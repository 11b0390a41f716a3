import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DispatchSource } from '../../../agent/dispatch/dispatch-source.ts';

const test = suite('a dispatch source');
const WRITE = 0x2;
const LINK = 0x10;
const REVOKE = 0x40;

/** `a`ctivate, `r`esume, `s`uspend, `e`nd; the result has a 1 for each step that asks for the registration. */
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
  ['activation registers', 'a', '1'],
  ['resuming an inactive source registers', 'r', '1'],
  ['registered once', 'aarsr', '1....'],
  ['suspended while inactive: still inactive after a resume', 'sr', '..'],
  ['suspended while inactive: the second resume activates', 'srr', '..1'],
  ['activated while suspended: registered by the last resume', 'ssarr', '....1'],
  ['later suspensions have no effect here', 'asr', '1..'],
  ['cancelled before its activation: never', 'ea', '..'],
  ['cancelled while suspended: never', 'saer', '....'],
];
for (const [what, steps, registered] of rows) test(what, () => assert.is(begins(steps), registered));

test('a source gets the bits of its mask and no others', () => {
  const source = new DispatchSource(1, 3, WRITE | LINK);
  source.ino = 7;
  source.post(0x1 | LINK);
  source.post(WRITE | 0x4);
  assert.is(source.pending, WRITE | LINK);
});

test('a source gets no bits before its registration and after its end', () => {
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

test('REVOKE is posted to a source whose mask has it', () => {
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
