/**
 * The hints that Darwin posts on each vnode of a change: the behaviour of its VNOP wrappers, as a table.
 *
 * A post is one hint on one inode. The posts of an operation are matched separately against a knote's mask, so that the
 * EXTEND and WRITE of a growing write are two posts, and the DELETE|LINK of an unlink is one.
 */
import { Detail, EventKind } from '../../core/events/fs-event.ts';
import { WireType } from '../../core/protocol.ts';
import { NOTE_ATTRIB, NOTE_DELETE, NOTE_EXTEND, NOTE_LINK, NOTE_RENAME, NOTE_WRITE } from './constants.ts';

/** The fields of an event that decide its posts. Inode 0: none. */
export interface NoteFacts {
  readonly kind: number;
  /** WireType of `ino` */
  readonly type: number;
  readonly detail: number;
  readonly ino: number;
  readonly parent: number;
  readonly fromParent: number;
  readonly replaced: number;
}

/** The inode of the event that receives the hint. */
type Target = 'ino' | 'parent' | 'fromParent' | 'replaced';
type Posts = readonly (readonly [on: Target, hint: number])[];

/** A row of the table. Absent conditions always hold; the first matching row applies. */
interface Row {
  readonly kind: number;
  readonly directory?: boolean;
  /** Detail bits that must be set. */
  readonly has?: number;
  /** Detail bits that must be clear. */
  readonly lacks?: number;
  /** Both names of a rename lie in one directory. */
  readonly sameParent?: boolean;
  /** The rename took a name from another inode (replaced or exchanged). */
  readonly replaces?: boolean;
  readonly posts: Posts;
}

const { Created, Removed, Modified, Renamed, Attrib } = EventKind;
const { Extended, Truncated, Native, Link } = Detail;
const ATTRIBUTES = Detail.Mode | Detail.Owner | Detail.Times | Detail.Xattr | Detail.Flags;

const ROWS: readonly Row[] = [
  // link(2): the file first, then the directory.
  {
    kind: Created,
    has: Link,
    posts: [
      ['ino', NOTE_LINK],
      ['parent', NOTE_WRITE],
    ],
  },
  { kind: Created, directory: true, posts: [['parent', NOTE_WRITE | NOTE_LINK]] },
  { kind: Created, posts: [['parent', NOTE_WRITE]] },

  // The removed file gets DELETE|LINK even if other links remain.
  {
    kind: Removed,
    directory: true,
    posts: [
      ['ino', NOTE_DELETE | NOTE_LINK],
      ['parent', NOTE_WRITE | NOTE_LINK],
    ],
  },
  {
    kind: Removed,
    posts: [
      ['ino', NOTE_DELETE | NOTE_LINK],
      ['parent', NOTE_WRITE],
    ],
  },

  // The names in a directory have events of their own; a directory gets no EXTEND.
  { kind: Modified, directory: true, posts: [['ino', NOTE_WRITE]] },
  // truncate(2) sets an attribute: no WRITE.
  {
    kind: Modified,
    has: Truncated | Extended,
    lacks: Native,
    posts: [
      ['ino', NOTE_EXTEND],
      ['ino', NOTE_ATTRIB],
    ],
  },
  { kind: Modified, has: Truncated, lacks: Native, posts: [['ino', NOTE_ATTRIB]] },
  // A change found by comparing sizes can include a truncation and writes: post both.
  {
    kind: Modified,
    has: Truncated | Extended,
    posts: [
      ['ino', NOTE_ATTRIB],
      ['ino', NOTE_EXTEND],
      ['ino', NOTE_WRITE],
    ],
  },
  {
    kind: Modified,
    has: Truncated,
    posts: [
      ['ino', NOTE_ATTRIB],
      ['ino', NOTE_WRITE],
    ],
  },
  {
    kind: Modified,
    has: Extended,
    posts: [
      ['ino', NOTE_EXTEND],
      ['ino', NOTE_WRITE],
    ],
  },
  { kind: Modified, posts: [['ino', NOTE_WRITE]] },

  // Only the link count changed.
  { kind: Attrib, has: Link, lacks: ATTRIBUTES, posts: [['ino', NOTE_LINK]] },
  { kind: Attrib, posts: [['ino', NOTE_ATTRIB]] },

  // Renames: old directory, new directory, the one that lost the name (DELETE without LINK), the renamed one.
  // A directory that moves between directories changes both link counts, unless it takes another's place there;
  // one that takes a sibling's place lowers its parent's.
  {
    kind: Renamed,
    directory: true,
    sameParent: true,
    replaces: true,
    posts: [
      ['fromParent', NOTE_WRITE | NOTE_LINK],
      ['replaced', NOTE_DELETE],
      ['ino', NOTE_RENAME],
    ],
  },
  {
    kind: Renamed,
    directory: true,
    sameParent: false,
    replaces: false,
    posts: [
      ['fromParent', NOTE_WRITE | NOTE_LINK],
      ['parent', NOTE_WRITE | NOTE_LINK],
      ['ino', NOTE_RENAME],
    ],
  },
  {
    kind: Renamed,
    sameParent: true,
    posts: [
      ['fromParent', NOTE_WRITE],
      ['replaced', NOTE_DELETE],
      ['ino', NOTE_RENAME],
    ],
  },
  {
    kind: Renamed,
    posts: [
      ['fromParent', NOTE_WRITE],
      ['parent', NOTE_WRITE],
      ['replaced', NOTE_DELETE],
      ['ino', NOTE_RENAME],
    ],
  },
];

/** A post as an object: no array to destructure for each event. */
class Post {
  constructor(
    readonly on: Target,
    readonly hint: number,
  ) {}
}

/** Results of `search`, keyed by all its arguments. Few combinations occur, and the width of the key bounds the size. */
const cachedPosts = new Map<number, readonly Post[]>();
const DETAIL_BITS = 0xfff;

function postsFor(event: NoteFacts): readonly Post[] {
  const kind = event.kind;
  const directory = event.type === WireType.directory;
  const detail = event.detail & DETAIL_BITS;
  const renamed = kind === Renamed;
  const sameParent = renamed && event.parent === event.fromParent;
  const replaces = renamed && event.replaced !== 0;
  const key =
    (kind << 15) | (directory ? 0x4000 : 0) | (sameParent ? 0x2000 : 0) | (replaces ? 0x1000 : 0) | detail;
  let posts = cachedPosts.get(key);
  if (posts === undefined) {
    posts = search(kind, directory, detail, sameParent, replaces);
    cachedPosts.set(key, posts);
  }
  return posts;
}

/** Kinds without a row (opened, accessed, closed) have no posts. */
function search(
  kind: number,
  directory: boolean,
  detail: number,
  sameParent: boolean,
  replaces: boolean,
): readonly Post[] {
  const row = ROWS.find(
    (r) =>
      r.kind === kind &&
      (r.directory ?? directory) === directory &&
      (detail & (r.has ?? 0)) === (r.has ?? 0) &&
      (detail & (r.lacks ?? 0)) === 0 &&
      (r.sameParent ?? sameParent) === sameParent &&
      (r.replaces ?? replaces) === replaces,
  );
  return row === undefined ? [] : row.posts.map(([on, hint]) => new Post(on, hint));
}

/** Calls `post` for every hint of `event`, in Darwin's posting order. */
export function forEachPost(event: NoteFacts, post: (ino: number, hint: number) => void): void {
  const posts = postsFor(event);
  for (let i = 0; i < posts.length; i++) {
    const { on, hint } = posts[i]!;
    const ino = event[on];
    if (ino !== 0) post(ino, hint);
  }
}
