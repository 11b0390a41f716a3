/** Refuses an attach to a process that cannot enter the session. */
import { readFileSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import type { Pid } from '../../../core/numbers.ts';
import { OBJECT_NAMES } from '../../../core/protocol.ts';
import { readSession } from '../../control/client.ts';
import { liveSessions } from '../../platform/run-directory.ts';
import { UserError } from '../../user-error.ts';

/** The session that the process is to enter. */
export interface AttachSession {
  readonly name: string;
  /** Real path of its object directory. */
  readonly objects: string;
  /** Path of the gate's library. */
  readonly gate: string;
}

export interface AttachTarget {
  readonly pid: Pid;
  /** Name of the session whose host it is. */
  readonly hostOf: string | undefined;
  /** /proc/PID/maps; empty where it cannot be read, as on macOS. */
  readonly maps: string;
}

/** @returns an error if the process is a host, or is in another session, which it cannot leave */
export function attachRefusal(session: AttachSession, target: AttachTarget): UserError | undefined {
  const { pid, hostOf } = target;
  // The host would wait for its own answers, and hosts that wait for each other would never answer.
  if (hostOf !== undefined)
    return new UserError(
      `process ${pid} is the host of session '${hostOf}', and a host cannot enter a session`,
      'Give the id of another process.',
    );
  if (!inAnotherSession(session, target)) return undefined;
  return new UserError(
    `process ${pid} is already in another session, and a process cannot leave its session`,
    `End the program, and start it again: shimfs run --session ${session.name} -- PROGRAM`,
  );
}

/** A covered process has the gate and the shared page of its session mapped, also after the session's end. */
function inAnotherSession({ objects, gate }: AttachSession, { maps }: AttachTarget): boolean {
  if (!maps.includes(`/${basename(gate)}\n`)) return false;
  const page = new RegExp(` (/.*)/${OBJECT_NAMES.shared}(?: \\(deleted\\))?$`, 'gm');
  const directories = [...maps.matchAll(page)].map((match) => match[1]);
  return directories.length > 0 && !directories.includes(objects);
}

/** @throws UserError */
export function checkAttach(session: AttachSession, pid: Pid): void {
  const hostOf = pid === process.pid ? session.name : hostedBy(pid);
  const objects = realpathSync(session.objects);
  const refusal = attachRefusal({ ...session, objects }, { pid, hostOf, maps: mapsOf(pid) });
  if (refusal) throw refusal;
}

function hostedBy(pid: Pid): string | undefined {
  return liveSessions().find((name) => {
    try {
      return readSession(name).pid === pid;
    } catch {
      return false; // its host has ended in between, or is still starting
    }
  });
}

function mapsOf(pid: Pid): string {
  try {
    return readFileSync(`/proc/${pid}/maps`, 'utf8');
  } catch {
    return '';
  }
}
