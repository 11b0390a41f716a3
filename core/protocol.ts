/**
 * The wire between a covered process and the host.
 *
 * A process speaks to the host over one Unix stream socket per role. The gate (C) opens a `gate` connection and
 * asks questions: one request, one reply, in order, one at a time. The Frida agent opens an `agent` connection
 * over which events flow towards it; nothing else is said there. What it watches is asked for on the gate's
 * connection, so that a program whose registration has returned will hear of every later change. A host checks
 * the peer's credentials and the session's token in the first frame, `Hello`, and hangs up on anything else:
 * a frame that is oversized, malformed or out of order closes that connection with a logged reason, and
 * nothing else is harmed.
 *
 * Every frame begins with its own length (u32, bytes, itself included) and its op (u16). Numbers are
 * little-endian. Strings are bytes without a terminator, their lengths in the fixed part. Paths are raw bytes
 * as the kernel would take them. Errors are negative errno values of core/errors.ts.
 *
 * Besides the socket there is one shared page file in the session's object directory. The host writes its
 * header once; afterwards the gate raises `dirty` marks there and the host `watched` marks, without a system
 * call on either side.
 *
 * The C view of this file is generated (core/wire-header.ts), never written by hand.
 */
import { layout } from './layout.ts';

export const PROTOCOL_VERSION = 1;
export const MAGIC = 0x53464853; // "SHFS"

/** A request may be this long: two 4096-byte paths and an xattr value (64 KiB), with room. */
export const MAX_REQUEST = 80 * 1024;
/** A reply may be this long: one page of directory entries. */
export const MAX_REPLY = 64 * 1024;
export const TOKEN_BYTES = 32;

/**
 * Limits of a gate, whose tables are fixed before the program runs. The host refuses a session above them; a gate that
 * meets more than it can hold ends the process.
 */
export const LIMITS = {
  /** Mounts and overlays of a session. */
  MAX_MOUNTS: 1024,
  /** Descriptor numbers that can be virtual: fs/file.c's default of fs.nr_open. A call that would make a higher one fails with EMFILE. */
  MAX_FDS: 1 << 20,
  /** Bytes of the object directory's path, its NUL included. */
  MAX_OBJECT_DIRECTORY: 224,
  /** Bytes of SESSION_VARIABLE's value, its NUL included. */
  MAX_SESSION_VALUE: 320,
  /** Bytes of the path of the gate's library, its NUL included. */
  MAX_GATE_PATH: 1024,
} as const;

/** Who opens a connection. */
export const Role = { Gate: 1, Agent: 2, /** A command of ours: `fs`, `events`, … */ Control: 3 } as const;

