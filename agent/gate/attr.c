/* Attributes: stat in its forms, access, xattrs, and the changes of attributes. */
#define _GNU_SOURCE
#include <string.h>
#include "attributes.h"
#include "cache.h"
#include "calls.h"
#include "connection.h"
#include "fd_index.h"
#include "memory.h"
#include "os.h"
#include "path.h"
#include "text.h"

enum { STATX_BYTES = 256 };

static struct request at(uint16_t op, const struct place *p) {
  return (struct request){.op = op, .dir = p->dir, .path = p->path, .path_length = p->length};
}

/* Gives the answer in whichever form was asked for. */
static long give_stat(const struct shimfs_reply *reply, struct stat *st, void *stx) {
  if (!writable(st ? (void *)st : stx, st ? sizeof *st : STATX_BYTES)) return -EFAULT;
  if (st) fill_stat(st, reply);
  else fill_statx(stx, reply);
  return 0;
}

/* The flags that change the answer; the others (AT_STATX_*, AT_NO_AUTOMOUNT) do not. */
static const uint32_t STAT_FLAGS = WIRE_AT_SYMLINK_NOFOLLOW | WIRE_AT_EMPTY_PATH;

/* One Stat question, unless the answer is known. */
static long ask_stat(const struct place *p, long flags, struct stat *st, void *stx) {
  struct shimfs_reply known;
  uint32_t asked = (uint32_t)flags & STAT_FLAGS;
  if (cache_find(p, asked, &known)) return known.result < 0 ? known.result : give_stat(&known, st, stx);
  const struct shimfs_reply *reply;
  const char *data;
  struct request q = at(OP_STAT, p);
  q.flags = asked;
  long result = host_begin(&q, &reply, &data);
  if (result == 0 && reply->reply_flags & REPLY_FLAG_EXIT) return LEFT_MOUNTS;
  cache_keep(p, asked, reply, data);
  if (result == 0) result = give_stat(reply, st, stx);
  host_end();
  return result;
}

long on_stat(long dirfd, const char *path, long flags, struct stat *out) {
  struct place p;
  return place_at(dirfd, path, flags, &p) ? ask_stat(&p, flags, out, NULL) : NOT_OURS;
}

long on_statx(long dirfd, const char *path, long flags, unsigned mask, void *out) {
  (void)mask;
  struct place p;
  return place_at(dirfd, path, flags, &p) ? ask_stat(&p, flags, NULL, out) : NOT_OURS;
}

long on_fstat(long fd, struct stat *out) {
  if (!fd_virtual(fd)) return NOT_OURS;
  struct place p = {fd_entry((int)fd)->ino, "", 0};
  return ask_stat(&p, WIRE_AT_EMPTY_PATH, out, NULL);
}

long on_access(long dirfd, const char *path, long mode, long flags) {
  struct place p;
  if (!place_at(dirfd, path, flags, &p)) return NOT_OURS;
  if (mode & ~7L) return -EINVAL;
  struct request q = at(OP_ACCESS, &p);
  q.mode = (uint32_t)mode;
  q.flags = (uint32_t)flags;
  return host_ask(&q);
}

long on_path_op(uint16_t op, long dirfd, const char *path, uint32_t flags, uint32_t mode, uint64_t a, uint64_t b) {
  struct place p;
  bool follows = op == OP_CHMOD || op == OP_CHOWN || op == OP_TRUNCATE;
  /* A call that makes or removes a name never acts on the file behind /proc/self/fd/N, but on names below it. */
  if (!place_at(dirfd, path, follows ? flags : WIRE_AT_SYMLINK_NOFOLLOW, &p)) return NOT_OURS;
  struct request q = at(op, &p);
  q.flags = flags;
  q.mode = mode;
  q.a = a;
  q.b = b;
  return host_ask(&q);
}

/*
 * Changes the file of a descriptor. Where the file has a name in a mirror the kernel makes the change as well, so that
 * inotify reports it by the name that the descriptor was opened by.
 */
static long ask_by_descriptor(struct request *q, long fd, const struct timespec *times) {
  const struct shimfs_reply *reply;
  q->flags |= SHIMFS_BY_DESCRIPTOR;
  long result = host_begin(q, &reply, NULL);
  bool tell = result == 0 && reply->reply_flags & REPLY_FLAG_TELL;
  host_end();
#if defined(__linux__)
  if (tell && q->op == OP_TRUNCATE) return sys(SYS_ftruncate, fd, q->a);
  if (tell && q->op == OP_UTIMENS) sys(SYS_utimensat, fd, 0, times, 0);
  else if (tell) sys(SYS_fchmod, fd, 0700);
#endif
  (void)tell, (void)times;
  return result;
}

long on_fd_op(uint16_t op, long fd, uint32_t mode, uint64_t a, uint64_t b) {
  if (!fd_virtual(fd)) return NOT_OURS;
  if (fd_entry((int)fd)->flags & O_PATH) return -EBADF;
  if (op == OP_TRUNCATE && fd_kind(fd) == FD_DIRECTORY) return -EINVAL;
  struct request q = {.op = op, .flags = WIRE_AT_EMPTY_PATH, .dir = fd_entry((int)fd)->ino, .mode = mode, .a = a, .b = b};
  return ask_by_descriptor(&q, fd, NULL);
}

