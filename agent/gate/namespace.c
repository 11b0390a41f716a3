/* Names: rename, link, symlink, readlink; directories and the working directory. */
#define _GNU_SOURCE
#include "attributes.h"
#include "calls.h"
#include "connection.h"
#include "cwd.h"
#include "fd_index.h"
#include "memory.h"
#include "namespace.h"
#include "os.h"
#include "overlay.h"
#include "path.h"
#include "proc_path.h"
#include "scratch.h"
#include "session.h"
#include "text.h"

/* One inside a mount and one outside are two file systems, unless a symlink leads back in. */
static long across(uint16_t op, const struct place *known, bool known_is_first, long dir, const char *path, uint32_t flags) {
  struct scratch *room = scratch_take();
  struct place other;
  long result = -EXDEV;
  if (room && place_behind(dir, path, &other, room)) {
    const struct place *one = known_is_first ? known : &other, *two = known_is_first ? &other : known;
    struct request q = {.op = op,
                        .flags = flags,
                        .dir = one->dir,
                        .path = one->path,
                        .path_length = one->length,
                        .dir2 = two->dir,
                        .path2 = two->path,
                        .path2_length = two->length};
    result = host_ask(&q);
    if (result == LEFT_MOUNTS) host_end(), result = -EXDEV;
  }
  if (room) scratch_give(room);
  return result;
}

/* Where a path is that leads out of the mounts; false when it stays within. */
static bool exit_of(const struct place *p, uint32_t flags, struct scratch *room) {
  struct request q = {.op = OP_STAT, .flags = flags, .dir = p->dir, .path = p->path, .path_length = p->length};
  const struct shimfs_reply *reply;
  bool left = host_begin(&q, &reply, NULL) == 0 && reply->reply_flags & REPLY_FLAG_EXIT;
  uint32_t n = 0;
  const char *path = host_exit_path(&n);
  left = left && n < MAX_PATH;
  if (left) bytes_copy(room->path, path, n), room->path[n] = 0;
  host_end();
  return left;
}

/* At least one path leads out: both, and the call is the kernel's. */
static long both_outside(uint16_t op, const struct place *one, const struct place *two, uint32_t flags) {
  struct scratch *from = scratch_take(), *to = scratch_take();
  long result = -EXDEV;
  uint32_t how = op == OP_LINK && flags & WIRE_AT_SYMLINK_FOLLOW ? 0 : WIRE_AT_SYMLINK_NOFOLLOW;
  if (from && to && exit_of(one, how, from) && exit_of(two, WIRE_AT_SYMLINK_NOFOLLOW, to)) {
#if defined(__linux__)
    if (op == OP_LINK) result = sys(SYS_linkat, AT_FDCWD, from->path, AT_FDCWD, to->path, flags);
    else result = sys(SYS_renameat2, AT_FDCWD, from->path, AT_FDCWD, to->path, flags);
#endif
  }
  if (from) scratch_give(from);
  if (to) scratch_give(to);
  return result;
}

/* Two paths, one question. */
static long two_places(uint16_t op, long dir1, const char *path1, long dir2, const char *path2, uint32_t flags) {
  struct place one, two;
  long how = op == OP_LINK && flags & WIRE_AT_SYMLINK_FOLLOW ? 0 : WIRE_AT_SYMLINK_NOFOLLOW;
  if (op == OP_LINK) how |= flags & WIRE_AT_EMPTY_PATH;
  if (!readable(path1, 1)) return NOT_OURS;
  if (!readable(path2, 1)) return place_at(dir1, path1, how, &one) ? -EFAULT : NOT_OURS;
  bool first = place_at(dir1, path1, how, &one), second = place_at(dir2, path2, WIRE_AT_SYMLINK_NOFOLLOW, &two);
  if (!first && !second) return NOT_OURS;
  if (!path2[0] || (!path1[0] && !one.dir)) return -ENOENT;
  if (!second) return across(op, &one, true, dir2, path2, flags);
  if (!first) return across(op, &two, false, dir1, path1, flags);
  struct request q = {.op = op,
                      .flags = flags,
                      .dir = one.dir,
                      .path = one.path,
                      .path_length = one.length,
                      .dir2 = two.dir,
                      .path2 = two.path,
                      .path2_length = two.length};
  long result = host_ask(&q);
  if (result != LEFT_MOUNTS) return result;
  host_end();
  return both_outside(op, &one, &two, flags);
}

long on_rename(long fromdir, const char *from, long todir, const char *to, uint32_t flags) {
  paths_forget();
  return two_places(OP_RENAME, fromdir, from, todir, to, flags);
}

long on_link(long fromdir, const char *from, long todir, const char *to, uint32_t flags) {
  return two_places(OP_LINK, fromdir, from, todir, to, flags);
}

