/**
 * Subtree watches of agents. A watch also gets the changes of the directories that lead to its root.
 *
 * A root is a path in the branch of the agent's process: an event is matched by its path in that branch.
 */
import { EventKind, type FsEvent } from '../../../core/events/fs-event.ts';
import { SubtreeIndex } from '../../../core/events/subtree-index.ts';
import type { AgentConnection } from './agent-connection.ts';
import type { TreeEvent } from './siblings.ts';

export type Visible = (event: FsEvent, binding: number) => TreeEvent | null;

export class Subtrees {
  readonly #byBinding = new Map<number, SubtreeIndex<AgentConnection>>();
  /** Roots of each stream, by its number in the agent. */
  readonly #streams = new Map<AgentConnection, Map<number, Set<string>>>();

  get empty(): boolean {
    return this.#streams.size === 0;
  }

  rootsOf(connection: AgentConnection, stream: number): readonly string[] {
    return [...(this.#streams.get(connection)?.get(stream) ?? [])];
  }

  add(connection: AgentConnection, stream: number, roots: readonly string[]): void {
    const streams = this.#streams.get(connection) ?? new Map<number, Set<string>>();
    this.#streams.set(connection, streams);
    const set = streams.get(stream) ?? new Set();
    streams.set(stream, set);
    const index = this.#byBinding.get(connection.binding) ?? new SubtreeIndex();
    this.#byBinding.set(connection.binding, index);
    for (const root of roots) {
      set.add(root);
      index.add(root, connection);
    }
  }

  forget(connection: AgentConnection, stream: number): void {
    const streams = this.#streams.get(connection);
    const roots = streams?.get(stream);
    if (!streams || !roots) return;
    streams.delete(stream);
    const index = this.#byBinding.get(connection.binding)!;
    for (const root of roots)
      if (![...streams.values()].some((others) => others.has(root))) index.delete(root, connection);
    if (index.empty) this.#byBinding.delete(connection.binding);
    if (streams.size === 0) this.#streams.delete(connection);
  }

  has(connection: AgentConnection): boolean {
    return this.#streams.has(connection);
  }

  /** Its process sees another branch now. */
  rebind(connection: AgentConnection, binding: number): void {
    const streams = [...(this.#streams.get(connection) ?? [])];
    this.disconnected(connection);
    connection.binding = binding;
    for (const [stream, roots] of streams) this.add(connection, stream, [...roots]);
  }

  concerns(connection: AgentConnection, event: FsEvent): boolean {
    const index = this.#byBinding.get(connection.binding);
    const found = new Set<AgentConnection>();
    if (index) concerned(index, event, found);
    return found.has(connection);
  }

  disconnected(connection: AgentConnection): void {
    for (const stream of [...(this.#streams.get(connection)?.keys() ?? [])]) this.forget(connection, stream);
  }

  /** @param notified connections that have the event already */
  deliver(event: FsEvent, visible: Visible, notified?: ReadonlySet<AgentConnection>): void {
    for (const [binding, index] of this.#byBinding) {
      const seen = visible(event, binding);
      if (!seen) continue;
      const found = new Set<AgentConnection>();
      concerned(index, seen, found);
      for (const connection of found) if (!notified?.has(connection)) connection.send(seen, true);
    }
  }
}

/** Adds watches with a root at or above the event's paths, and below them where a name was added or removed. */
export function concerned<T>(index: SubtreeIndex<T>, event: TreeEvent, found: Set<T>): void {
  const { kind, path, from, siblings = [] } = event;
  index.above(path, found);
  for (const sibling of siblings) index.above(sibling, found);
  if (from !== undefined) index.above(from, found);
  if (kind !== EventKind.Created && kind !== EventKind.Removed && kind !== EventKind.Renamed) return;
  index.below(path, found);
  if (from !== undefined) index.below(from, found);
}
