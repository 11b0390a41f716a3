/* Opening, closing and writing: a virtual file is a real descriptor on its object. */
#define _GNU_SOURCE
#include "calls.h"
#include "connection.h"
#include "descriptor.h"
#include "fd_index.h"
#include "file.h"
#include "os.h"
#include "path.h"
#include "process.h"
#include "real.h"
#include "scratch.h"
#include "session.h"
#include "text.h"
#if defined(__linux__)
#include "linux/fifo.h"
#endif

#ifndef O_TMPFILE
#define O_TMPFILE 0
#endif
static const long CREATION = O_CREAT | O_EXCL | O_TRUNC | O_NOFOLLOW | O_DIRECTORY | O_TMPFILE;

static void no_longer_held(uint64_t oid) {
  struct request q = {.op = OP_CLOSE, .a = oid};
  host_post(&q);
}

/* A real file in place: read by the kernel, and never written. The connection is held. */
static long open_lower(const struct shimfs_reply *r, const char *data, long flags) {
  struct scratch *room = scratch_take();
  size_t n = r->data_length;
  if (!room || n >= MAX_PATH) {
    host_end();
    if (room) scratch_give(room);
    return room ? -ENAMETOOLONG : -ENOMEM;
  }
  bytes_copy(room->path, data, n);
  room->path[n] = 0;
  host_end();
  long fd = sys(SYS_openat, AT_FDCWD, room->path, (flags & ~CREATION) | O_NOFOLLOW, 0);
  scratch_give(room);
  if (fd >= 0 && !fd_admits(fd)) sys(SYS_close, fd), fd = -EMFILE;
  if (fd < 0 || in_vfork_child()) {
    if (r->oid) no_longer_held(r->oid);
    return fd;
  }
  fd_assign_in_place((int)fd, r, (uint32_t)flags);
  return fd;
}

enum { TRIES = 16 };

/*
 * Opens the name that the host returned. -ESTALE: it leads nowhere now, or to another file. Names in a mirror move as the virtual ones
 * do, and an object moves into a mirror, at any time.
 */
static long open_name(const char *name, const struct shimfs_reply *r, long kept, bool mirrored, long truncates) {
  bool fifo = (r->mode & S_IFMT) == S_IFIFO && r->oid;
  long fd;
#if defined(__linux__)
  fd = fifo && !mirrored ? open_fifo(name, kept) : sys(SYS_openat, AT_FDCWD, name, kept, 0);
#else
  fd = fifo ? -ENXIO : sys(SYS_openat, AT_FDCWD, name, kept, 0);
#endif
  if (fd == -ENOENT || fd == -ENOTDIR) return -ESTALE;
  if (fd < 0 || !mirrored) return fd;
#if defined(__linux__)
  struct stat st;
  if (sys(SYS_fstat, fd, &st) || st.st_ino != r->rdev) {
    sys(SYS_close, fd);
    return -ESTALE;
  }
  /* Heard in its place: after the open. */
  if (truncates) sys(SYS_ftruncate, fd, 0);
#endif
  (void)truncates;
  return fd;
}

#if defined(__linux__)
/* Opens the file that an O_PATH descriptor names. */
static long open_named(int named, long flags) {
  char path[40] = "/proc/self/fd/";
  text_number(path + 14, (uint64_t)named);
  return sys(SYS_openat, AT_FDCWD, path, flags & ~(long)O_NOFOLLOW, 0);
}

/* The process runs as another user and cannot enter the object directory: the host opens for it. */
static long open_passed(const struct shimfs_reply *r, long kept) {
  bool directory = (r->mode & S_IFMT) == S_IFDIR, fifo = (r->mode & S_IFMT) == S_IFIFO;
  struct request q = {.op = OP_PASS, .flags = wire_open_flags(kept), .a = directory ? 0 : r->oid, .dir = r->ino};
  struct shimfs_reply reply;
  int passed = -1;
  long result = 0;
  for (int i = 0; i < TRIES && result >= 0 && passed < 0; i++) result = host_receive(&q, &reply, &passed);
  if (passed < 0) return result < 0 ? result : -EAGAIN;
  if (fifo) {
    result = open_named(passed, kept);
    sys(SYS_close, passed);
    return result;
  }
  if (!(kept & O_CLOEXEC)) sys(SYS_fcntl, passed, F_SETFD, 0);
  return passed;
}
#else
static long open_passed(const struct shimfs_reply *r, long kept) { return (void)r, (void)kept, -EACCES; }
#endif

/* Copies the name from the reply and releases the connection. 0 or -errno. */
static long told_name(const struct shimfs_reply *r, const char *data, char *out, bool *mirrored) {
  long result = session_real_path(out, data, r->data_length);
  *mirrored = session_mirrored(data, r->data_length) || data[0] == '/';
  host_end();
  return result;
}

