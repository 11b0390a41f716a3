/** All control methods of a host, by name. */
import type { ControlMethods } from '../../control/methods.ts';
import { branchMethods, snapshotMethods } from './branches.ts';
import { eventMethods } from './events.ts';
import { fileMethods } from './files.ts';
import type { Method } from './method.ts';
import { sessionMethods } from './session.ts';

export const METHODS: { readonly [K in keyof ControlMethods]: Method<K> } = {
  ...sessionMethods,
  ...fileMethods,
  ...eventMethods,
  ...branchMethods,
  ...snapshotMethods,
};
