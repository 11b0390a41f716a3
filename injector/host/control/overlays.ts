/** What a branch changed of the real directories below it: told, carried over, or dropped. */
import type { OverlayChange } from '../../../core/overlay/changes.ts';
import { patchOf } from '../../../core/overlay/patch.ts';
import type { OverlayLine } from '../../control/methods.ts';
import { UserError } from '../../user-error.ts';
import type { Methods } from '../control-connection.ts';
import type { SessionHost } from '../session-host.ts';
import { branch, flag } from './params.ts';

const BATCH = 500;

const lineOf = ({ kind, path, type, conflict }: OverlayChange): OverlayLine => ({
  kind,
  path,
  type,
  ...(conflict !== undefined && { conflict }),
});

function requireOverlay(host: SessionHost): void {
  if (host.core.overlays.length > 0) return;
  throw new UserError(
    `the session '${host.name}' has no overlay: its tree stands nowhere else`,
    'Start the host with --overlay DIR, or copy files out with: shimfs fs export',
  );
}

export const overlayMethods: Pick<Methods<'branch'>, 'branch.diff' | 'branch.commit' | 'branch.discard'> = {
  'branch.diff': (params, { host, push }) => {
    requireOverlay(host);
    const { core } = host;
    const name = branch(params, host);
    const changes = core.overlayChanges(name);
    if (!flag(params, 'patch')) {
      for (let i = 0; i < changes.length; i += BATCH)
        push({ changes: changes.slice(i, i + BATCH).map(lineOf) });
      return null;
    }
    for (const change of changes) {
      const root = core.overlays.find((path) => change.path.startsWith(`${path}/`));
      const patch = root === undefined ? '' : patchOf(change, root, (node) => core.overlayBytes(node));
      if (patch !== '') push({ patch });
    }
    return null;
  },

  'branch.commit': (params, { host }) => {
    requireOverlay(host);
    const { applied, failed, conflicts } = host.core.commitOverlays(branch(params, host), {
      force: flag(params, 'force'),
    });
    return { applied: applied.map(lineOf), failed, conflicts: conflicts.map(lineOf) };
  },

  'branch.discard': (params, { host }) => {
    const name = branch(params, host);
    if (name === 'main' && host.core.overlays.length === 0)
      throw new UserError('main lies upon nothing that it could go back to', 'Name another branch.');
    host.core.discardBranch(name);
    return null;
  },
};
