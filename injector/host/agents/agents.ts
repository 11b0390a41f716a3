/** The agents of a session: their start, their connections, and the inodes that each watches. */

import type { FsEvent } from '../../../core/events/fs-event.ts';
import type { Pid } from '../../../core/numbers.ts';
import type { FridaEngine, ScriptEvent } from '../../engine/frida-engine.ts';
import type { AgentConnection } from './agent-connection.ts';
import { startAgent } from './agent-start.ts';
import { checkAttach } from './attach-target.ts';
import { Subtrees, type Visible } from './subtrees.ts';

export interface AgentOptions {
  /** Opens the engine; called once, at the first agent. */
  readonly engine: () => Promise<FridaEngine>;
  /** Whether the engine may be started before it is needed: not where that would download something. Default: no. */
  readonly engineReady?: () => boolean;
  /** The bundled script. */
  readonly source: () => string;
  /** Path of the gate's library. */
  readonly gate: string;
  readonly notes: 'masked' | 'native';
  /** A watch was added (+1) or removed (−1): keeps the shared page's count, which writers read. */
  readonly count: (ino: number, delta: number) => void;
  /** A message of an agent that has started. */
  readonly onTrouble: (pid: Pid, event: ScriptEvent) => void;
}

export class Agents {
  readonly #options: AgentOptions;
  readonly #connections = new Map<Pid, AgentConnection>();
  /** Agents that run or are being started, by pid. */
  readonly #started = new Map<Pid, Promise<void>>();
  /** Connections that watch an inode. */
  readonly #interest = new Map<number, Set<AgentConnection>>();
  #engine: Promise<FridaEngine> | undefined;
  readonly subtrees = new Subtrees();
  readonly #endAwaited = new Map<Pid, (() => void)[]>();

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  /** A watch may follow soon: start the engine, where that takes nothing but time. */
  warm(): void {
    if (this.#engine || !this.#options.engineReady?.()) return;
    const engine = this.#options.engine();
    this.#engine = engine;
    engine
      .then((opened) => opened.info())
      .catch(() => {
        // The first agent that needs it reports the error.
        if (this.#engine === engine) this.#engine = undefined;
      });
  }

  /**
   * Brings a running process into the session. Resolves when its agent runs.
   * @param value the session variable's value
   * @throws EngineError; UserError for a process that cannot enter
   */
  async attach(
    session: { readonly name: string; readonly objects: string },
    pid: Pid,
    value: string,
  ): Promise<void> {
    checkAttach({ ...session, gate: this.#options.gate }, pid);
    await this.bring(pid, value);
  }

  /**
   * Resolves when an agent runs in `pid`.
   * @param session the session variable's value, for a process that was not preloaded
   * @throws EngineError
   */
  bring(pid: Pid, session?: string): Promise<void> {
    const known = this.#started.get(pid);
    if (known) return known;
    const started = this.#start(pid, session);
    this.#started.set(pid, started);
    started.catch(() => this.#started.delete(pid));
    return started;
  }

  async #start(pid: Pid, session: string | undefined): Promise<void> {
    const { gate, notes, source, onTrouble } = this.#options;
    this.#engine ??= this.#options.engine();
    const engine = await this.#engine.catch((error: unknown) => {
      this.#engine = undefined;
      throw error;
    });
    await startAgent(engine, {
      pid,
      source: source(),
      payload: { gate, notes, session },
      onEnded: () => this.#ended(pid),
      onTrouble: (event) => onTrouble(pid, event),
    });
  }

  /** Resolves when the agent in `pid` has ended, with the process or before it. */
  ended(pid: Pid): Promise<void> {
    if (!this.#started.has(pid)) return Promise.resolve();
    return new Promise((resolve) =>
      this.#endAwaited.set(pid, [...(this.#endAwaited.get(pid) ?? []), resolve]),
    );
  }

  #ended(pid: Pid): void {
    this.#started.delete(pid);
    for (const resolve of this.#endAwaited.get(pid) ?? []) resolve();
    this.#endAwaited.delete(pid);
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
  watch(pid: Pid, inodes: readonly number[], on: boolean): boolean {
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

  /** Number of the last event frame sent to the process's agent, 0 when it has none. */
  seqOf(pid: Pid): number {
    return this.#connections.get(pid)?.seq ?? 0;
  }

  /** @param visible the event as the connection's branch shows it, null where it is not visible */
  deliver(event: FsEvent, visible: Visible): void {
    let notified: Set<AgentConnection> | undefined;
    for (const ino of inodesOf(event)) {
      const set = ino === 0 ? undefined : this.#interest.get(ino);
      if (!set) continue;
      for (const connection of set) {
        if (notified?.has(connection)) continue;
        notified = (notified ?? new Set()).add(connection);
        const seen = visible(event, connection.binding);
        if (seen) connection.send(seen);
      }
    }
    if (!this.subtrees.empty) this.subtrees.deliver(event, visible, notified);
  }

  connectionOf(pid: Pid): AgentConnection | undefined {
    return this.#connections.get(pid);
  }

  /** The process sees another branch. @param difference leads from the old view to the new view */
  rebound(pid: Pid, binding: number, difference: () => readonly FsEvent[]): void {
    const connection = this.#connections.get(pid);
    if (!connection) return;
    this.subtrees.rebind(connection, binding);
    const { watched } = connection;
    if (watched.size === 0 && !this.subtrees.has(connection)) return;
    for (const event of difference())
      if (inodesOf(event).some((ino) => watched.has(ino)) || this.subtrees.concerns(connection, event))
        connection.send(event);
  }

  /** Connected agents. */
  get size(): number {
    return this.#connections.size;
  }

  async close(): Promise<void> {
    for (const connection of this.#connections.values()) connection.goodbye();
    const engine = await this.#engine?.catch(() => undefined);
    await engine?.close();
  }
}

/** 0 where there is none. */
const inodesOf = (event: FsEvent): readonly number[] => [
  event.ino,
  event.parent,
  event.fromParent ?? 0,
  event.replaced?.ino ?? 0,
];
