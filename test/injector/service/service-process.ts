/** `shimfs serve` as a process of its own, to be killed and started again, and clients that resume. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildCommand } from '../../../injector/build.ts';
import { PACKAGE_ROOT } from '../../../injector/package-root.ts';
import { SseReader } from './service-world.ts';

export interface ServiceOptions {
  readonly store: string;
  readonly tokenFile: string;
  readonly token: string;
  /** Shell words before the service starts, such as a limit. */
  readonly before?: string;
}

/** Of our own, once: it starts several times as fast as the sources do. */
const BUILD = join(PACKAGE_ROOT, 'build', `service-${process.pid}`);
let built: Promise<void> | undefined;
const build = (): Promise<void> => {
  process.once('exit', () => rmSync(BUILD, { recursive: true, force: true }));
  return buildCommand(BUILD);
};

export class ServiceProcess {
  readonly url: string;
  /** Lines of standard error. */
  readonly said: string[];
  readonly #child: ChildProcess;
  readonly #options: ServiceOptions;

  private constructor(child: ChildProcess, url: string, said: string[], options: ServiceOptions) {
    this.#child = child;
    this.url = url;
    this.said = said;
    this.#options = options;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Resolves once it serves. */
  static async start(options: ServiceOptions): Promise<ServiceProcess> {
    const { store, tokenFile, before = ':' } = options;
    built ??= build();
    await built;
    const args = [join(BUILD, 'injector', 'cli', 'main.js'), 'serve', '--listen', '127.0.0.1:0'];
    const words = [...args, '--store', store, '--token-file', tokenFile];
    const child = spawn('/bin/sh', ['-c', `${before}; exec "$@"`, 'sh', process.execPath, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said: string[] = [];
    createInterface(child.stderr!).on('line', (line) => said.push(line));
    const ended = once(child, 'exit').then(() => {
      throw new Error(`the service did not start:\n${said.join('\n')}`);
    });
    const [line] = (await Promise.race([once(createInterface(child.stdout!), 'line'), ended])) as [string];
    ended.catch(() => {});
    return new ServiceProcess(child, line.slice('ready '.length), said, options);
  }

  ask(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#options.token}`,
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  }

  async json<T>(path: string): Promise<T> {
    return (await this.ask('GET', path)).json() as Promise<T>;
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exit;
  }
}

export interface Told {
  readonly id: string;
  readonly action: string;
  readonly path: string;
}

/** Follows a watcher over several connections, each of which resumes after the last event of the previous. */
export class ResumingClient {
  readonly told: Told[] = [];
  readonly #watcher: string;
  #reader: SseReader | undefined;

  constructor(watcher: string) {
    this.#watcher = watcher;
  }

  async connect(service: ServiceProcess): Promise<void> {
    const last = this.told.at(-1)?.id ?? '0'.repeat(20);
    const headers = { accept: 'text/event-stream', 'last-event-id': last };
    const answer = await service.ask('GET', `/watchers/${this.#watcher}/events`, undefined, headers);
    if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
    this.#reader = new SseReader(answer);
  }

  /** Resolves when `enough`, or when the connection ends. @returns whether it was enough */
  async until(enough: (told: readonly Told[]) => boolean): Promise<boolean> {
    const reader = this.#reader!;
    let taken = 0;
    const take = (): boolean => {
      for (const { id, event, data } of reader.messages.slice(taken)) {
        taken++;
        if (event === 'reset' || event === 'overflow') throw new Error(`${event}: ${data}`);
        if (event === undefined) this.told.push({ ...(JSON.parse(data) as Told), id: id! });
      }
      reader.messages.splice(0, taken);
      taken = 0;
      return enough(this.told);
    };
    try {
      while (!take() && !reader.done) await reader.step();
    } catch (error) {
      // A killed service hangs up in the middle.
      if (!(error instanceof TypeError) && (error as { code?: string }).code !== 'UND_ERR_SOCKET')
        throw error;
    }
    return take();
  }

  close(): Promise<void> {
    return this.#reader?.close().catch(() => {}) ?? Promise.resolve();
  }
}
