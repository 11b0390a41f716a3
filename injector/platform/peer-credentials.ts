/** Credentials of a Unix socket's peer, from the kernel. */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Pid } from '../../core/numbers.ts';
import { libc } from './libc.ts';

export interface PeerCredentials {
  readonly pid: Pid;
  readonly uid: number;
  readonly gid: number;
}

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

// macOS, sys/un.h: options of level SOL_LOCAL.
const SOL_LOCAL = 0;
const LOCAL_PEERCRED = 1;
const LOCAL_PEERPID = 2;
/** struct xucred: version u32, uid u32, ngroups i16, padding, 16 gids. */
const XUCRED_BYTES = 76;

/** The descriptor of a libuv pipe or socket. -1 after its close. */
function descriptorOf(socket: Socket): number {
  const handle = (socket as unknown as { _handle: { fd: number } | null })._handle;
  return handle?.fd ?? -1;
}

/**
 * The process that made the connection (Linux: at `connect`; its children inherit the socket, not the name).
 * @throws when the socket is closed or is not a Unix socket
 */
export function peerCredentials(socket: Socket): PeerCredentials {
  const fd = descriptorOf(socket);
  if (fd < 0) throw new Error('peer credentials: the socket is closed');
  return process.platform === 'darwin' ? darwinCredentials(fd) : linuxCredentials(fd);
}

function linuxCredentials(fd: number): PeerCredentials {
  const [pid, uid, gid] = new Uint32Array(option(fd, SOL_SOCKET, SO_PEERCRED, 12));
  // A socket that is not a connected Unix socket has no peer pid.
  if (pid === 0) throw new Error('peer credentials: not a connected Unix socket');
  return { pid: pid as Pid, uid, gid };
}

function darwinCredentials(fd: number): PeerCredentials {
  const [pid] = new Uint32Array(option(fd, SOL_LOCAL, LOCAL_PEERPID, 4));
  const cred = new DataView(option(fd, SOL_LOCAL, LOCAL_PEERCRED, XUCRED_BYTES));
  return { pid: pid as Pid, uid: cred.getUint32(4, true), gid: cred.getUint32(12, true) };
}

function option(fd: number, level: number, name: number, size: number): ArrayBuffer {
  const value = new Uint8Array(size);
  if (libc().getsockopt(fd, level, name, value, new Uint32Array([size])) !== 0) {
    throw new Error(`peer credentials: getsockopt failed with errno ${libc().errno()}`);
  }
  return value.buffer;
}

/** The ids by which the kernel judges a thread's calls. */
export interface ThreadCredentials {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** access(2) goes by these. */
  readonly real: { readonly uid: number; readonly gid: number };
}

/** proc(5), /proc/PID/task/TID/status: the last of each four ids is that of file system checks. Undefined where it cannot be read. */
export function threadCredentials(pid: number, tid: number = pid): ThreadCredentials | undefined {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/task/${tid}/status`, 'latin1');
  } catch {
    return undefined;
  }
  const numbers = (name: string): number[] =>
    (new RegExp(`^${name}:(.*)$`, 'm').exec(status)?.[1] ?? '').split(/\s+/).filter(Boolean).map(Number);
  const [uid, gid] = [numbers('Uid'), numbers('Gid')];
  if (uid.length !== 4 || gid.length !== 4) return undefined;
  return {
    uid: uid[3]!,
    gid: gid[3]!,
    groups: numbers('Groups'),
    real: { uid: uid[0]!, gid: gid[0]! },
  };
}