/** Requests of the gate; the reply carries the same op. Values are never reused. */
export const Op = {
  Hello: 1,
  /** Attributes of a path or inode. flags: AT_* */
  Stat: 2,
  /**
   * flags: O_*, mode: creation mode. Reply: attributes with `oid` of the object, data: the name to open, below the
   * object directory or absolute. By a name of OBJECT_NAMES.mirrors, or an absolute one, `rdev` is the real inode.
   */
  Open: 3,
  /** The process no longer holds the object open. a: oid */
  Close: 4,
  /** mode: R_OK|W_OK|X_OK, flags: AT_* */
  Access: 5,
  Mkdir: 6,
  /** flags: AT_REMOVEDIR or 0 */
  Unlink: 7,
  /** path → path2. flags: RENAME_* */
  Rename: 8,
  /** path (existing) → path2. flags: AT_SYMLINK_FOLLOW */
  Link: 9,
  /** data: target text, path: new name */
  Symlink: 10,
  /** Reply data: target text. */
  Readlink: 11,
  Chmod: 12,
  /** a: uid, b: gid; 0xffffffff leaves it */
  Chown: 13,
  /** data: two timespecs (i64 sec, i64 nsec), UTIME_NOW/UTIME_OMIT in nsec */
  Utimens: 14,
  /** a: length */
  Truncate: 15,
  /**
   * One page of entries from cookie `a`, of `b` bytes at most; reply data: DIRENT records. `dir2`: cookie at which the
   * listing ends, 0 for none. Reply: `ino` is where a listing that begins with this page ends.
   */
  Readdir: 16,
  /** Absolute path of an inode. Reply data: path. */
  Getpath: 17,
  /** data: name, reply data: value */
  Getxattr: 18,
  /** path2: name, data: value; mode: XATTR_*, flags: AT_SYMLINK_NOFOLLOW, as of the other three */
  Setxattr: 19,
  /** Reply data: names, NUL after each. */
  Listxattr: 20,
  /** data: name */
  Removexattr: 21,
  /** mode: type and permissions, a: device number as stat reports it */
  Mknod: 22,
  /** Reply: `blocks` in all and `size` free bytes, 4096 a block; `ino`: number of files. */
  Statfs: 23,
  /** Native writes to a watched object. a: oid. Answered, so that the writer's next wait sees its event. */
  Wrote: 24,
  /**
   * A native write is about to make an object longer. a: oid, b: its length then. ENOSPC above the quota. With GrowFlag.Partial
   * a part will do that reaches beyond `dir2`. Reply: `ino` is the length that there is room for.
   */
  Grow: 33,
  /** Native writes to an unwatched object: no answer. a: oid */
  Ring: 25,
  /** Bring the agent into this process. Answered when it is there. */
  Agent: 26,
  /** Directory to enter. Reply: attributes with the placeholder directory's name in data. */
  Chdir: 27,
  /** A child by fork holds these objects too. data: u64 oids. With RequestFlag.Reply: attributes of the first. */
  Inherit: 28,
  /** The process's agent watches these inodes, or forgets them. data: u64 inodes, b: 1 or 0. flags: RequestFlag */
  Watch: 29,
  /** The program made a kqueue, so a watch may come: the engine's start need not wait for it. No answer. */
  Warm: 31,
  /**
   * AF_UNIX. flags: SocketUse. Find: where the socket is that `path` leads to; Make: its name, data: the text it was bound
   * by; Bound: the text that the socket of object `a` was bound by. Reply data: an object's name (a real path with
   * ReplyFlag.Lower, nothing where there is no socket), or the text.
   */
  Socket: 32,
  /** The binding that the process has now, for its children. Reply: `ino`. */
  Binding: 34,
  /**
   * A real file that is read in place may have been copied up. dir: inode, a: reader, b: offset, mode: descriptors of
   * that description, flags: RepointFlag. Reply: the copy's `oid`, and a descriptor of it comes along
   * (SCM_RIGHTS); with ReplyFlag.Lower it is still, or stays, where it was.
   */
  Repoint: 35,
  /** A descriptor of a real file came with the program. path: what it points at, a: its number. Reply: as to Open. */
  Adopt: 36,
  /** On a control connection: data is JSON, and so is every reply's. */
  Control: 30,
  /**
   * Whole trees for stream `a` (the process's own number) of the process's agent. data: absolute paths, NUL after each.
   * flags: SubtreeMode. Remove: the whole stream (no reply); Replay: the retained events since `b` come first, as
   * AgentOp.Replayed frames and one AgentOp.ReplayEnd. Reply: `ino` is the newest event's id.
   */
  Subtree: 50,
  /**
   * Ids of events. flags: EventIdKind. Newest: `a` is the system's own newest, above which later ids are; Before: the last
   * before the time `a` (ms); Raise: as Newest, without a reply. Reply: `ino` is the id; data: 16 bytes that name this history.
   */
  EventId: 51,
  /**
   * inotify_add_watch. flags: AT_SYMLINK_NOFOLLOW, and O_DIRECTORY for IN_ONLYDIR. Reply data: the real path to
   * watch instead, below the object directory or absolute; ino: the real inode that it should lead to.
   */
  Notify: 52,
  /**
   * What an inherited descriptor stands for that was opened by a name of OBJECT_NAMES.mirrors. path: that name, below
   * the object directory; a: real inode. Reply: attributes; an object is held from now on.
   */
  Recover: 53,
  /** By which name object `a`, or the directory of inode `dir`, is opened now. Reply: as to Open. */
  Where: 54,
  /** The thread `a` has changed its user or group ids: later requests are judged by what /proc says of it. */
  Credentials: 55,
  /**
   * A process of another user may not reach the object directory, so the host opens for it: object `a`, or the directory
   * of inode `dir`. flags: O_*, and PassFlag.Placeholder in `b`. The descriptor comes with the reply (SCM_RIGHTS); with
   * ReplyFlag.Retry it could not be sent now. Of a FIFO it only names the file (O_PATH).
   */
  Pass: 56,
} as const;
export type Op = (typeof Op)[keyof typeof Op];

/** Flag of Inherit and Watch: a reply is wanted. */
export const RequestFlag = { Reply: 1 } as const;
/** Flag of Grow: a part of the write will do. */
export const GrowFlag = { Partial: 1 } as const;
/** Flags of Repoint: the description holds a lock, or is mapped. */
export const RepointFlag = { Locked: 1, Mapped: 2 } as const;
/**
 * `b` of Pass, in place of an object: a directory's placeholder, even where a mirror has a name for it; the directory of all
 * objects, for a socket's address; the gate's library, and the shared page, for a program of another user.
 */
