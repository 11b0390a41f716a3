/** The agents of a session: who has one, what it watches, and how one is brought in. */
import type { FsEvent } from '../../core/events/fs-event.ts';
import {
  EngineError,
  type FridaEngine,
  type InjectedScript,
  type ScriptEvent,
} from '../engine/frida-engine.ts';
import type { AgentConnection } from './agent-connection.ts';
import { Subtrees, type Visible } from './subtrees.ts';

export interface AgentOptions {
  /** Opens the engine; asked once, at the first agent. */
  readonly engine: () => Promise<FridaEngine>;
  /** May it be started before it is needed? Not where that would fetch something. Default: no. */
  readonly engineReady?: () => boolean;
  /** The bundled script. */
  readonly source: () => string;
  /** Path of the gate's library. */
  readonly gate: string;
  readonly notes: 'masked' | 'native';
  /** A watch came (+1) or went (−1): for the mark that writers look at. */
  readonly count: (ino: number, delta: number) => void;
  /** A message of an agent that is not part of its start. */
  readonly onTrouble: (pid: number, event: ScriptEvent) => void;
}

/** From attach to the agent's connection; measured 0.1 s, so this is for machines under load. */
const START_TIMEOUT_MS = 20_000;

interface Resident {
  readonly started: Promise<void>;
  script?: InjectedScript;
}

