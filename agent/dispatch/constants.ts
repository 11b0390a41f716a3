/** libdispatch's numbers: the mask and data bits of a VNODE source (`dispatch/source.h`). */
import {
  NOTE_ATTRIB,
  NOTE_DELETE,
  NOTE_EXTEND,
  NOTE_FUNLOCK,
  NOTE_LINK,
  NOTE_RENAME,
  NOTE_REVOKE,
  NOTE_WRITE,
} from '../kqueue/constants.ts';

/** The same bits as kqueue's, so that both APIs use the table in kqueue/note-map.ts. */
export const DISPATCH_VNODE_DELETE = NOTE_DELETE;
export const DISPATCH_VNODE_WRITE = NOTE_WRITE;
export const DISPATCH_VNODE_EXTEND = NOTE_EXTEND;
export const DISPATCH_VNODE_ATTRIB = NOTE_ATTRIB;
export const DISPATCH_VNODE_LINK = NOTE_LINK;
export const DISPATCH_VNODE_RENAME = NOTE_RENAME;
export const DISPATCH_VNODE_REVOKE = NOTE_REVOKE;
export const DISPATCH_VNODE_FUNLOCK = NOTE_FUNLOCK;

export { DispatchOp } from '../../core/gate/agent-abi.ts';
