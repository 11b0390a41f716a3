/** A session without sockets, and requests to its handlers, for tests of the host's parts. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Pid } from '../../../core/numbers.ts';
import { REQUEST, TOKEN_BYTES } from '../../../core/protocol.ts';
import { Agents } from '../../../injector/host/agents/agents.ts';
import { EventDelivery } from '../../../injector/host/agents/event-delivery.ts';
import { ProcessAgent } from '../../../injector/host/agents/process-agent.ts';
import { HeldObjects } from '../../../injector/host/gate/held-objects.ts';
import type { RequestContext } from '../../../injector/host/gate/request-context.ts';
import { HANDLERS } from '../../../injector/host/gate/requests.ts';
import { Session, type SessionConfig } from '../../../injector/host/session/session.ts';
import { type Answer, RequestFrame } from '../../../injector/host/wire/request-frame.ts';
import { connection, pid } from '../../support/numbers.ts';
import { SELF } from '../../support/self.ts';

export interface Part {
  readonly session: Session;
  close(): void;
}

export function openPart(config: Partial<SessionConfig> = {}): Part {
  const objects = mkdtempSync(join(tmpdir(), 'shimfs-part-'));
  const session = new Session({
    name: 'part',
    mounts: ['/v'],
    objects,
    gate: '/none',
    socketPath: '/none',
    token: randomBytes(TOKEN_BYTES),
    log: pino({ level: 'silent' }),
    report: () => undefined,
    ...config,
  });
  const close = (): void => {
    session.end();
    session.close();
    rmSync(objects, { recursive: true, force: true });
  };
  return { session, close };
}

let connections = 0;

/** The context of a process's requests. No agent can be started in it. */
export function contextOf(session: Session, process: Pid = pid(1)): RequestContext {
  const agents = new Agents({
    engine: () => Promise.reject(new Error('this test has no engine')),
    source: () => '',
    gate: '',
    notes: 'masked',
    count: () => undefined,
    onTrouble: () => undefined,
  });
  const holder = { peer: { pid: process } };
  const view = session.core.view('main', { ...SELF, pid: process, umask: 0 });
  return {
    session,
    view,
    realView: view,
    credentialsChanged: () => undefined,
    binding: 0,
    holder,
    held: new HeldObjects(session, holder, connection(++connections)),
    agent: new ProcessAgent(agents, new EventDelivery(session, agents), process),
  };
}

export interface RequestFields {
  readonly flags?: number;
  readonly mode?: number;
  readonly dir?: number;
  readonly a?: number;
  readonly b?: number;
  readonly path?: string;
  readonly path2?: string;
  readonly data?: Uint8Array;
}

export function requestOf(op: number, fields: RequestFields): RequestFrame {
  const {
    flags = 0,
    mode = 0,
    dir = 0,
    a = 0,
    b = 0,
    path = '',
    path2 = '',
    data = Buffer.alloc(0),
  } = fields;
  const parts = [Buffer.from(path), Buffer.from(path2), data];
  const bytes = Buffer.concat([Buffer.alloc(REQUEST.size), ...parts]);
  bytes.writeUInt32LE(bytes.length, REQUEST.at.length);
  bytes.writeUInt16LE(op, REQUEST.at.op);
  bytes.writeUInt32LE(flags, REQUEST.at.flags);
  bytes.writeUInt32LE(mode, REQUEST.at.mode);
  bytes.writeBigUInt64LE(BigInt(dir), REQUEST.at.dir);
  bytes.writeBigUInt64LE(BigInt(a), REQUEST.at.a);
  bytes.writeBigUInt64LE(BigInt(b), REQUEST.at.b);
  for (const [i, name] of (['path_length', 'path2_length', 'data_length'] as const).entries())
    bytes.writeUInt32LE(parts[i]!.length, REQUEST.at[name]);
  return new RequestFrame(bytes);
}

/** Answer of a handler. @throws FsError, MountExit */
export const ask = (c: RequestContext, op: number, fields: RequestFields = {}): Answer | undefined =>
  HANDLERS[op]!(requestOf(op, fields), c);