/* The connection is held. Returns -ESTALE when the file has been deleted for good meanwhile. */
static long open_told(struct shimfs_reply *r, const char *data, long flags, bool *mirrored) {
  struct scratch *room = scratch_take();
  if (!room) {
    host_end();
    return -ENOMEM;
  }
  bool directory = (r->mode & S_IFMT) == S_IFDIR, fifo = (r->mode & S_IFMT) == S_IFIFO;
  long kept = directory ? (flags | O_DIRECTORY) & ~(long)(O_CREAT | O_EXCL | O_TRUNC | O_NOFOLLOW) : flags & ~CREATION;
  long named = told_name(r, data, room->path, mirrored), result = named ? named : -ESTALE;
  for (int i = 0; named == 0 && i < TRIES; i++) {
    long truncates = *mirrored && !directory && !(r->reply_flags & REPLY_FLAG_CREATED) && (flags & O_ACCMODE) != O_RDONLY ? flags & O_TRUNC : 0;
    if (fifo) {
      /* May sleep: the room is for others meanwhile. */
      char name[384];
      size_t n = text_length(room->path);
      bool fits = n < sizeof name;
      if (fits) bytes_copy(name, room->path, n + 1);
      scratch_give(room);
      room = NULL;
      result = fits ? open_name(name, r, kept, *mirrored, 0) : -ENAMETOOLONG;
      if (result == -ESTALE) result = -ENXIO;
      if (result == -EACCES) result = open_passed(r, kept);
      break;
    }
    result = open_name(room->path, r, kept, *mirrored, truncates);
    if (result == -EACCES) {
      result = open_passed(r, kept);
      if (result >= 0 && truncates) sys(SYS_ftruncate, result, 0);
    }
    if (result != -ESTALE) break;
    const struct shimfs_reply *now;
    struct request q = {.op = OP_WHERE, .a = r->oid, .dir = directory ? r->ino : 0};
    if (host_begin(&q, &now, &data) < 0) {
      host_end();
      break;
    }
    r->rdev = now->rdev;
    struct shimfs_reply found = *now;
    named = told_name(&found, data, room->path, mirrored);
  }
  if (room) scratch_give(room);
  return result;
}

static long open_place(const struct place *p, long flags, long mode) {
  const struct shimfs_reply *reply;
  const char *data;
  struct request q = {.op = OP_OPEN, .flags = wire_open_flags(flags), .mode = (uint32_t)mode, .dir = p->dir, .path = p->path, .path_length = p->length};
  long result = host_begin(&q, &reply, &data);
  if (result == 0 && reply->reply_flags & REPLY_FLAG_EXIT) return LEFT_MOUNTS;
  if (result < 0) {
    host_end();
    return result;
  }
  struct shimfs_reply r = *reply;
  if (r.reply_flags & REPLY_FLAG_LOWER) return open_lower(&r, data, flags);
  bool mirrored = false;
  long fd = open_told(&r, data, flags, &mirrored);
  if (fd >= 0 && !fd_admits(fd)) sys(SYS_close, fd), fd = -EMFILE;
  if (fd < 0 || in_vfork_child()) {
    /* The next image of a vfork child recovers its descriptors by itself. */
    if (r.oid) no_longer_held(r.oid);
    return fd;
  }
  bool directory = (r.mode & S_IFMT) == S_IFDIR, fifo = (r.mode & S_IFMT) == S_IFIFO && r.oid;
  fd_assign((int)fd, directory ? FD_DIRECTORY : fifo ? FD_FIFO
                                                     : FD_FILE,
            r.ino, r.oid, directory ? mirrored : r.slot, (uint32_t)flags);
  return fd;
}

long on_open(long dirfd, const char *path, long flags, long mode) {
  struct place p;
  if (!place_at(dirfd, path, flags & O_NOFOLLOW || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL) ? WIRE_AT_SYMLINK_NOFOLLOW : 0, &p))
    return NOT_OURS;
  if (!p.length) flags &= ~(long)O_CREAT;
  long fd = open_place(&p, flags, mode);
  /* The file lost its last name before it was opened: as if before the call. */
  for (int i = 0; fd == -ESTALE && i < TRIES; i++) fd = open_place(&p, flags & ~(long)O_EXCL, mode);
  return fd == -ESTALE ? -ENOENT : fd;
}

long on_close(long fd) {
  if (is_protected_fd((int)fd)) return -EBADF;
  if (real.darwin_standin_fd_closing) real.darwin_standin_fd_closing((int)fd);
  if (fd_kind(fd) == FD_FOREIGN) return NOT_OURS;
  /* Before the number is free: another thread may be given it at once. */
  fd_closing((int)fd);
  return NOT_OURS;
}

/*
 * Leaves the writer's name on the object. Returns whether that is news to the host: it takes a mark away before it
 * looks, so one that still stands after a write means that it has yet to look. (A process that is killed between
 * its write and its mark is found out when its connection ends.)
 */
static bool mark(const struct fd_entry *e) {
  uint32_t me = (uint32_t)self_pid;
  if (e->slot >= SHIMFS_DIRTY_SLOTS) return true;
  if (__atomic_load_n(&session.dirty[e->slot], __ATOMIC_SEQ_CST) == me) return false;
  return !__atomic_exchange_n(&session.dirty[e->slot], me, __ATOMIC_SEQ_CST);
}

long native_write(long nr, long fd, const struct arguments *a) {
  struct fd_entry *e = fd_entry((int)fd);
  long result = native_call(nr, a);
  bool watched = session.watched[e->ino % SHIMFS_WATCHED_SLOTS];
  /* A write of 0 bytes is an event for knotes only (darwin posts after every successful write). */
  bool counts = result > 0 || (result == 0 && watched);
#ifdef SYS_fallocate
  counts = counts || (result == 0 && nr == SYS_fallocate);
#endif
  if (!counts) return result;
  bool news = mark(e);
  /* Watchers are notified before the writer's next step; without watchers the host may be late. */
  struct request q = {.op = watched ? OP_WROTE : OP_RING, .a = e->oid};
  if (watched) host_ask(&q);
  else if (news) host_post(&q);
  return result;
}
