/** The start of an agent, with an engine that the test plays. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EngineError, type FridaEngine, type ScriptEvent } from '../../../../injector/engine/frida-engine.ts';
import { outcomeOf, startAgent } from '../../../../injector/host/agents/agent-start.ts';
import { pid } from '../../../support/numbers.ts';

const test = suite('agent start');

/** @param replies events of the script, once it is started */
function setup(replies: readonly ScriptEvent[], post: () => Promise<void> = () => Promise.resolve()) {
  let emit: (event: ScriptEvent) => void = () => undefined;
  const trouble: ScriptEvent[] = [];
  let ends = 0;
  const script = {
    post: async () => {
      await post();
      for (const event of replies) emit(event);
    },
  };
  const engine = {
    inject: (_: number, __: unknown, onEvent: (event: ScriptEvent) => void) => {
      emit = onEvent;
      return Promise.resolve(script);
    },
  } as unknown as FridaEngine;
  const started = startAgent(engine, {
    pid: pid(5),
    source: '',
    payload: {},
    onEnded: () => ends++,
    onTrouble: (event) => trouble.push(event),
  });
  return { started, trouble, emit: (event: ScriptEvent) => emit(event), ends: () => ends };
}

const message = (payload: unknown): ScriptEvent => ({ type: 'message', payload }) as ScriptEvent;
const detached = { type: 'detached', reason: 'process-terminated' } as ScriptEvent;
const error = { type: 'error', description: 'a ReferenceError' } as ScriptEvent;

test('events after the start are trouble, and a detach ends the agent', async () => {
  const { started, trouble, emit, ends } = setup([message({ type: 'ready' })]);
  await started;
  emit(error);
  emit(detached);
  assert.equal(trouble, [error, detached]);
  assert.is(ends(), 1);
});

for (const [name, events, code, text] of [
  ['a script error', [error], 'script', /ReferenceError/],
  ['a failed start', [message({ type: 'failed', reason: 'no gate' })], 'script', /no gate/],
  ['the end of the process', [detached], 'no-such-process', /process 5 ended/],
  ['other messages first', [message({ type: 'log' }), detached], 'no-such-process', /ended/],
] as const)
  test(`${name} rejects the start`, async () => {
    try {
      await setup(events).started;
      assert.unreachable();
    } catch (caught) {
      assert.instance(caught, EngineError);
      assert.is((caught as EngineError).code, code);
      assert.match((caught as EngineError).message, text);
    }
  });

test('a message that cannot be sent rejects the start', async () => {
  const { started } = setup([], () => Promise.reject(new Error('the script is destroyed')));
  try {
    await started;
    assert.unreachable();
  } catch (caught) {
    assert.match((caught as Error).message, /destroyed/);
  }
});

test('an unknown message decides nothing', () => {
  assert.is(outcomeOf(pid(1), message({ type: 'later' })), undefined);
});

test.run();
