/** What commands may ask of a host, by name: one table of all that control/ holds. */
import type { ControlMethods } from '../control/methods.ts';
import { branchMethods, snapshotMethods } from './control/branches.ts';
import { eventMethods } from './control/events.ts';
import { fileMethods } from './control/files.ts';
import { sessionMethods } from './control/session.ts';
import type { Method } from './control-connection.ts';

export const METHODS: { readonly [K in keyof ControlMethods]: Method<K> } = {
  ...sessionMethods,
  ...fileMethods,
  ...eventMethods,
  ...branchMethods,
  ...snapshotMethods,
};
