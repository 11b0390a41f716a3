/** A branch's changes of the real directories below it: reported, committed or discarded. */
import type { OverlayChange } from '../../../core/overlay/changes.ts';
import { patchOf } from '../../../core/overlay/patch.ts';
import type { OverlayLine } from '../../control/methods.ts';
import { UserError } from '../../user-error.ts';
import type { Session } from '../session/session.ts';
import type { Methods } from './method.ts';
import { branch, flag } from './params.ts';

const BATCH = 500;

const lineOf = ({ kind, path, type, conflict }: OverlayChange): OverlayLine => ({
  kind,
  path,
  type,
  ...(conflict !== undefined && { conflict }),
});

function requireOverlay(session: Session): void {
  if (session.core.overlays.length > 0) return;
  throw new UserError(
    `the session '${session.name}' has no overlay: its tree has no real directories below it`,
    'Start the host with --overlay DIR, or copy files out with: shimfs fs export',
  );
}

export const overlayMethods: Pick<Methods<'branch'>, 'branch.diff' | 'branch.commit' | 'branch.discard'> = {
  'branch.diff': (params, { session, push }) => {
    requireOverlay(session);
    const { core } = session;
    const name = branch(params, session);
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

  'branch.commit': (params, { session }) => {
    requireOverlay(session);
    const { applied, failed, conflicts } = session.core.commitOverlays(branch(params, session), {
      force: flag(params, 'force'),
    });
    return { applied: applied.map(lineOf), failed, conflicts: conflicts.map(lineOf) };
  },

  'branch.discard': (params, { session }) => {
    const name = branch(params, session);
    if (name === 'main' && session.core.overlays.length === 0)
      throw new UserError('main has nothing below it to go back to', 'Name another branch.');
    session.core.discardBranch(name);
    return null;
  },
};
