/** Extended attributes. */
import { R_OK, W_OK, XATTR_CREATE, XATTR_NAME_MAX, XATTR_REPLACE, XATTR_SIZE_MAX } from '../constants.ts';
import { Detail, EventKind } from '../events/fs-event.ts';
import type { Inode } from '../layers/inode.ts';
import { pathLength } from '../path-bytes.ts';
import { isOwner, may } from '../permission.ts';
import type { Place } from '../walk.ts';
import { fail, type Located, locate, resolve, stampChange, type ViewContext } from './view-context.ts';

/** `system.` would hold ACLs, which are not supported: programs then fall back to the mode. */
const NAMESPACES = ['user.', 'trusted.', 'security.'];

function check(view: ViewContext, node: Inode, name: string, write: boolean, op: string, place: Place): void {
  const { who } = view;
  if (name === '' || pathLength(name) > XATTR_NAME_MAX) fail('ERANGE', op, place);
  const space = NAMESPACES.find((prefix) => name.startsWith(prefix));
  if (!space || name.length === space.length) fail('ENOTSUP', op, place);
  if (space === 'trusted.' && who.uid !== 0) fail(write ? 'EPERM' : 'ENODATA', op, place);
  if (space === 'security.' && write && who.uid !== 0) fail('EPERM', op, place);
  if (space !== 'user.') return;
  if (!node.isFile() && !node.table) fail(write ? 'EPERM' : 'ENODATA', op, place);
  if (write && node.table && node.mode & 0o1000 && !isOwner(who, node)) fail('EPERM', op, place);
  if (!may(who, node, write ? W_OK : R_OK)) fail('EACCES', op, place);
}

export function getxattr(view: ViewContext, place: Place, name: string, follow: boolean): Buffer {
  const node = resolve(view, place, follow, 'getxattr');
  check(view, node, name, false, 'getxattr', place);
  return node.xattrs?.get(name) ?? fail('ENODATA', 'getxattr', place);
}

export function listxattr(view: ViewContext, place: Place, follow: boolean): string[] {
  const node = resolve(view, place, follow, 'listxattr');
  const names = node.xattrs ? [...node.xattrs.keys()] : [];
  return view.who.uid === 0 ? names : names.filter((name) => !name.startsWith('trusted.'));
}

export function setxattr(
  view: ViewContext,
  place: Place,
  name: string,
  value: Uint8Array,
  flags: number,
  follow: boolean,
): void {
  const op = 'setxattr';
  if (flags & ~(XATTR_CREATE | XATTR_REPLACE)) fail('EINVAL', op, place);
  if (value.length > XATTR_SIZE_MAX) fail('E2BIG', op, place);
  const at = locate(view, place, follow, op);
  const { node } = at;
  check(view, node, name, true, op, place);
  const exists = node.xattrs?.has(name) ?? false;
  if (exists && flags & XATTR_CREATE) fail('EEXIST', op, place);
  if (!exists && flags & XATTR_REPLACE) fail('ENODATA', op, place);
  change(view, at, (own) => {
    own.xattrs ??= new Map();
    own.xattrs.set(name, Buffer.from(value));
  });
}

export function removexattr(view: ViewContext, place: Place, name: string, follow: boolean): void {
  const op = 'removexattr';
  const at = locate(view, place, follow, op);
  const { node } = at;
  check(view, node, name, true, op, place);
  if (!node.xattrs?.has(name)) fail('ENODATA', op, place);
  change(view, at, (own) => own.xattrs!.delete(name));
}

function change(view: ViewContext, at: Located, apply: (node: Inode) => void): void {
  const node = view.ns.own(at.node);
  apply(node);
  stampChange(node, view.core.now.read());
  const { core, ns, who } = view;
  core.emit({
    kind: EventKind.Attrib,
    ns,
    pid: who.pid,
    node,
    dir: at.dir,
    name: at.name,
    detail: Detail.Xattr,
  });
}
