/** A program that reports events line by line, and a shell beside it that makes changes. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';

/** A program silent for so long hangs. */
const LIMIT_MS = 60_000;

export class Follower {
  readonly child: ChildProcess;
  /** Its output, of both streams, in order. */
  readonly lines: string[] = [];
  readonly ended: Promise<number>;
  #over = false;
  #wake: () => void = () => undefined;
  #read = 0;

  constructor(child: ChildProcess) {
    this.child = child;
    for (const stream of [child.stdout!, child.stderr!])
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        this.#wake();
      });
    child.stdin?.on('error', () => undefined); // it may not want to read
    this.ended = new Promise((resolve) =>
      child.once('close', (code, signal) => {
        this.#over = true;
        this.#wake();
        resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
      }),
    );
  }

  /** The lines up to the first new line that matches. @throws Error if it ends, or is silent, before that */
  async until(pattern: RegExp): Promise<string[]> {
    const from = this.#read;
    for (;;) {
      const at = this.lines.findIndex((line, i) => i >= from && pattern.test(line));
      if (at >= 0) {
        this.#read = at + 1;
        return this.lines.slice(from, this.#read);
      }
      if (this.#over) throw new Error(`it ended without saying ${pattern}:\n${this.lines.join('\n')}`);
      await this.#moreOf(pattern);
    }
  }

  #moreOf(pattern: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(
        () => reject(new Error(`${pattern} was not said within ${LIMIT_MS} ms:\n${this.lines.join('\n')}`)),
        LIMIT_MS,
      );
      this.#wake = () => {
        clearTimeout(limit);
        resolve();
      };
    });
  }

  /** The next line, or its end, or the timeout. */
  more(patience: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (this.#over || patience.aborted) return resolve();
      this.#wake = resolve;
      patience.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** @returns its status, 128+n for a signal */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    if (!this.#over) this.child.kill(signal);
    return this.ended;
  }
}

/** Waits until the process sleeps and stays asleep: it has read everything queued. */
export async function idle(pid: number): Promise<void> {
  const switches = (): string => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return /State:\s+S/.test(status) ? (/voluntary_ctxt_switches:\s+(\d+)/.exec(status)?.[1] ?? '') : '';
  };
  for (let same = 0, last = ''; same < 10; ) {
    const now = switches();
    same = now !== '' && now === last ? same + 1 : 0;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A bash that stays alive: each of its lines has finished when `run` returns. */
export class Shell {
  readonly #follower: Follower;
  #count = 0;

  constructor(child: ChildProcess) {
    this.#follower = new Follower(child);
  }

  async run(line: string): Promise<void> {
    const end = `=${this.#count++}=`;
    this.#follower.child.stdin!.write(`{ ${line}\n} || echo "failed: $?"; echo ${end}\n`);
    const said = await this.#follower.until(new RegExp(`^${end}$`));
    if (said.length > 1) throw new Error(`${line}: ${said.slice(0, -1).join('\n')}`);
  }

  async end(): Promise<void> {
    this.#follower.child.stdin!.end('exit 0\n');
    await this.#follower.ended;
  }
}
