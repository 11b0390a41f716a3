/** A fixture program that watches, and the events that it has printed. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A program that was started. */
export interface Started {
  readonly child: ChildProcess;
  readonly status: Promise<number>;
}

export interface PrintedEvent {
  /** Index of the path among its arguments; 0 for a program that watches a tree. */
  readonly index: number;
  /** NOTE_ or DISPATCH_VNODE_ bits; 0 for a program that watches a tree. */
  readonly fflags: number;
  /** The whole line. */
  readonly text: string;
  /** performance.now() of its line's arrival */
  readonly at: number;
}

const EVENT = /^event (\d+) fflags=0x([0-9a-f]+)/;

export class WatchingProgram {
  readonly child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  readonly #events: PrintedEvent[] = [];
  readonly #everyLine: boolean;
  #ready = false;
  /** Why the program prints no more events. */
  #end: string | undefined;

  /** @param everyLine every line but `ready` is an event, as of a program that watches a tree */
  constructor(program: Started, everyLine = false) {
    this.child = program.child;
    this.#everyLine = everyLine;
    const lines = createInterface({ input: program.child.stdout! });
    lines.on('line', (line) => this.#take(line));
    program.status.then(
      (status) => this.#finish(`it ended with status ${status}`),
      (error: Error) => this.#finish(error.message),
    );
  }

  #take(line: string): void {
    const event = EVENT.exec(line);
    if (event)
      this.#events.push({
        index: Number(event[1]),
        fflags: Number.parseInt(event[2], 16),
        text: line,
        at: performance.now(),
      });
    else if (line === 'ready') this.#ready = true;
    else if (this.#everyLine) this.#events.push({ index: 0, fflags: 0, text: line, at: performance.now() });
    else this.#end ??= line;
    for (const wake of [...this.#waiting]) wake();
  }

  #finish(reason: string): void {
    this.#end ??= reason;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves when `done` holds, or after `limitMs`. @returns whether it holds */
  until(done: () => boolean, limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = (result: boolean): void => {
        clearTimeout(limit);
        this.#waiting.delete(check);
        resolve(result);
      };
      const check = (): void => {
        if (done()) finish(true);
        else if (this.#end !== undefined) finish(false);
      };
      const limit = setTimeout(() => finish(done()), limitMs);
      this.#waiting.add(check);
      check();
    });
  }

  async ready(limitMs: number): Promise<void> {
    if (!(await this.until(() => this.#ready, limitMs)))
      throw new Error(
        `the watching program ${this.child.spawnfile} did not start watching: ${this.#end ?? `no output in ${limitMs / 1000} s`}`,
      );
  }

  /** Union of the events' bits since the last `forget`, by the path's index. */
  bits(): Map<number, number> {
    const sum = new Map<number, number>();
    for (const { index, fflags } of this.#events) sum.set(index, (sum.get(index) ?? 0) | fflags);
    return sum;
  }

  /** Lines of the events since the last `forget`, in order. */
  lines(): string[] {
    return this.#events.map(({ text }) => text);
  }

  get lastAt(): number {
    return this.#events.at(-1)?.at ?? Number.NaN;
  }

  forget(): void {
    this.#events.length = 0;
  }
}
