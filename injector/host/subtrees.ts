/**
 * Agents that hear of whole trees, and of what happens to the directories that lead to them.
 *
 * A tree is a path in the branch that the agent's process lives in: an event is looked up by the path it has there.
 */
import { EventKind, type FsEvent } from '../../core/events/fs-event.ts';
import { SubtreeIndex } from '../../core/events/subtree-index.ts';
import type { AgentConnection } from './agent-connection.ts';
import type { TreeEvent } from './siblings.ts';

export type Visible = (event: FsEvent, binding: number) => TreeEvent | null;

export class Subtrees {
  readonly #byBinding = new Map<number, SubtreeIndex<AgentConnection>>();
  /** Streams, by their number in the agent, and their roots. */
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
    const gone = streams?.get(stream);
    if (!streams || !gone) return;
    streams.delete(stream);
    const index = this.#byBinding.get(connection.binding)!;
    for (const root of gone)
      if (![...streams.values()].some((roots) => roots.has(root))) index.delete(root, connection);
    if (index.empty) this.#byBinding.delete(connection.binding);
    if (streams.size === 0) this.#streams.delete(connection);
  }

  has(connection: AgentConnection): boolean {
    return this.#streams.has(connection);
  }

  /** Its process lives in another branch from now on. */
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

  /** @param told who has heard of it already */
  deliver(event: FsEvent, visible: Visible, told?: ReadonlySet<AgentConnection>): void {
    for (const [binding, index] of this.#byBinding) {
      const seen = visible(event, binding);
      if (!seen) continue;
      const found = new Set<AgentConnection>();
      concerned(index, seen, found);
      for (const connection of found) if (!told?.has(connection)) connection.send(seen, true);
    }
  }
}

/** Those with a root at or above its paths; below them as well, where a name came or went. */
export function concerned<T>(index: SubtreeIndex<T>, event: TreeEvent, found: Set<T>): void {
  const { kind, path, from, siblings = [] } = event;
  index.above(path, found);
  for (const sibling of siblings) index.above(sibling, found);
  if (from !== undefined) index.above(from, found);
  if (kind !== EventKind.Created && kind !== EventKind.Removed && kind !== EventKind.Renamed) return;
  index.below(path, found);
  if (from !== undefined) index.below(from, found);
}
