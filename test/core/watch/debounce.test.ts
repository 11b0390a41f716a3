import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  DEBOUNCE_DEFAULTS,
  Debouncer,
  debounceRule,
  delivered,
  dueAt,
  IDLE,
  queued,
} from '../../../core/watch/debounce.ts';
import { ManualTimers } from './manual-timers.ts';

/** Deliveries as `time: number queued since the last delivery`. */
function run(options: ConstructorParameters<typeof Debouncer>[0], events: readonly number[]): string[] {
  const timers = new ManualTimers();
  const delivered: string[] = [];
  let waiting = 0;
  const debouncer = new Debouncer(options, timers, () => {
    delivered.push(`${timers.now()}: ${waiting}`);
    waiting = 0;
  });
  for (const at of events) {
    timers.advance(at - timers.now());
    waiting++;
    debouncer.touch();
  }
  timers.advance(10_000);
  return delivered;
}

const every = (step: number, until: number): number[] =>
  Array.from({ length: until / step + 1 }, (_, i) => i * step);

const CASES: readonly [string, Parameters<typeof run>[0], number[], string[]][] = [
  ['defaults: 100 ms after the last', {}, [0], ['100: 1']],
  ['a burst is one delivery', {}, [0, 30, 60], ['160: 3']],
  ['two bursts are two', {}, [0, 200], ['100: 1', '300: 1']],
  ['500 ms at most', {}, every(50, 900), ['500: 10', '1000: 9']],
  ['own times', { wait: 10, maxWait: 20 }, [0, 8, 16, 24], ['20: 3', '34: 1']],
  ['wait above maxWait', { wait: 800 }, [0, 700], ['800: 2']],
  ['leading: at once after a pause', { leading: true }, [5], ['5: 1']],
  ['leading: the rest at the end of the window', { leading: true }, [0, 10, 20], ['0: 1', '100: 2']],
  [
    'leading: windows follow one another',
    { leading: true },
    every(50, 300),
    ['0: 1', '100: 1', '200: 2', '300: 2', '400: 1'],
  ],
  ['no wait', { wait: 0, maxWait: 0 }, [0, 1], ['0: 1', '1: 1']],
];

const debounces = suite('debounce');

for (const [name, options, events, expected] of CASES)
  debounces(name, () => assert.equal(run(options, events), expected));

debounces('the last state is always delivered, and never later than maxWait', () => {
  const times = fc.array(fc.nat(400), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(times, fc.nat(200), fc.nat(600), fc.boolean(), (gaps, wait, maxWait, leading) => {
      const timers = new ManualTimers();
      let oldest: number | null = null;
      const debouncer = new Debouncer({ wait, maxWait, leading }, timers, () => {
        assert.ok(oldest !== null, 'a delivery has something to deliver');
        assert.ok(timers.now() - oldest <= Math.max(wait, maxWait));
        oldest = null;
      });
      for (const gap of gaps) {
        timers.advance(gap);
        oldest ??= timers.now();
        debouncer.touch();
      }
      timers.advance(Math.max(wait, maxWait));
      assert.is(oldest, null);
      assert.is(timers.pending, 0);
    }),
  );
});

debounces('a burst keeps one timer', () => {
  const timers = new ManualTimers();
  const debouncer = new Debouncer({}, timers, () => {});
  for (let i = 0; i < 1000; i++) debouncer.touch();
  assert.is(timers.pending, 1);
  debouncer.cancel();
  assert.is(timers.pending, 0);
});

debounces('a clock that goes backwards counts as stopped', () => {
  const rule = debounceRule();
  const state = queued(queued(delivered(1000), 1200), 900);
  assert.is(dueAt(rule, state), 1200 + DEBOUNCE_DEFAULTS.wait);
  assert.is(dueAt(rule, queued(delivered(1000), 10)), 1100);
  assert.is(dueAt(rule, IDLE), null);
});

debounces.run();
