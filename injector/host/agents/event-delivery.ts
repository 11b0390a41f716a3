/** Delivers events to agents. Each agent receives an event as the branch of its process shows it. */
import type { FsEvent } from '../../../core/events/fs-event.ts';
import { SubtreeIndex } from '../../../core/events/subtree-index.ts';
import type { Pid } from '../../../core/numbers.ts';
import { ID_PARTS, SubtreeMode } from '../../../core/protocol.ts';
import type { Session, SessionListener } from '../session/session.ts';
import type { AgentConnection } from './agent-connection.ts';
import type { Agents } from './agents.ts';
import { withSiblings } from './siblings.ts';
import { concerned, type Visible } from './subtrees.ts';

export class EventDelivery implements SessionListener {
  readonly #session: Session;
  readonly #agents: Agents;

  /** Subscribes to the session's events. */
  constructor(session: Session, agents: Agents) {
    this.#session = session;
    this.#agents = agents;
    session.core.subscribe((event) => this.#deliver(event));
    session.listen(this);
  }

  #deliver(event: FsEvent): void {
    const { empty } = this.#agents.subtrees;
    this.#agents.deliver(empty ? event : this.#session.writes.mark(event), this.#visible);
  }

  writerClosed(event: FsEvent): void {
    this.#agents.subtrees.deliver(event, this.#visible);
  }

  rebound(pid: Pid, binding: number, difference: () => readonly FsEvent[]): void {
    this.#agents.rebound(pid, binding, difference);
  }

  readonly #visible: Visible = (event, binding) => {
    const { core, bindings } = this.#session;
    const branch = bindings.branchOf(binding);
    const seen = core.visible(event, branch);
    if (!seen || this.#agents.subtrees.empty) return seen;
    const whole = withSiblings(seen, core, branch);
    // Each name is notified with an id of its own, and the next event's id is above them.
    if (whole.siblings) core.raiseEventId(event.id + Math.floor(whole.siblings.length / ID_PARTS));
    return whole;
  };

  subtree(
    connection: AgentConnection,
    stream: number,
    roots: readonly string[],
    mode: number,
    since: number,
  ): void {
    const { subtrees } = this.#agents;
    if (mode === SubtreeMode.Add) subtrees.add(connection, stream, roots);
    else if (mode === SubtreeMode.Remove) subtrees.forget(connection, stream);
    else this.#replay(connection, stream, since);
  }

  #replay(connection: AgentConnection, stream: number, since: number): void {
    const { core, bindings } = this.#session;
    const branch = bindings.branchOf(connection.binding);
    const past = core.history(branch, since);
    const lost = past.lost || since > core.lastEventId;
    const index = new SubtreeIndex<number>();
    for (const root of this.#agents.subtrees.rootsOf(connection, stream)) index.add(root, stream);
    for (const event of past.lost ? [] : past.events) {
      const whole = withSiblings(event, core, branch);
      const found = new Set<number>();
      concerned(index, whole, found);
      if (found.size > 0) connection.sendPast(stream, whole);
    }
    connection.sendPastEnd(stream, core.lastEventId, lost);
  }
}
