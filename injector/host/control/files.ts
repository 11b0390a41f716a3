/** Operations on files and directories for commands. */
import { setImmediate } from 'node:timers/promises';
import type { Attr } from '../../../core/attr.ts';
import { O_APPEND, O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY } from '../../../core/constants.ts';
import { FsError } from '../../../core/errors.ts';
import type { FsView } from '../../../core/fs-view.ts';
import { CHUNK_BYTES, type FileInfo, type NamedFile } from '../../control/methods.ts';
import { UserError } from '../../user-error.ts';
import type { ControlCall, Methods } from './method.ts';
import { branch, bytes, flag, optionalWhole, type Params, path, text, time, whole } from './params.ts';

const PAGE_ENTRIES = 500;
/** Removals between two turns of the event loop. */
const BREATH = 256;
const UMASK = 0o022;

/** Commands act as the host's user: only that user can connect to the socket. */
function view(
  params: Params,
  { session }: ControlCall,
  umask = optionalWhole(params, 'umask') ?? UMASK,
): FsView {
  return session.core.view(branch(params, session), { pid: 0, ...session.core.owner, umask });
}

function info(view: FsView, attr: Attr, place: { dir: number; path: string } | { path: string }): FileInfo {
  const { rdev: _rdev, oid: _oid, slot: _slot, ...rest } = attr;
  return attr.type === 'symlink' ? { ...rest, target: view.readlink(place) } : rest;
}

function named(view: FsView, dir: number, name: string): NamedFile[] {
  try {
    const place = { dir, path: name };
    return [{ name, ...info(view, view.stat(place, { follow: false }), place) }];
  } catch (error) {
    // A directory above another mount: not part of the virtual tree.
    if (error instanceof FsError) throw error;
    return [];
  }
}