export class Agents {
  readonly #options: AgentOptions;
  readonly #connections = new Map<number, AgentConnection>();
  readonly #residents = new Map<number, Resident>();
  /** Inode → connections that watch it. */
  readonly #interest = new Map<number, Set<AgentConnection>>();
  #engine: Promise<FridaEngine> | undefined;
  readonly subtrees = new Subtrees();
  readonly #awaited = new Map<number, (() => void)[]>();

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  /** A watch may come soon: start the engine, if that is all there is to it. */
  warm(): void {
    if (this.#engine || !this.#options.engineReady?.()) return;
    const engine = this.#options.engine();
    this.#engine = engine;
    engine
      .then((one) => one.info())
      .catch(() => {
        // Whoever needs it will be told.
        if (this.#engine === engine) this.#engine = undefined;
      });
  }

  /**
   * The agent in `pid`, there when this resolves.
   * @param session the session variable's value, for a process that was not preloaded
   * @throws EngineError
   */
  bring(pid: number, session?: string): Promise<void> {
    const known = this.#residents.get(pid);
    if (known) return known.started;
    const resident: Resident = { started: this.#start(pid, session, (script) => (resident.script = script)) };
    this.#residents.set(pid, resident);
    resident.started.catch(() => this.#residents.delete(pid));
    return resident.started;
  }

  async #start(
    pid: number,
    session: string | undefined,
    keep: (script: InjectedScript) => void,
  ): Promise<void> {
    const { gate, notes, source, onTrouble } = this.#options;
    this.#engine ??= this.#options.engine();
    const engine = await this.#engine.catch((error: unknown) => {
      this.#engine = undefined;
      throw error;
    });
    let settle: { resolve(): void; reject(error: Error): void };
    const ready = new Promise<void>((resolve, reject) => {
      settle = { resolve, reject };
    });
    const deadline = setTimeout(
      () =>
        settle.reject(
          new EngineError(
            'timeout',
            `the agent in process ${pid} did not answer`,
            'Look whether the process is stopped.',
          ),
        ),
      START_TIMEOUT_MS,
    );
    let started = false;
    const onEvent = (event: ScriptEvent): void => {
      if (event.type === 'detached') this.#ended(pid);
      if (started) {
        onTrouble(pid, event);
        return;
      }
      const payload =
        event.type === 'message' ? (event.payload as { type?: string; reason?: string }) : undefined;
      if (payload?.type === 'ready') settle.resolve();
      else if (payload?.type === 'failed')
        settle.reject(
          new EngineError('script', payload.reason ?? 'the agent failed', 'Run `shimfs doctor`.'),
        );
      else if (event.type === 'error')
        settle.reject(new EngineError('script', event.description, 'Run `shimfs doctor`.'));
      else if (event.type === 'detached')
        settle.reject(
          new EngineError(
            'no-such-process',
            `process ${pid} ended: ${event.reason}`,
            'Look at its own output.',
          ),
        );
    };
    try {
      ready.catch(() => undefined);
      const script = await engine.inject(pid, { source: source(), name: 'shimfs' }, onEvent);
      keep(script);
      // Not waited for by itself: only the answer has a time limit.
      script
        .post({ type: 'start', payload: { gate, notes, session } })
        .catch((error: Error) => settle.reject(error));
      await ready;
      started = true;
    } finally {
      clearTimeout(deadline);
    }
  }

  /** Resolves when the agent in `pid` has gone, with the process or before it. */
  ended(pid: number): Promise<void> {
    if (!this.#residents.has(pid)) return Promise.resolve();
    return new Promise((resolve) => this.#awaited.set(pid, [...(this.#awaited.get(pid) ?? []), resolve]));
  }

  #ended(pid: number): void {
    this.#residents.delete(pid);
    for (const resolve of this.#awaited.get(pid) ?? []) resolve();
    this.#awaited.delete(pid);
  }

  /** The agent's own connection has said Hello. */
  connected(connection: AgentConnection): void {
    this.#connections.set(connection.pid, connection);
  }

  disconnected(connection: AgentConnection): void {
    for (const ino of [...connection.watched]) this.#watch(connection, ino, false);
    this.subtrees.disconnected(connection);
    if (this.#connections.get(connection.pid) === connection) {
      this.#connections.delete(connection.pid);
      this.#ended(connection.pid);
    }
  }

  /** @returns false when the process has no agent */
  watch(pid: number, inodes: readonly number[], on: boolean): boolean {
    const connection = this.#connections.get(pid);
    if (!connection) return false;
    for (const ino of inodes) this.#watch(connection, ino, on);
    return true;
  }

  #watch(connection: AgentConnection, ino: number, on: boolean): void {
    if (connection.watched.has(ino) === on) return;
    const set = this.#interest.get(ino) ?? new Set();
    if (on) {
      connection.watched.add(ino);
      this.#interest.set(ino, set.add(connection));
    } else {
      connection.watched.delete(ino);
      set.delete(connection);
      if (set.size === 0) this.#interest.delete(ino);
    }
    this.#options.count(ino, on ? 1 : -1);
  }

  /** Number of the last event frame on its way to the process's agent, 0 when it has none. */
  seqOf(pid: number): number {
    return this.#connections.get(pid)?.seq ?? 0;
  }

  /** @param visible the event as the connection's branch sees it, null when it does not */
  deliver(event: FsEvent, visible: Visible): void {
    const inodes = [event.ino, event.parent, event.fromParent ?? 0, event.replaced?.ino ?? 0];
    let told: Set<AgentConnection> | undefined;
    for (const ino of inodes) {
      const set = ino === 0 ? undefined : this.#interest.get(ino);
      if (!set) continue;
      for (const connection of set) {
        if (told?.has(connection)) continue;
        told = (told ?? new Set()).add(connection);
        const seen = visible(event, connection.binding);
        if (seen) connection.send(seen);
      }
    }
    if (!this.subtrees.empty) this.subtrees.deliver(event, visible, told);
  }

  connectionOf(pid: number): AgentConnection | undefined {
    return this.#connections.get(pid);
  }

  /** The process sees another branch. @param difference what leads from the one view to the other */
  rebound(pid: number, binding: number, difference: () => readonly FsEvent[]): void {
    const connection = this.#connections.get(pid);
    if (!connection) return;
    this.subtrees.rebind(connection, binding);
    const { watched } = connection;
    if (watched.size === 0 && !this.subtrees.has(connection)) return;
    for (const event of difference()) {
      const inodes = [event.ino, event.parent, event.fromParent ?? 0, event.replaced?.ino ?? 0];
      if (inodes.some((ino) => watched.has(ino)) || this.subtrees.concerns(connection, event))
        connection.send(event);
    }
  }

  /** Connections that watch something. */
  get size(): number {
    return this.#connections.size;
  }

  async close(): Promise<void> {
    for (const connection of this.#connections.values()) connection.goodbye();
    const engine = await this.#engine?.catch(() => undefined);
    await engine?.close();
  }
}
