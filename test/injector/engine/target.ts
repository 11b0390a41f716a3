/** Processes to attach to, and waits with a time limit for their output and for an engine's events. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ScriptEvent } from '../../../injector/engine/frida-engine.ts';

const LIMIT_MS = 20_000;

/** @throws when `promise` takes longer than any healthy machine would */
export function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited too long for ${what}`)), LIMIT_MS);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

export interface Target {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Send a line through it and wait for its echo: proof that it lives and works. */
  echo(line: string): Promise<string>;
  /** Close its input and wait for its end. */
  finish(): Promise<number | null>;
}

const started = new Set<ChildProcess>();

/** Kills processes that a failed test left running, so that the suite ends. */
export function endLeftovers(): void {
  for (const child of started) child.kill('SIGKILL');
  started.clear();
}

/** `cat`: it answers as long as it lives, and ends when its input does. It has answered once already. */
export async function startCat(): Promise<Target> {
  const child = spawn('cat', { stdio: ['pipe', 'pipe', 'inherit'] });
  started.add(child);
  const lines = child.stdout.setEncoding('utf8');
  const exit = once(child, 'exit').then(([status]) => status as number | null);
  const target: Target = {
    pid: child.pid!,
    child,
    echo: async (line) => {
      const answer = once(lines, 'data');
      child.stdin.write(`${line}\n`);
      const [text] = await within(answer, `cat to echo '${line}'`);
      return String(text).trimEnd();
    },
    finish: () => {
      child.stdin.end();
      return within(exit, 'cat to end');
    },
  };
  // An attach during ld.so's start-up would be another test.
  await target.echo('ready');
  return target;
}

/** Records a script's events, and lets a test wait for them. */
export class EventLog {
  readonly events: ScriptEvent[] = [];
  #told: () => void = () => {};

  readonly sink = (event: ScriptEvent): void => {
    this.events.push(event);
    this.#told();
  };

  all<T extends ScriptEvent['type']>(type: T): Extract<ScriptEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<ScriptEvent, { type: T }> => event.type === type);
  }

  /** Event number `index` (from 0) of this type, past or future. Only a single waiter at a time. */
  async take<T extends ScriptEvent['type']>(type: T, index = 0): Promise<Extract<ScriptEvent, { type: T }>> {
    while (this.all(type).length <= index) {
      const news = new Promise<void>((resolve) => {
        this.#told = resolve;
      });
      await within(news, `${type} event number ${index}`);
    }
    return this.all(type)[index];
  }
}