long on_utimens(long dirfd, const char *path, const struct timespec *times, long flags) {
  struct place p;
  if (!path) { /* futimens */
    if (!fd_virtual(dirfd)) return NOT_OURS;
    if (fd_entry((int)dirfd)->flags & O_PATH) return -EBADF;
    p = (struct place){fd_entry((int)dirfd)->ino, "", 0};
  } else if (!place_at(dirfd, path, flags, &p)) {
    return NOT_OURS;
  }
  if (times && !readable(times, 2 * sizeof *times)) return -EFAULT;
  struct timespec now[2] = {{0, WIRE_UTIME_NOW}, {0, WIRE_UTIME_NOW}};
  struct request q = at(OP_UTIMENS, &p);
  q.flags = (uint32_t)flags;
  q.data = (const char *)(times ? times : now);
  q.data_length = sizeof now;
  return path ? host_ask(&q) : ask_by_descriptor(&q, dirfd, times);
}

/* ---- extended attributes ---- */

static long answer_bytes(const struct request *q, void *out, size_t size) {
  const struct shimfs_reply *reply;
  const char *data;
  long result = host_begin(q, &reply, &data);
  if (result == 0 && reply->reply_flags & REPLY_FLAG_EXIT) return LEFT_MOUNTS;
  if (result >= 0) {
    result = reply->data_length;
    if (size && reply->data_length > size) result = -ERANGE;
    else if (size && !writable(out, reply->data_length)) result = -EFAULT;
    else if (size) bytes_copy(out, data, reply->data_length);
  }
  host_end();
  return result;
}

static bool xattr_place(long fd, const char *path, bool follow, struct place *p) {
  if (fd < 0) return place_at(AT_FDCWD, path, follow ? 0 : WIRE_AT_SYMLINK_NOFOLLOW, p);
  if (!fd_virtual(fd)) return false;
  *p = (struct place){fd_entry((int)fd)->ino, "", 0};
  return true;
}

static long name_length(const char *name) {
  long length = readable_text(name, 256);
  return length == 0 || length == 256 ? -ERANGE : length;
}

long on_getxattr(long fd, const char *path, const char *name, void *value, size_t size, bool follow) {
  struct place p;
  if (!xattr_place(fd, path, follow, &p)) return NOT_OURS;
  long length = name_length(name);
  if (length < 0) return length;
  struct request q = at(OP_GETXATTR, &p);
  q.flags = follow ? 0 : WIRE_AT_SYMLINK_NOFOLLOW;
  q.data = name;
  q.data_length = (uint32_t)length;
  return answer_bytes(&q, value, size);
}

long on_setxattr(long fd, const char *path, const char *name, const void *value, size_t size, uint32_t flags, bool follow) {
  struct place p;
  if (!xattr_place(fd, path, follow, &p)) return NOT_OURS;
  long length = name_length(name);
  if (length < 0) return length;
  if (size > 65536) return -E2BIG;
  if (!readable(value, size)) return -EFAULT;
  struct request q = at(OP_SETXATTR, &p);
  q.flags = follow ? 0 : WIRE_AT_SYMLINK_NOFOLLOW;
  q.mode = flags;
  q.path2 = name;
  q.path2_length = (uint32_t)length;
  q.data = value;
  q.data_length = (uint32_t)size;
  return fd < 0 ? host_ask(&q) : ask_by_descriptor(&q, fd, NULL);
}

long on_listxattr(long fd, const char *path, char *list, size_t size, bool follow) {
  struct place p;
  if (!xattr_place(fd, path, follow, &p)) return NOT_OURS;
  struct request q = at(OP_LISTXATTR, &p);
  q.flags = follow ? 0 : WIRE_AT_SYMLINK_NOFOLLOW;
  return answer_bytes(&q, list, size);
}

long on_removexattr(long fd, const char *path, const char *name, bool follow) {
  struct place p;
  if (!xattr_place(fd, path, follow, &p)) return NOT_OURS;
  long length = name_length(name);
  if (length < 0) return length;
  struct request q = at(OP_REMOVEXATTR, &p);
  q.flags = follow ? 0 : WIRE_AT_SYMLINK_NOFOLLOW;
  q.data = name;
  q.data_length = (uint32_t)length;
  return fd < 0 ? host_ask(&q) : ask_by_descriptor(&q, fd, NULL);
}

long on_statfs(long fd, const char *path, void *out) {
  struct place p;
  if (!xattr_place(fd, path, true, &p)) return NOT_OURS;
  const struct shimfs_reply *reply;
  struct request q = at(OP_STATFS, &p);
  long result = host_begin(&q, &reply, NULL);
  if (result == 0 && reply->reply_flags & REPLY_FLAG_EXIT) return LEFT_MOUNTS;
  if (result == 0 && !writable(out, 120)) result = -EFAULT;
  if (result == 0) fill_statfs(out, reply);
  host_end();
  return result;
}
