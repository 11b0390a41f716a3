/** The type of a control method and of its call's context. */
import type { FsView } from '../../../core/fs-view.ts';
import { MountExit } from '../../../core/walk.ts';
import type { ControlMethods, MethodName } from '../../control/methods.ts';
import type { Agents } from '../agents/agents.ts';
import type { Session } from '../session/session.ts';

/** A file that a command holds open. */
export interface Handle {
  readonly view: FsView;
  readonly ino: number;
}

export interface ControlCall<Item = unknown> {
  readonly session: Session;
  readonly agents: Agents;
  /** Of this connection, by number; released at its end. */
  readonly handles: Map<number, Handle>;
  /** Send an item: an additional reply to the same request, before its value. */
  push(item: Item): void;
  /** Unsent bytes: a stream pauses while there are many, until the next drain. */
  readonly backlog: number;
  /** Run whenever all bytes are sent. */
  onDrain(action: () => void): void;
  /** Run when the command disconnects. */
  onEnd(action: () => void): void;
}

/** @param params unchecked @throws UserError, FsError, MountExit */
export type Method<K extends MethodName> = (
  params: Readonly<Record<string, unknown>>,
  call: ControlCall<ControlMethods[K]['item']>,
) => ControlMethods[K]['value'] | Promise<ControlMethods[K]['value']>;

/** All methods of a noun. */
export type Methods<Noun extends string> = {
  readonly [K in MethodName as K extends `${Noun}.${string}` ? K : never]: Method<K>;
};

export interface Refusal {
  readonly message: string;
  readonly code?: string;
  readonly remedy?: string;
}

/** An error as the command receives it. */
export function refusal(error: Error, { name, mounts }: Pick<Session, 'name' | 'mounts'>): Refusal {
  const { message, code, remedy } = error as { message: string; code?: string; remedy?: string };
  if (error instanceof MountExit)
    return { message, code: 'EXDEV', remedy: `The mounts of session '${name}' are: ${mounts.join(', ')}.` };
  return { message, code, remedy };
}
