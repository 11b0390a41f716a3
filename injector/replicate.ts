/** `shimfs/replicate`: the core's replication with extended attributes, for which Node has no calls. */
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

/** A real directory with its extended attributes, created if it does not exist. @param root absolute */
export const directoryTarget = (root: string, xattrs = systemXattrs()): core.Target =>
  core.directoryTarget(root, xattrs);
