/** FSEvents' numbers (FSEvents.h). */

export const CreateFlag = {
  UseCFTypes: 0x001,
  NoDefer: 0x002,
  WatchRoot: 0x004,
  IgnoreSelf: 0x008,
  FileEvents: 0x010,
  MarkSelf: 0x020,
  UseExtendedData: 0x040,
  FullHistory: 0x080,
  WithDocID: 0x100,
} as const;

export const EventFlag = {
  MustScanSubDirs: 0x00000001,
  UserDropped: 0x00000002,
  KernelDropped: 0x00000004,
  EventIdsWrapped: 0x00000008,
  HistoryDone: 0x00000010,
  RootChanged: 0x00000020,
  Mount: 0x00000040,
  Unmount: 0x00000080,
  ItemCreated: 0x00000100,
  ItemRemoved: 0x00000200,
  ItemInodeMetaMod: 0x00000400,
  ItemRenamed: 0x00000800,
  ItemModified: 0x00001000,
  ItemFinderInfoMod: 0x00002000,
  ItemChangeOwner: 0x00004000,
  ItemXattrMod: 0x00008000,
  ItemIsFile: 0x00010000,
  ItemIsDir: 0x00020000,
  ItemIsSymlink: 0x00040000,
  OwnEvent: 0x00080000,
  ItemIsHardlink: 0x00100000,
  ItemIsLastHardlink: 0x00200000,
  ItemCloned: 0x00400000,
} as const;

/** Flags of events about the stream or the tree as a whole rather than about an item. */
export const LOSS =
  EventFlag.MustScanSubDirs |
  EventFlag.UserDropped |
  EventFlag.KernelDropped |
  EventFlag.EventIdsWrapped |
  EventFlag.HistoryDone;

/** A stream with more paths does not start. */
export const MAX_PATHS = 4096;
export const MAX_EXCLUSIONS = 8;
