/** A session in this process, which `run`, `attach` and `host` open. */
import { rmSync } from 'node:fs';
import { importTree } from '../control/tree-import.ts';
import { engineInstalled, openEngine } from '../engine/select.ts';
import { localCaller } from '../host/control/local.ts';
import { SessionHost } from '../host/session-host.ts';
import { sessionPaths } from '../platform/run-directory.ts';
import { UserError } from '../user-error.ts';
import { agentScript } from './agent-script.ts';
import { gateLibrary } from './gate-library.ts';
import { mountPoints, refuseOverlap } from './mount-points.ts';
import { overlayDirectories } from './overlay-directories.ts';

/** A real directory that is copied into a session when it opens. */
export interface Import {
  /** A real directory. */
  readonly from: string;
  /** Absolute virtual path for a copy of its contents. A path outside every mount becomes a mount. */
  readonly to: string;
}

/** Options of a session; at least one mount, overlay or import is required. */
export interface OwnSessionOptions {
  /** Absolute paths of the virtual tree's mounts. */
  readonly mounts?: readonly string[];
  /** Real directories, each visible at its own path; all changes stay in the session. */
  readonly overlays?: readonly string[];
  /** Real directories copied into the tree before any program starts. */
  readonly imports?: readonly Import[];
  /** Limit for the bytes of all virtual files together. Default: none. */
  readonly maxBytes?: number;
  /** NOTE_ bits that a kqueue watcher receives: those that it asked for (`masked`), or all that the kernel sets. */
  readonly notes?: 'masked' | 'native';
  /** When the agent is loaded into a program: at its first watch (`lazy`), or at its start (`always`). */
  readonly agent?: 'lazy' | 'always';
  /** Run programs that cannot be covered on the real files, instead of refusing them. */
  readonly allowUncovered?: boolean;
  /** Installation of Frida: the PyPI wheel, the npm package, or the first that is found (`auto`, the default). */
  readonly engine?: 'auto' | 'python' | 'npm';
  /** Receives messages for the user: a sentence with cause and remedy. Default: writes to standard error. */
  readonly report?: (message: string) => void;
}

export const reportOnStderr = (message: string): void => void process.stderr.write(`shimfs: ${message}\n`);

const within = (path: string, mount: string): boolean => path === mount || path.startsWith(`${mount}/`);

/** @throws UserError, SessionError, GateBuildError; then nothing is left of the session */
export async function openOwnSession(name: string, options: OwnSessionOptions): Promise<SessionHost> {
  const { imports = [], report = reportOnStderr } = options;
  const given = options.mounts ?? [];
  const overlays = overlayDirectories(options.overlays ?? []);
  const inferred = imports
    .map(({ to }) => to)
    .filter((to) => ![...given, ...overlays].some((mount) => within(to, mount.replace(/\/+$/, ''))));
  const mounts = [...mountPoints([...new Set([...given, ...inferred])]), ...overlays];
  refuseOverlap(mounts);
  if (mounts.length === 0)
    throw new UserError(
      'the session has neither mount nor overlay: its tree would be empty',
      'Give at least one, such as --mount /v or --overlay DIR.',
      2,
    );
  const host = await SessionHost.open({
    name,
    mounts,
    overlays,
    maxBytes: options.maxBytes,
    notes: options.notes,
    allowUncovered: options.allowUncovered,
    agentAlways: options.agent === 'always',
    engine: () => openEngine({ prefer: options.engine, onProgress: report }),
    engineReady: engineInstalled,
    agentSource: agentScript,
    gate: gateLibrary(),
    report,
  });
  try {
    for (const { from, to } of imports) {
      const { skipped } = await importTree(localCaller(host), from, to);
      if (skipped.length > 0)
        report(`Not imported, because they are not files, directories or links: ${skipped.join(', ')}.`);
    }
    return host;
  } catch (error) {
    await host.close();
    throw error;
  }
}

export interface PrivateSession {
  readonly host: SessionHost;
  /** Idempotent. */
  close(): Promise<void>;
}

let opened = 0;

/** A session with a unique name such as `run-<pid>`; `close` removes all its files. */
export async function openPrivateSession(
  purpose: string,
  options: OwnSessionOptions,
): Promise<PrivateSession> {
  const name = `${purpose}-${process.pid}${opened++ === 0 ? '' : `-${opened}`}`;
  const dropLock = (): void => rmSync(sessionPaths(name).lock, { force: true });
  try {
    const host = await openOwnSession(name, options);
    let closing: Promise<void> | undefined;
    return { host, close: () => (closing ??= host.close().then(dropLock)) };
  } catch (error) {
    dropLock();
    throw error;
  }
}
