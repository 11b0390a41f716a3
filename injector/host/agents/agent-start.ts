/** Injects an agent into a process and waits until it serves. */
import type { Pid } from '../../../core/numbers.ts';
import {
  EngineError,
  type FridaEngine,
  type InjectedScript,
  type ScriptEvent,
} from '../../engine/frida-engine.ts';

/** From attach to the agent's connection. Measured: 0.1 s; the limit is for machines under load. */
const START_TIMEOUT_MS = 20_000;

export interface AgentStart {
  readonly pid: Pid;
  /** The bundled script. */
  readonly source: string;
  /** Sent to the script as it starts. */
  readonly payload: unknown;
  /** The agent has ended, with the process or before it. */
  readonly onEnded: () => void;
  /** A message after the start. */
  readonly onTrouble: (event: ScriptEvent) => void;
}

/** @throws EngineError */
export async function startAgent(engine: FridaEngine, start: AgentStart): Promise<InjectedScript> {
  const { pid, source, payload } = start;
  const ready = deferred();
  // Its rejection may come before it is awaited.
  ready.promise.catch(() => undefined);
  const deadline = setTimeout(() => ready.reject(timeout(pid)), START_TIMEOUT_MS);
  let started = false;
  const onEvent = (event: ScriptEvent): void => {
    if (event.type === 'detached') start.onEnded();
    if (started) {
      start.onTrouble(event);
      return;
    }
    const outcome = outcomeOf(pid, event);
    if (outcome === 'ready') ready.resolve();
    else if (outcome) ready.reject(outcome);
  };
  try {
    const script = await engine.inject(pid, { source, name: 'shimfs' }, onEvent);
    // Not awaited: the deadline covers the agent's answer only.
    script.post({ type: 'start', payload }).catch((error: Error) => ready.reject(error));
    await ready.promise;
    started = true;
    return script;
  } finally {
    clearTimeout(deadline);
  }
}

function deferred() {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

const timeout = (pid: Pid): EngineError =>
  new EngineError(
    'timeout',
    `the agent in process ${pid} did not answer within ${START_TIMEOUT_MS / 1000} s`,
    'Check whether the process is stopped.',
  );

/** The outcome of a start, if this event decides it. */
export function outcomeOf(pid: Pid, event: ScriptEvent): 'ready' | EngineError | undefined {
  if (event.type === 'error') return new EngineError('script', event.description, 'Run `shimfs doctor`.');
  if (event.type === 'detached')
    return new EngineError(
      'no-such-process',
      `process ${pid} ended: ${event.reason}`,
      'Read its own output.',
    );
  const { type, reason = 'the agent failed' } = event.payload as { type?: string; reason?: string };
  if (type === 'ready') return 'ready';
  return type === 'failed' ? new EngineError('script', reason, 'Run `shimfs doctor`.') : undefined;
}
