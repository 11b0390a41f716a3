/** A session of this process: what `run`, `attach` and `host` open. */
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
  /** Absolute virtual path that its contents are copied to. Outside every mount it becomes one. */
  readonly to: string;
}

/** Options of a session; at least one mount, overlay or import is required. */
export interface OwnSessionOptions {
  /** Absolute paths at which the virtual tree stands. */
  readonly mounts?: readonly string[];
  /** Real directories, each to be seen at its own path with all changes kept in the session. */
  readonly overlays?: readonly string[];
  /** Real directories copied into the tree before any program starts. */
  readonly imports?: readonly Import[];
  /** Bytes that all virtual files together may hold. Default: no limit. */
  readonly maxBytes?: number;
  /** What a kqueue watcher is told: what it asked for (`masked`), or all that the kernel would set. */
  readonly notes?: 'masked' | 'native';
  /** Whether the agent comes at the first watch (`lazy`) or at the start. */
  readonly agent?: 'lazy' | 'always';
  /** Let programs that cannot be covered run outside the virtual tree instead of refusing them. */
  readonly allowUncovered?: boolean;
  /** Installation of Frida: the PyPI wheel, the npm package, or the first that is found (`auto`, the default). */
  readonly engine?: 'auto' | 'python' | 'npm';
  /** One sentence for a person, with cause and remedy. Default: to standard error. */
  readonly tell?: (message: string) => void;
}

export const tellOnStderr = (message: string): void => void process.stderr.write(`shimfs: ${message}\n`);

const within = (path: string, mount: string): boolean => path === mount || path.startsWith(`${mount}/`);

/** @throws UserError, SessionError, GateBuildError: nothing is left behind */
export async function openOwnSession(name: string, options: OwnSessionOptions): Promise<SessionHost> {
  const { imports = [], tell = tellOnStderr } = options;
  const asked = options.mounts ?? [];
  const overlays = overlayDirectories(options.overlays ?? []);
  const inferred = imports
    .map(({ to }) => to)
    .filter((to) => ![...asked, ...overlays].some((mount) => within(to, mount.replace(/\/+$/, ''))));
  const mounts = [...mountPoints([...new Set([...asked, ...inferred])]), ...overlays];
  refuseOverlap(mounts);
  if (mounts.length === 0)
    throw new UserError(
      'there is no mount: nothing would be virtual',
      'Name one, such as --mount /v or --overlay DIR.',
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
    engine: () => openEngine({ prefer: options.engine, onProgress: tell }),
    engineReady: engineInstalled,
    agentSource: agentScript,
    gate: gateLibrary(),
    tell,
  });
  try {
    for (const { from, to } of imports) {
      const { skipped } = await importTree(localCaller(host), from, to);
      if (skipped.length > 0)
        tell(`Not imported, being neither file, directory nor link: ${skipped.join(', ')}.`);
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

/** A session under a name that nobody else has, of which nothing is left: `run-<pid>` and the like. */
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