export const PassFlag = { Placeholder: 1, Objects: 2, Library: 3, Page: 4 } as const;
/** flags of Socket. */
export const SocketUse = {
  /** where it is */ Find: 0,
  /** make its name */ Make: 1,
  /** the text of bind */ Bound: 2,
} as const;
/** flags of Subtree. */
export const SubtreeMode = { Remove: 0, Add: 1, /** the retained events first */ Replay: 2 } as const;
/** flags of EventId. */
export const EventIdKind = { Newest: 0, /** before a time */ Before: 1, /** no reply */ Raise: 2 } as const;

/** Frames on an agent's connection. */
export const AgentOp = {
  Hello: 1,
  /** host → agent: an EVENT record */
  Event: 65,
  /** host → agent: the host is going; every watch ends. */
  Goodbye: 66,
  /** host → agent: a retained EVENT record, for its `stream` alone. */
  Replayed: 70,
  /** host → agent: the replay for `stream` ends; `id` is its last event's. detail 1: older events are lost. */
  ReplayEnd: 71,
  /** host → agent: the agent was too slow, and events below the trees of its streams are lost. */
  Lost: 72,
} as const;

/** FSEvents' ids per id of the core's: one operation may be several events there, whose ids follow one another. */
export const ID_PARTS = 4;

/** Fixed part of every frame towards the host; path, path2 and data follow. */
export const REQUEST = /* @__PURE__ */ layout('shimfs_request', {
  length: 'u32',
  op: 'u16',
  reserved: 'u16',
  id: 'u32',
  flags: 'u32',
  mode: 'u32',
  umask: 'u32',
  /** Inode that a relative `path` starts from; 0: `path` is absolute. With an empty path: the inode itself. */
  dir: 'u64',
  dir2: 'u64',
  a: 'u64',
  b: 'u64',
  path_length: 'u32',
  path2_length: 'u32',
  data_length: 'u32',
  reserved2: 'u32',
});

/** Fixed part of every reply of the host; `data` follows. */
export const REPLY = /* @__PURE__ */ layout('shimfs_reply', {
  length: 'u32',
  op: 'u16',
  /** A set of ReplyFlag. */
  reply_flags: 'u16',
  id: 'u32',
  /** ≥ 0 or a negative errno */
  result: 'i32',
  /** Number of the last event frame queued for this process's agent. */
  seq: 'u64',
  ino: 'u64',
  size: 'u64',
  blocks: 'u64',
  rdev: 'u64',
  /** Object to open for the bytes; 0 where there is none. */
  oid: 'u64',
  atime_sec: 'i64',
  mtime_sec: 'i64',
  ctime_sec: 'i64',
  btime_sec: 'i64',
  atime_nsec: 'u32',
  mtime_nsec: 'u32',
  ctime_nsec: 'u32',
  btime_nsec: 'u32',
  mode: 'u32',
  nlink: 'u32',
  uid: 'u32',
  gid: 'u32',
  /** Index of the object's dirty mark in the shared page. */
  slot: 'u32',
  data_length: 'u32',
});

/** Flag of a request that changes attributes or length: the asker holds a descriptor of the inode, and can make the change by it. */
export const BY_DESCRIPTOR = 0x4000_0000;

export const ReplyFlag = {
  /** The path leaves the mounts: `data` is the real path to use instead. */
  Exit: 1,
  /** Open: the file was created by this call. */
  Created: 2,
  /** Reply to a change by descriptor (shares its bit with Beneath, of Stat): the file has a name in a mirror, so make it natively, too. */
  Tell: 32,
  /** Stat: until a generation in `data` changes (pairs of u32: index, value), the answer stays the same. */
  Cacheable: 8,
  /**
   * Open: `data` is the absolute path of a real file to open in place: one that is only read, or no regular file. Of
   * the former `oid` is the reader's number, and `slot` the inode's counter as of now.
   */
  Lower: 4,
  /**
   * Stat, with Cacheable (shares its bit with Tell): and until a look at a real path differs. Behind the pairs come one of u32
   * 0xffffffff and the path's length, the real inode (u64) and the path.
   */
  Beneath: 32,
  /** Repoint: not now; ask at the next read again. */
  Retry: 16,
} as const;

/** First frame of a connection. REQUEST with op Hello; data is this. */
export const HELLO = /* @__PURE__ */ layout('shimfs_hello', {
  magic: 'u32',
  version: 'u32',
  role: 'u32',
  /** Binding (branch) this process was started with. */
  binding: 'u32',
  /** Process that this one was forked from, 0 if it came by exec. */
  parent_pid: 'u32',
  reserved: 'u32',
});

/** A directory entry in the data of a Readdir reply; the name follows, padded to 8 bytes. */
export const DIRENT = /* @__PURE__ */ layout('shimfs_dirent', {
  ino: 'u64',
  /** Cookie that continues after this entry. */
  next: 'u64',
  /** Whole record, bytes. */
  length: 'u16',
  /** DT_* */
  type: 'u8',
  reserved: 'u8',
  name_length: 'u32',
});