long on_symlink(const char *target, long dirfd, const char *path) {
  paths_forget();
  struct place p;
  if (!place_at(dirfd, path, WIRE_AT_SYMLINK_NOFOLLOW, &p)) return NOT_OURS;
  long length = readable_text(target, MAX_PATH);
  if (length < 0) return length;
  if (length == MAX_PATH) return -ENAMETOOLONG;
  struct request q = {.op = OP_SYMLINK, .dir = p.dir, .path = p.path, .path_length = p.length, .data = target, .data_length = (uint32_t)length};
  return host_ask(&q);
}

static long answer_text(const struct request *q, char *out, size_t size) {
  const struct shimfs_reply *reply;
  const char *data;
  long result = host_begin(q, &reply, &data);
  if (result == 0 && reply->reply_flags & REPLY_FLAG_EXIT) return LEFT_MOUNTS;
  if (result >= 0) {
    size_t n = reply->data_length < size ? reply->data_length : size;
    result = -EFAULT;
    if (writable(out, n)) {
      bytes_copy(out, data, n);
      result = (long)n;
    }
  }
  host_end();
  return result;
}

/* The path of an inode, in the kernel's form for a descriptor. */
static long answer_path(uint64_t ino, char *out, size_t size) {
  static const char suffix[] = " (deleted)";
  const struct shimfs_reply *reply;
  const char *data;
  struct request q = {.op = OP_GETPATH, .dir = ino};
  long result = host_begin(&q, &reply, &data);
  if (result >= 0) {
    size_t n = reply->data_length < size ? reply->data_length : size;
    size_t more = reply->nlink ? 0 : size - n < sizeof suffix - 1 ? size - n
                                                                  : sizeof suffix - 1;
    result = -EFAULT;
    if (writable(out, n + more)) {
      bytes_copy(out, data, n);
      bytes_copy(out + n, suffix, more);
      result = (long)(n + more);
    }
  }
  host_end();
  return result;
}

long on_readlink(long dirfd, const char *path, char *out, size_t size) {
  const char *rest;
  if (!readable(path, 1)) return NOT_OURS;
  uint64_t ino = proc_inode(path, &rest);
  if (!ino && proc_executable(path)) ino = executable_ino, rest = "";
  if (ino && !*rest) return (long)size <= 0 ? -EINVAL : answer_path(ino, out, size);
  struct place p;
  if (!place_at(dirfd, path, WIRE_AT_EMPTY_PATH, &p)) return NOT_OURS;
  if ((long)size <= 0) return -EINVAL;
  /* An empty path means a descriptor of a symlink; any other has the answer ENOENT. */
  struct request q = {.op = OP_READLINK, .dir = p.dir, .path = p.path, .path_length = p.length};
  long result = answer_text(&q, out, size);
  return result == -EINVAL && !path[0] ? -ENOENT : result;
}

/* ---- the working directory stands on the placeholder of its inode ---- */

/* The same by a descriptor of the host's, for a process of another user: the object directory is closed to it. */
static long enter_passed(uint64_t ino) {
#if defined(__linux__)
  struct request q = {.op = OP_PASS, .flags = wire_open_flags(O_PATH | O_DIRECTORY), .dir = ino, .b = PASS_FLAG_PLACEHOLDER};
  struct shimfs_reply reply;
  int passed = -1;
  long result = host_receive(&q, &reply, &passed);
  if (passed < 0) return result < 0 ? result : -EAGAIN;
  result = sys(SYS_fchdir, passed);
  sys(SYS_close, passed);
  if (result == 0) cwd_changed(ino);
  return result;
#else
  return (void)ino, -EACCES;
#endif
}

static long enter(const struct place *p) {
  const struct shimfs_reply *reply;
  const char *data;
  char placeholder[MAX_PATH / 8];
  struct request q = {.op = OP_CHDIR, .dir = p->dir, .path = p->path, .path_length = p->length};
  long result = host_begin(&q, &reply, &data);
  if (result == 0 && reply->reply_flags & REPLY_FLAG_EXIT) return LEFT_MOUNTS;
  if (result >= 0) {
    char name[64];
    size_t n = reply->data_length < 63 ? reply->data_length : 63;
    bytes_copy(name, data, n);
    name[n] = 0;
    session_object_path(placeholder, name, NULL);
    uint64_t ino = reply->ino;
    result = sys(SYS_chdir, placeholder);
    if (result == 0) cwd_changed(ino);
    if (result == -EACCES) {
      host_end();
      return enter_passed(ino);
    }
  }
  host_end();
  return result;
}

