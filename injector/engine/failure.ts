/**
 * Finds cause and remedy of a failed attach.
 *
 * Frida's messages ("unable to access process with pid 7 due to system restrictions") name no cause. The cause is in
 * /proc. The decision is a pure function of these facts, so that every branch is a row in a test.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { EngineError } from './frida-engine.ts';
import type { HelperFailure } from './helper-protocol.ts';

/** Facts from /proc about a process and about attaching. Absent: could not be read. */
export interface ProcessFacts {
  readonly exists: boolean;
  /** Real uid of the process. */
  readonly uid?: number;
  /** Pid of its present tracer, 0 for none. */
  readonly tracer?: number;
  /** State letter of /proc/<pid>/status: R, S, D, T (stopped), t (traced), Z. */
  readonly state?: string;
  /** A process that is not dumpable has a /proc entry that belongs to root. */
  readonly dumpable?: boolean;
  /** /proc/sys/kernel/yama/ptrace_scope: 0 classic, 1 ancestors, 2 root, 3 attach forbidden. */
  readonly yama?: number;
  /** Uid of this process. */
  readonly ourUid: number;
}

const readNumber = (path: string): number | undefined => {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
};

export const readYamaScope = (): number | undefined => readNumber('/proc/sys/kernel/yama/ptrace_scope');

/** @param helper pid of the engine's helper: it may still trace after a failed attach, and is not the cause */
export function readProcessFacts(pid: number, helper = 0): ProcessFacts {
  const ourUid = process.getuid?.() ?? 0;
  const yama = readYamaScope();
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1];
    const uid = Number(field('Uid'));
    return {
      exists: true,
      uid,
      // The kernel names the tracing thread, which need not be the main thread.
      tracer: existsSync(`/proc/${helper}/task/${field('TracerPid')}`) ? 0 : Number(field('TracerPid')),
      state: field('State'),
      dumpable: statSync(`/proc/${pid}/fd`).uid === uid,
      yama,
      ourUid,
    };
  } catch {
    return { exists: isAlive(pid), yama, ourUid };
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const PERMISSION_KINDS = new Set(['PermissionDeniedError']);
const TRANSPORT_KINDS = new Set(['TransportError', 'ProtocolError', 'InvalidOperationError']);

/** @param facts read after the failure */
export function explainFailure(pid: number, failure: HelperFailure, facts: ProcessFacts): EngineError {
  const message = failure.message.split('\n')[0].replace(/\.$/, '');
  if (!facts.exists || failure.kind === 'ProcessNotFoundError' || facts.state === 'Z') {
    return new EngineError(
      'no-such-process',
      failure.phase === 'attach' && failure.kind === 'ProcessNotFoundError'
        ? `there is no process ${pid}`
        : `process ${pid} ended while the agent was being loaded`,
      'Check the pid with `ps`, and that the process still runs.',
    );
  }
  if (failure.kind === 'OperationCancelledError') return unresponsive(pid, facts);
  if (facts.tracer && failure.phase === 'attach') {
    return new EngineError(
      'permission',
      `process ${pid} is already traced by process ${facts.tracer}`,
      `A process has one tracer at a time: end the debugger or tracer with pid ${facts.tracer} first.`,
    );
  }
  if (PERMISSION_KINDS.has(failure.kind)) return denied(pid, message, facts);
  if (failure.kind === 'ProcessNotRespondingError' || failure.kind === 'TimedOutError') {
    return unresponsive(pid, facts);
  }
  if (failure.kind === 'NotSupportedError' || failure.kind === 'ExecutableNotSupportedError') {
    return new EngineError(
      'unsupported',
      `Frida cannot instrument process ${pid}: ${message}`,
      'It must be a dynamically linked 64-bit program for this machine; see `shimfs doctor`.',
    );
  }
  if (failure.phase === 'script' && !TRANSPORT_KINDS.has(failure.kind)) {
    return new EngineError(
      'script',
      `the agent's script was refused in process ${pid}: ${message}`,
      'This is a fault of the script: rebuild it with `npm run build`.',
    );
  }
  return new EngineError(
    'engine-failed',
    `Frida failed on process ${pid}: ${message}`,
    'Try again. If it fails again, run `shimfs doctor`, which tests an attach to a process of its own.',
  );
}

export function unresponsive(pid: number, facts: ProcessFacts): EngineError {
  if (facts.state === 'T' || facts.state === 't') {
    return new EngineError(
      'timeout',
      `process ${pid} is stopped and cannot be attached to`,
      `Continue it with \`kill -CONT ${pid}\`, then try again.`,
    );
  }
  return new EngineError(
    'timeout',
    `process ${pid} did not load the agent within the time limit`,
    'It may hang in the kernel or be very busy: see its state with `ps`, then try again.',
  );
}

function denied(pid: number, reason: string, facts: ProcessFacts): EngineError {
  const error = (message: string, remedy: string) => new EngineError('permission', message, remedy);
  if (facts.yama === 3) {
    return error(
      `attaching to process ${pid} is forbidden: kernel.yama.ptrace_scope is 3`,
      'No process may attach until the machine is booted again with a lower kernel.yama.ptrace_scope.',
    );
  }
  if (facts.ourUid !== 0 && facts.uid !== undefined && facts.uid !== facts.ourUid) {
    return error(
      `process ${pid} belongs to user ${facts.uid}, and shimfs runs as user ${facts.ourUid}`,
      'Run shimfs as that user, or as root.',
    );
  }
  if (facts.ourUid !== 0 && facts.yama === 2) {
    return error(
      `attaching to process ${pid} needs root: kernel.yama.ptrace_scope is 2`,
      'Run shimfs as root, or `sudo sysctl kernel.yama.ptrace_scope=1`.',
    );
  }
  if (facts.ourUid !== 0 && facts.dumpable === false) {
    return error(
      `process ${pid} is not dumpable, so only root may attach`,
      'Run shimfs as root, or start the program without privileges that it drops.',
    );
  }
  if (facts.ourUid !== 0 && facts.yama === 1) {
    return error(
      `attaching to process ${pid} is allowed only for its ancestors: kernel.yama.ptrace_scope is 1`,
      'Start the program with `shimfs run`, which permits the attach, or `sudo sysctl kernel.yama.ptrace_scope=0`.',
    );
  }
  return error(
    `attaching to process ${pid} was denied: ${reason}`,
    'A container needs the SYS_PTRACE capability and a seccomp profile that permits ptrace.',
  );
}
