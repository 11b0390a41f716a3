/** Shared by all measures: a session, a tmpfs directory, and programs that are driven by their stdio. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buildAgent } from '../../injector/build.ts';
import { engineInstalled, openEngine } from '../../injector/engine/select.ts';
import { cacheDirectory } from '../../injector/engine/venv.ts';
import { SessionHost } from '../../injector/host/session-host.ts';
import { gateLibrary } from '../../injector/run/gate-library.ts';
import { startProgram } from '../../injector/run/program.ts';

export const MOUNT = '/v';
/** A program that prints nothing for this long hangs. */
const PATIENCE_MS = 30_000;

export class BrokenMeasurement extends Error {}

/** A running program. Its answers are lines, or records of a fixed size. */
export class Worker {
  readonly child: ChildProcess;
  readonly name: string;
  #bytes: Buffer = Buffer.alloc(0);
  #said = '';
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.child = child;
    child.stdout!.on('data', (chunk: Buffer) => {
      this.#bytes = this.#bytes.length > 0 ? Buffer.concat([this.#bytes, chunk]) : chunk;
      this.#wake?.();
    });
    child.stderr!.on('data', (chunk: Buffer) => {
      this.#said += chunk;
    });
    child.stdin!.on('error', () => undefined);
    child.on('close', () => {
      this.#ended = true;
      this.#wake?.();
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  async #until<T>(take: () => T | undefined): Promise<T> {
    const patience = setTimeout(() => {
      this.#said += ' (it said nothing for too long)';
      this.#ended = true;
      this.#wake?.();
    }, PATIENCE_MS);
    try {
      for (;;) {
        const taken = take();
        if (taken !== undefined) return taken;
        if (this.#ended)
          throw new BrokenMeasurement(
            `${this.name} ended in the middle: ${this.#said.trim() || 'without a word'}`,
          );
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(patience);
    }
  }

  /** The numbers on the next line. */
  numbers(): Promise<number[]> {
    return this.#until(() => {
      const end = this.#bytes.indexOf(10);
      if (end < 0) return undefined;
      const line = this.#bytes.toString('latin1', 0, end);
      this.#bytes = this.#bytes.subarray(end + 1);
      return line.split(' ').map(Number);
    });
  }

  record(size: number): Promise<Buffer> {
    return this.#until(() => {
      if (this.#bytes.length < size) return undefined;
      const record = this.#bytes.subarray(0, size);
      this.#bytes = this.#bytes.subarray(size);
      return record;
    });
  }

  /** Complete records that arrived without a command. */
  get waiting(): number {
    return this.#bytes.length;
  }

  tell(line: string): void {
    this.child.stdin!.write(`${line}\n`);
  }

  async ask(line: string): Promise<number[]> {
    this.tell(line);
    return this.numbers();
  }

  async end(): Promise<void> {
    const closed = this.#ended ? undefined : new Promise((resolve) => this.child.once('close', resolve));
    this.child.stdin!.end();
    this.child.kill('SIGKILL');
    await closed;
  }

  /** Resident set, bytes: current and peak. */
  memory(): { now: number; most: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, 'latin1');
    const field = (name: string): number =>
      Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) * 1024;
    return { now: field('VmRSS'), most: field('VmHWM') };
  }
}

export class Bed {
  readonly host: SessionHost;
  /** A RAM-backed directory of the kernel. */
  readonly real: string;
  readonly #workers = new Set<Worker>();

  private constructor(host: SessionHost, real: string) {
    this.host = host;
    this.real = real;
  }

  /** @param overlays real directories that are also mounts */
  static async make(overlays: readonly string[] = []): Promise<Bed> {
    const bundle = join(cacheDirectory(), `bench-agent-${process.pid}.js`);
    await buildAgent(bundle);
    const source = readFileSync(bundle, 'utf8');
    rmSync(bundle);
    const host = await SessionHost.open({
      name: `bench-${process.pid}${overlays.length > 0 ? '-over' : ''}`,
      mounts: [MOUNT, ...overlays],
      overlays,
      engine: () => openEngine({}),
      engineReady: engineInstalled,
      agentSource: () => source,
      gate: gateLibrary(),
      report: (message) => process.stderr.write(`${message}\n`),
    });
    return new Bed(host, mkdtempSync('/dev/shm/shimfs-bench-'));
  }

  /** Node's `fs` over the session's files. */
  get fs(): SessionHost['core']['fs'] {
    return this.host.core.fs;
  }

  bare(path: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Worker {
    const child = spawn(path, args, { stdio: 'pipe', env: { ...process.env, ...env } });
    return this.#take(path, child);
  }

  covered(path: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Worker {
    const { child, status, allEnded } = startProgram({
      command: path,
      args,
      env: { ...process.env, ...env },
      stdio: 'pipe',
      gate: this.host.file.gate,
      isVirtual: (p) => p.startsWith(`${MOUNT}/`),
      session: (keepalive) => this.host.session.environmentValue('main', keepalive),
    });
    status.catch(() => undefined);
    void allEnded;
    return this.#take(path, child);
  }

  #take(path: string, child: ChildProcess): Worker {
    (child.stdio[3] as Readable | undefined)?.resume();
    const worker = new Worker(path.slice(path.lastIndexOf('/') + 1), child);
    this.#workers.add(worker);
    return worker;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.end()));
    await this.host.close();
    rmSync(this.real, { recursive: true, force: true });
  }
}