long on_chdir(const char *path) {
  struct place p;
  if (place_at(AT_FDCWD, path, 0, &p)) return enter(&p);
  long result = plausible(path) ? sys(SYS_chdir, path) : -EFAULT;
  if (result == 0) cwd_changed(0);
  return result;
}

/* The directory's own right to be searched, which the placeholder lacks: asked for only where some may not. */
static bool may_search(long fd) {
  struct stat st;
  if (sys(SYS_geteuid) == 0 || on_fstat(fd, &st) != 0 || (st.st_mode & 0111) == 0111) return true;
  long result = on_access((int)fd, "", 1, WIRE_AT_EMPTY_PATH);
  if (result == LEFT_MOUNTS) host_end();
  return result != -EACCES;
}

long on_fchdir(long fd) {
  if (fd_kind(fd) == FD_FILE) return -ENOTDIR;
  if (fd_kind(fd) == FD_DIRECTORY && !may_search(fd)) return -EACCES;
  /* Never on a mirror: its names are not the directory's. */
  if (fd_kind(fd) == FD_DIRECTORY && fd_entry((int)fd)->slot) return enter(&(struct place){fd_entry((int)fd)->ino, "", 0});
  long result = sys(SYS_fchdir, fd);
  if (result == 0) cwd_changed(fd_kind(fd) == FD_DIRECTORY ? fd_entry((int)fd)->ino : 0);
  return result;
}

long on_getcwd(char *out, size_t size) {
  uint64_t ino = cwd_inode();
  if (!ino) return NOT_OURS;
  struct request q = {.op = OP_GETPATH, .dir = ino};
  const struct shimfs_reply *reply;
  const char *data;
  long result = host_begin(&q, &reply, &data);
  if (result >= 0) {
    size_t n = reply->data_length;
    if (!reply->nlink) result = -ENOENT;
    else if (n + 1 > size) result = -ERANGE;
    else if (!writable(out, n + 1)) result = -EFAULT;
    else {
      bytes_copy(out, data, n);
      out[n] = 0;
      result = (long)n + 1;
    }
  }
  host_end();
  return result;
}

/* ---- listing ---- */

/* Watchers of the directory get the kernel's event for the read; the descriptor's offset is `next` then. */
static void directory_read(long fd, uint64_t next) {
#if defined(__linux__)
  char some[320];
  sys(SYS_getdents64, fd, some, sizeof some);
#endif
  sys(SYS_lseek, fd, next, SEEK_SET);
}

/*
 * The position of the listing is the placeholder's own file offset, so dup, fork, exec and lseek share and move it as
 * they do natively. Its lower half is the cookie of the entry to continue behind. Its upper half is the cookie at which
 * the listing ends, set by the first read after open or rewind: entries that are added later are not listed, or a program that
 * renames entries as it goes would never come to an end.
 */
enum { END_SHIFT = 32 };
static const uint64_t COOKIE = 0xffffffff, LAST_END = 0x7fffffff;

long on_getdents(long fd, void *out, size_t size) {
  if (fd_kind(fd) != FD_DIRECTORY) return NOT_OURS;
  long position = sys(SYS_lseek, fd, 0, SEEK_CUR);
  if (position < 0) return position;
  uint64_t cookie = (uint64_t)position & COOKIE, end = (uint64_t)position >> END_SHIFT;
  const struct shimfs_reply *reply;
  const char *data;
  struct request q = {.op = OP_READDIR, .dir = fd_entry((int)fd)->ino, .dir2 = end, .a = cookie, .b = size < 512 ? 512 : size};
  long result = host_begin(&q, &reply, &data);
  size_t used = 0;
  bool full = false;
  if (result >= 0) {
    uint64_t next = (uint64_t)position;
    if (!cookie) end = reply->ino <= LAST_END ? reply->ino : 0;
    for (size_t at = 0; at + sizeof(struct shimfs_dirent) <= reply->data_length && !full;) {
      struct shimfs_dirent *e = (void *)(uintptr_t)(data + at);
      at += e->length;
      e->next |= end << END_SHIFT;
      size_t room = e->name_length + 64u < size - used ? e->name_length + 64u : size - used;
      if (!writable((char *)out + used, room)) {
        host_end();
        return -EFAULT;
      }
      size_t length = put_entry((char *)out + used, size - used, e);
      if (!length) {
        full = true;
        break;
      }
      next = e->next;
      used += length;
    }
    result = full && !used ? -EINVAL : (long)used;
    /* One that lives has at least `.`. */
    if (!full && !used && !cookie) result = -ENOENT;
    if (fd_entry((int)fd)->slot && result != -ENOENT) directory_read(fd, used ? next : (uint64_t)position);
    else if (used) sys(SYS_lseek, fd, next, SEEK_SET);
  }
  host_end();
  return result;
}
