/** The context of a gate's request: the session, and the asking process's part of it. */
import type { FsView } from '../../../core/fs-view.ts';
import type { ProcessAgent } from '../agents/process-agent.ts';
import type { ReaderHolder } from '../session/in-place-readers.ts';
import type { Session } from '../session/session.ts';
import type { Answer, RequestFrame } from '../wire/request-frame.ts';
import type { HeldObjects } from './held-objects.ts';

export interface RequestContext {
  readonly session: Session;
  /** The branch as the asking process sees it. */
  readonly view: FsView;
  /** The same for the process's real user and group: access(2). */
  readonly realView: FsView;
  readonly binding: number;
  readonly held: HeldObjects;
  /** The asking process's connection, as a holder of in-place readers. */
  readonly holder: ReaderHolder;
  readonly agent: ProcessAgent;
  /** A thread of the process has changed its ids. */
  credentialsChanged(tid: number): void;
}

/** @returns undefined when the gate does not wait for a reply @throws FsError, MountExit, FrameError, the system's error */
export type Handler = (q: RequestFrame, c: RequestContext) => Answer | undefined;
