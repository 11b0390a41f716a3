/** `shimfs/replicate`: the core's replication, given the extended attributes that Node has no calls for. */
import * as core from '../core/replicate/index.ts';
import { directorySource } from '../core/watch/index.ts';
import { systemXattrs } from './platform/xattrs.ts';

export * from '../core/replicate/index.ts';

/** A real directory, with its extended attributes. @throws Error ENOENT */
export const directoryOrigin = (
  root: string,
  source = directorySource(),
  xattrs = systemXattrs(),
): core.Origin => core.directoryOrigin(root, source, xattrs);

/** A real directory, made if it is not there, with extended attributes. @param root absolute */
export const directoryTarget = (root: string, xattrs = systemXattrs()): core.Target =>
  core.directoryTarget(root, xattrs);
