/** A FridaEngine over a helper process. The two adapters differ only in the program that they start. */
import { explainFailure, readProcessFacts, unresponsive } from './failure.ts';
import {
  EngineError,
  type EngineInfo,
  type FridaEngine,
  type InjectedScript,
  type ScriptEvent,
  type ScriptOptions,
} from './frida-engine.ts';
import { HelperClient, type HelperEvent, type HelperProgram, HelperRefusal } from './helper-client.ts';

export interface HelperEngineOptions {
  readonly adapter: string;
  /**
   * Finds, or installs, the helper's interpreter and packages.
   * @param repair the program of the last call could not load Frida: install it again
   */
  readonly program: (repair: boolean) => Promise<HelperProgram>;
  /** Receives `console.log` lines of scripts. Default: dropped. */
  readonly onLog?: (pid: number, level: string, text: string) => void;
  /** How long an inject may take, milliseconds. */
  readonly attachLimitMs?: number;
}

const ATTACH_LIMIT_MS = 20_000;
const CANCEL_LIMIT_MS = 5_000;

export class HelperEngine implements FridaEngine {
  readonly #options: HelperEngineOptions;
  #client: Promise<HelperClient> | undefined;
  #nextScript = 1;
  #starting: Promise<HelperClient> | undefined;
  #closed = false;

  constructor(options: HelperEngineOptions) {
    this.#options = options;
  }

  async info(): Promise<EngineInfo> {
    const client = await this.#helper();
    return { adapter: this.#options.adapter, version: client.version, helperPid: client.pid };
  }

  async inject(
    pid: number,
    script: ScriptOptions,
    onEvent: (event: ScriptEvent) => void,
  ): Promise<InjectedScript> {
    const client = await this.#helper();
    const injected = new HelperScript(client, this.#nextScript++, pid, onEvent, this.#options.onLog);
    let late = false;
    let limit: NodeJS.Timeout | undefined;
    const limitMs = this.#options.attachLimitMs ?? ATTACH_LIMIT_MS;
    const stuck = new Promise<never>((_, reject) => {
      limit = setTimeout(() => {
        late = true;
        client.cancel(injected.number);
        // Frida may hang in a call that cannot be cancelled.
        limit = setTimeout(
          () => reject(unresponsive(pid, readProcessFacts(pid, client.pid))),
          Math.min(CANCEL_LIMIT_MS, limitMs),
        );
      }, limitMs);
    });
    const answered = client.call({
      op: 'inject',
      script: injected.number,
      pid,
      source: script.source,
      name: script.name,
      runtime: script.runtime ?? 'qjs',
    });
    try {
      await Promise.race([answered, stuck]);
    } catch (error) {
      injected.abandon();
      answered.catch(() => undefined);
      if (!(error instanceof HelperRefusal)) throw error;
      const facts = readProcessFacts(pid, client.pid);
      throw late ? unresponsive(pid, facts) : explainFailure(pid, error.failure, facts);
    } finally {
      clearTimeout(limit);
    }
    injected.loaded();
    return injected;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const client = await this.#client?.catch(() => undefined);
    if (client?.alive) await client.close();
  }

  /** The running helper, or a new helper if there is none or the last has died. */
  async #helper(): Promise<HelperClient> {
    if (this.#closed)
      throw new EngineError('engine-failed', 'the Frida engine was closed', 'Open a new engine.');
    const current = await this.#client?.catch(() => undefined);
    if (current?.alive) return current;
    // Several callers may find it dead: the first starts the next helper, and the others wait for it.
    const known = this.#starting;
    if (known) return known;
    const starting = this.#start().finally(() => {
      this.#starting = undefined;
    });
    this.#starting = starting;
    this.#client = starting;
    return starting;
  }

  async #start(): Promise<HelperClient> {
    const program = await this.#options.program(false);
    try {
      return await HelperClient.start(program);
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'engine-missing') throw error;
      return HelperClient.start(await this.#options.program(true));
    }
  }
}

class HelperScript implements InjectedScript {
  #over = false;
  #loaded = false;
  /** A `detached` event before the inject's answer: reported after it, or dropped if the inject failed. */
  #earlyEnd: HelperEvent | undefined;

  constructor(
    private readonly client: HelperClient,
    readonly number: number,
    readonly pid: number,
    private readonly onEvent: (event: ScriptEvent) => void,
    private readonly onLog: HelperEngineOptions['onLog'],
  ) {
    client.listen(number, (event) => this.#receive(event));
  }

  async post(payload: unknown): Promise<void> {
    if (this.#over) throw this.#endedError();
    try {
      await this.client.call({ op: 'post', script: this.number, payload });
    } catch (error) {
      throw error instanceof HelperRefusal ? this.#endedError() : error;
    }
  }

  async detach(): Promise<void> {
    if (this.#over) return;
    try {
      await this.client.call({ op: 'detach', script: this.number });
    } catch {
      // A helper that has ended has detached from its processes.
    }
    this.#receive({ event: 'detached', script: this.number, reason: 'application-requested' });
  }

  /** The inject was answered. */
  loaded(): void {
    this.#loaded = true;
    if (this.#earlyEnd) this.#receive(this.#earlyEnd);
  }

  /** The inject failed: no further events are reported. */
  abandon(): void {
    this.#over = true;
    this.client.unlisten(this.number);
  }

  #receive(event: HelperEvent): void {
    if (this.#over) return;
    switch (event.event) {
      case 'message':
        this.onEvent({ type: 'message', payload: event.payload });
        break;
      case 'error':
        this.onEvent({ type: 'error', description: event.description, stack: event.stack });
        break;
      case 'log':
        this.onLog?.(this.pid, event.level, event.text);
        break;
      case 'detached':
        if (!this.#loaded) {
          this.#earlyEnd = event;
          return;
        }
        this.#over = true;
        this.client.unlisten(this.number);
        this.onEvent({ type: 'detached', reason: event.crash ? `crash: ${event.crash}` : event.reason });
    }
  }

  #endedError(): EngineError {
    return new EngineError(
      'no-such-process',
      `the script in process ${this.pid} has ended`,
      'The process ended, was replaced by exec, or the script was detached.',
    );
  }
}
