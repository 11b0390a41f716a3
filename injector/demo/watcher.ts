/** A fixture program that watches, and what it has said so far. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A program that was started. */
export interface Started {
  readonly child: ChildProcess;
  readonly status: Promise<number>;
}

export interface Heard {
  /** Which of its paths; 0 for a program that watches a tree. */
  readonly index: number;
  /** NOTE_ or DISPATCH_VNODE_ bits; 0 for a program that watches a tree. */
  readonly fflags: number;
  /** The line itself. */
  readonly text: string;
  /** performance.now() of its line's arrival */
  readonly at: number;
}

const EVENT = /^event (\d+) fflags=0x([0-9a-f]+)/;

export class WatchingProgram {
  readonly child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  readonly #heard: Heard[] = [];
  readonly #reports: boolean;
  #ready = false;
  #over: string | undefined;

  /** @param reports every line but `ready` is one, as of a program that watches a tree */
  constructor(program: Started, reports = false) {
    this.child = program.child;
    this.#reports = reports;
    const lines = createInterface({ input: program.child.stdout! });
    lines.on('line', (line) => this.#take(line));
    program.status.then(
      (status) => this.#end(`it ended with status ${status}`),
      (error: Error) => this.#end(error.message),
    );
  }

  #take(line: string): void {
    const event = EVENT.exec(line);
    if (event)
      this.#heard.push({
        index: Number(event[1]),
        fflags: Number.parseInt(event[2], 16),
        text: line,
        at: performance.now(),
      });
    else if (line === 'ready') this.#ready = true;
    else if (this.#reports) this.#heard.push({ index: 0, fflags: 0, text: line, at: performance.now() });
    else this.#over ??= line;
    for (const wake of [...this.#waiting]) wake();
  }

  #end(why: string): void {
    this.#over ??= why;
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
        else if (this.#over !== undefined) finish(false);
      };
      const limit = setTimeout(() => finish(done()), limitMs);
      this.#waiting.add(check);
      check();
    });
  }

  async ready(limitMs: number): Promise<void> {
    if (!(await this.until(() => this.#ready, limitMs)))
      throw new Error(`a watching program did not start: ${this.#over ?? 'no word from it'}`);
  }

  /** What was heard since the last call, as one set of bits for each path's index. */
  bits(): Map<number, number> {
    const sum = new Map<number, number>();
    for (const { index, fflags } of this.#heard) sum.set(index, (sum.get(index) ?? 0) | fflags);
    return sum;
  }

  /** The same as the lines themselves, in order. */
  lines(): string[] {
    return this.#heard.map(({ text }) => text);
  }

  get lastAt(): number {
    return this.#heard.at(-1)?.at ?? Number.NaN;
  }

  forget(): void {
    this.#heard.length = 0;
  }
}
