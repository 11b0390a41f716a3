/**
 * Changes with FSEvents' flags.
 *
 * Values are those of <CoreServices/FSEvents.h>. A rename is one event with `from`, while FSEvents reports two.
 */
import { type Change, isControl } from './change.ts';
import { covers } from './paths.ts';

/** FSEvents' flag bits. */
export const EventFlag = {
  None: 0,
  MustScanSubDirs: 0x1,
  UserDropped: 0x2,
  KernelDropped: 0x4,
  EventIdsWrapped: 0x8,
  HistoryDone: 0x10,
  RootChanged: 0x20,
  Mount: 0x40,
  Unmount: 0x80,
  ItemCreated: 0x100,
  ItemRemoved: 0x200,
  ItemInodeMetaMod: 0x400,
  ItemRenamed: 0x800,
  ItemModified: 0x1000,
  ItemFinderInfoMod: 0x2000,
  ItemChangeOwner: 0x4000,
  ItemXattrMod: 0x8000,
  ItemIsFile: 0x10000,
  ItemIsDir: 0x20000,
  ItemIsSymlink: 0x40000,
  OwnEvent: 0x80000,
  ItemIsHardlink: 0x100000,
  ItemIsLastHardlink: 0x200000,
  ItemCloned: 0x400000,
} as const;
/** A set of bits. */
export type EventFlag = number;

/** Type of the file that an event's flags describe. */
export type EventType = 'file' | 'dir' | 'symlink' | 'hardlink' | 'unknown';

/** How much of the tree a consumer with a copy must read again. */
export type ScanType = 'singleNode' | 'folder' | 'rescan' | 'nop';

/** A change with FSEvents' flags. */
export interface WatchEvent extends Change {
  /** A set of `EventFlag` bits. */
  readonly flag: EventFlag;
}

const KIND: Readonly<Record<Change['kind'], EventFlag>> = {
  create: EventFlag.ItemCreated,
  update: EventFlag.ItemModified,
  attrib: EventFlag.ItemInodeMetaMod,
  delete: EventFlag.ItemRemoved,
  rename: EventFlag.ItemRenamed,
  overflow: EventFlag.MustScanSubDirs | EventFlag.UserDropped,
  rescan: EventFlag.MustScanSubDirs,
  'root-removed': EventFlag.RootChanged,
  'root-moved': EventFlag.RootChanged,
  'history-done': EventFlag.HistoryDone,
};

const TYPE: Readonly<Partial<Record<Change['type'], EventFlag>>> = {
  file: EventFlag.ItemIsFile,
  directory: EventFlag.ItemIsDir,
  symlink: EventFlag.ItemIsSymlink,
};

/** The FSEvents flags of a change. */
export function flagOf(change: Change): EventFlag {
  let flag = KIND[change.kind];
  if (isControl(change)) return flag;
  flag |= TYPE[change.type] ?? 0;
  if (change.type !== 'directory' && (change.links ?? 1) > 1) flag |= EventFlag.ItemIsHardlink;
  return flag;
}

export const watchEvent = (change: Change): WatchEvent => ({ ...change, flag: flagOf(change) });

/** Type of the file, from an event's flags. */
export function eventType(flag: EventFlag): EventType {
  if (flag & EventFlag.ItemIsHardlink) return 'hardlink';
  if (flag & EventFlag.ItemIsSymlink) return 'symlink';
  if (flag & EventFlag.ItemIsDir) return 'dir';
  return flag & EventFlag.ItemIsFile ? 'file' : 'unknown';
}

/** An event without any flag (directory-granular streams) is a folder with changes. */
export function scanType(flag: EventFlag): ScanType {
  if (flag & (EventFlag.HistoryDone | EventFlag.EventIdsWrapped)) return 'nop';
  if (flag & (EventFlag.RootChanged | EventFlag.MustScanSubDirs)) return 'rescan';
  return flag === 0 || flag & EventFlag.ItemIsDir ? 'folder' : 'singleNode';
}

/** Whether a copy of the tree at `root` must be rebuilt. */
export function shouldRescan(event: Pick<WatchEvent, 'path' | 'from' | 'flag'>, root: string): boolean {
  if (scanType(event.flag) === 'nop') return false;
  const atRoot = covers(event.path, root) || (event.from !== undefined && covers(event.from, root));
  const lost = EventFlag.MustScanSubDirs | EventFlag.RootChanged;
  const gone = EventFlag.ItemRemoved | EventFlag.ItemRenamed | EventFlag.ItemCreated;
  return atRoot && (event.flag & (lost | gone)) !== 0;
}