/**
 * An event for an agent, with everything that the mappings need. Fixed part; path and from follow. `from`: the old name of a
 * Renamed, and of a Created that is a hard link the name it was made from.
 */
export const EVENT = /* @__PURE__ */ layout('shimfs_event', {
  length: 'u32',
  op: 'u16',
  kind: 'u8',
  /** FileType code of `ino` */
  type: 'u8',
  seq: 'u64',
  id: 'u64',
  ino: 'u64',
  parent: 'u64',
  from_parent: 'u64',
  replaced: 'u64',
  time: 'u64',
  detail: 'u32',
  nlink: 'u32',
  pid: 'u32',
  replaced_nlink: 'u32',
  replaced_type: 'u32',
  path_length: 'u32',
  from_length: 'u32',
  /** AgentOp.Replayed and ReplayEnd: the stream they are for. */
  stream: 'u32',
});

/** File types on the wire: DT_* of dirent.h. */
export const WireType = {
  fifo: 1,
  char: 2,
  directory: 4,
  block: 6,
  file: 8,
  symlink: 10,
  socket: 12,
} as const;

export const DIRTY_SLOTS = 16384;
export const WATCHED_SLOTS = 4096;
/** Room for the mounts' paths, the socket's and the token. */
export const MOUNTS_BYTES = 256 * 1024;
/** Counters that rise whenever an inode's attributes or names may have changed; see `generationIndex`. */
export const GENERATIONS = 8192;
/** The counter of an inode; several inodes share one. Index 0 rises when anything at all may have changed. */
export const generationIndex = (ino: number): number => 1 + (ino % (GENERATIONS - 1));

/** The shared page file. Written by the host, but for `dirty`. */
export const SHARED = /* @__PURE__ */ layout('shimfs_shared', {
  magic: 'u32',
  version: 'u32',
  /** HostState */
  host_state: 'u32',
  host_pid: 'u32',
  /** Device number told for every virtual inode. */
  device: 'u64',
  mount_count: 'u32',
  /** A set of SharedFlag. */
  session_flags: 'u32',
  /** Bytes from the file's start: a list of NUL-terminated mount paths. */
  mounts_offset: 'u32',
  /** u8[WATCHED_SLOTS], indexed by inode modulo: how many watches, saturating. */
  watched_offset: 'u32',
  /** u32[DIRTY_SLOTS]: pid of the last native writer since the host looked, 0 for none. */
  dirty_offset: 'u32',
  total_size: 'u32',
  /** NUL-terminated, in the mounts area: the socket's path. */
  socket_offset: 'u32',
  /** TOKEN_BYTES in the mounts area. */
  token_offset: 'u32',
  /** u32[GENERATIONS] */
  generations_offset: 'u32',
  /** Rises whenever a process is bound to another branch. */
  rebindings: 'u32',
});

export const HostState = { Starting: 0, Alive: 1, Dead: 2 } as const;
export const SharedFlag = {
  /** Children that cannot be covered run anyway, uncovered. */
  AllowUncovered: 1,
  /** The agent is brought in at start, not at the first watch. */
  AgentAlways: 2,
  /** Some mounts are overlays: they exist on the real filesystem, too. */
  Overlays: 4,
  /** The bytes of all files are limited: a native write that makes one longer asks first. */
  Quota: 8,
} as const;

/** Where the areas of the shared page file lie. */
export const SHARED_AREAS = (() => {
  const mounts = 4096;
  const watched = mounts + MOUNTS_BYTES;
  const dirty = watched + WATCHED_SLOTS;
  const generations = dirty + DIRTY_SLOTS * 4;
  return { mounts, watched, dirty, generations, total: generations + GENERATIONS * 4 };
})();

/** Names inside the object directory. The gate recovers an inherited descriptor's identity from them. */
export const OBJECT_NAMES = {
  shared: 'shared',
  /** `o/<oid>`: bytes of a regular file */
  objects: 'o',
  /** `d/<binding>.<ino>`: placeholder of a directory */
  directories: 'd',
  /** `m/<number>/…`: what is watched with inotify, by its names (core/inotify) */
  mirrors: 'm',
} as const;

/** Linux: the host also listens at this abstract name, followed by the last component of the object directory's path. */
export const ABSTRACT_SOCKET = 'shimfs:';

/** The environment variable that carries the session into a preloaded process: `<object dir>:<binding>`. */
export const SESSION_VARIABLE = 'SHIMFS_SESSION';

/** The environment variable of a program that runs as another user: the descriptor of the shared page, which it inherits. */
export const PAGE_VARIABLE = 'SHIMFS_PAGE';