function makeParents(view: FsView, at: string, mode: number): void {
  try {
    view.mkdir({ path: at }, mode);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'EEXIST' && view.stat({ path: at }).type === 'directory') return;
    const parent = at.replace(/\/+[^/]*\/*$/, '');
    if (code !== 'ENOENT' || parent === '' || parent === at) throw error;
    makeParents(view, parent, mode);
    view.mkdir({ path: at }, mode);
  }
}

/** The host answers other connections in between, so the removal of a large tree is not atomic. */
async function removeTree(view: FsView, at: string, breath = { left: BREATH }): Promise<void> {
  if (breath.left-- <= 0) {
    breath.left = BREATH;
    await setImmediate();
  }
  if (view.stat({ path: at }, { follow: false }).type !== 'directory') return view.unlink({ path: at });
  for (const { name } of view.readdir({ path: at }))
    if (name !== '.' && name !== '..') await removeTree(view, `${at.replace(/\/+$/, '')}/${name}`, breath);
  view.rmdir({ path: at });
}

const ACCESS: Readonly<Record<string, number>> = {
  read: O_RDONLY,
  write: O_WRONLY | O_CREAT | O_TRUNC,
  append: O_WRONLY | O_CREAT | O_APPEND,
};

function handle(params: Params, call: ControlCall) {
  const found = call.handles.get(whole(params, 'handle'));
  if (!found) throw new UserError(`there is no handle ${params.handle}`, 'Open the file first.');
  return found;
}

export const fileMethods: Methods<'file'> = {
  'file.stat': (params, call) => {
    const at = view(params, call);
    const place = { path: path(params) };
    return info(at, at.stat(place, { follow: flag(params, 'follow', true) }), place);
  },

  'file.list': (params, call) => {
    const at = view(params, call);
    const dir = at.stat({ path: path(params) });
    if (dir.type !== 'directory') throw new FsError('ENOTDIR', 'scandir', path(params));
    const page = at.readdir({ path: path(params) }, optionalWhole(params, 'cookie') ?? 0, PAGE_ENTRIES);
    const entries = page
      .filter(({ name }) => name !== '.' && name !== '..')
      .flatMap(({ name }) => named(at, dir.ino, name));
    return { entries, next: page.length < PAGE_ENTRIES ? undefined : page.at(-1)!.cookie };
  },

  'file.open': (params, call) => {
    const at = view(params, call);
    const flags = ACCESS[text(params, 'access')];
    if (flags === undefined)
      throw new UserError(`'${params.access}' is not an access mode`, 'Use read, write or append.');
    const { ino, type } = at.openLocal({ path: path(params) }, flags, optionalWhole(params, 'mode') ?? 0o666);
    if (type === 'directory') throw new FsError('EISDIR', 'read', path(params));
    if (type !== 'file') throw new FsError('ENXIO', 'open', path(params));
    at.hold(ino);
    const number = call.handles.size === 0 ? 1 : Math.max(...call.handles.keys()) + 1;
    call.handles.set(number, { view: at, ino });
    return { handle: number, size: at.stat({ dir: ino, path: '' }).size };
  },

  'file.read': (params, call) => {
    const { view, ino } = handle(params, call);
    const into = Buffer.allocUnsafe(Math.min(whole(params, 'length'), CHUNK_BYTES));
    const n = view.read(ino, into, 0, into.length, whole(params, 'position'));
    return { data: into.toString('base64', 0, n) };
  },

  'file.write': (params, call) => {
    const { view, ino } = handle(params, call);
    const data = bytes(params, 'data');
    return { written: view.write(ino, data, 0, data.length, optionalWhole(params, 'position') ?? 'append') };
  },

  'file.close': (params, call) => {
    const { view, ino } = handle(params, call);
    call.handles.delete(whole(params, 'handle'));
    view.release(ino);
    return null;
  },

  'file.put': (params, call) => {
    const exact = params.exact as Params | undefined;
    const at = view(params, call, exact ? 0 : undefined);
    const place = { path: path(params) };
    const mode = optionalWhole(params, 'mode') ?? 0o666;
    const data = bytes(params, 'data');
    const { ino, type, created } = at.openLocal(place, O_WRONLY | O_CREAT, mode);
    if (type !== 'file') throw new FsError('ENXIO', 'open', place.path);
    if (!created || data.length > 0) at.writeFile(ino, data);
    if (!exact) return null;
    const itself = { dir: ino, path: '' };
    if (!created) at.chmod(itself, mode);
    at.utimens(itself, time(exact, 'atime'), time(exact, 'mtime'));
    return null;
  },

  'file.truncate': (params, call) => {
    view(params, call).truncate({ path: path(params) }, whole(params, 'length'));
    return null;
  },

  'file.mkdir': (params, call) => {
    const at = view(params, call);
    const mode = optionalWhole(params, 'mode') ?? 0o777;
    if (flag(params, 'parents')) makeParents(at, path(params), mode);
    else at.mkdir({ path: path(params) }, mode);
    return null;
  },

  'file.remove': async (params, call) => {
    const at = view(params, call);
    if (flag(params, 'recursive')) await removeTree(at, path(params));
    else at.unlink({ path: path(params) });
    return null;
  },

  'file.rename': (params, call) => {
    view(params, call).rename({ path: path(params, 'from') }, { path: path(params, 'to') });
    return null;
  },

  'file.link': (params, call) => {
    view(params, call).link({ path: path(params, 'from') }, { path: path(params, 'to') });
    return null;
  },

  'file.symlink': (params, call) => {
    view(params, call).symlink(text(params, 'target'), { path: path(params) });
    return null;
  },

  'file.chmod': (params, call) => {
    view(params, call).chmod({ path: path(params) }, whole(params, 'mode'));
    return null;
  },

  'file.times': (params, call) => {
    const follow = flag(params, 'follow', true);
    view(params, call).utimens({ path: path(params) }, time(params, 'atime'), time(params, 'mtime'), {
      follow,
    });
    return null;
  },
};
