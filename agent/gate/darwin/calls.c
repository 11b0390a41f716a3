/* Handlers of macOS's calls, and the switch over all. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>
#include "../attributes.h"
#include "../calls.h"
#include "../connection.h"
#include "../descriptor.h"
#include "../fd_index.h"
#include "../file.h"
#include "../memory.h"
#include "../namespace.h"
#include "../os.h"
#include "../path.h"
#include "../process.h"
#include "../scratch.h"
#include "../sys.h"
#include "../text.h"
#include "call_table.h"
#include "native.h"
#include "virtual_path.h"

/* `to` is a new number of `from`'s, or an error. Returns the call's result. */
static long note_duplicate(int from, long to) {
  if (to >= 0 && fd_kind(from) != FD_FOREIGN && !fd_admits(to)) {
    sys(SYS_close, to); /* it could not be remembered, and would be taken for a real file */
    return -EMFILE;
  }
  if (to >= 0 && (fd_kind(from) != FD_FOREIGN || fd_kind(to) != FD_FOREIGN)) fd_duplicated(from, (int)to);
  return to;
}

static long duplicate(long nr, const struct arguments *a) { return fd_kind(a->a1) == FD_FOREIGN ? NOT_OURS : note_duplicate((int)a->a1, native_call(nr, a)); }

/* dup2 closes the target first. */
static long duplicate_onto(long nr, const struct arguments *a) {
  int from = (int)a->a1, to = (int)a->a2;
  if (from == to) return NOT_OURS;
  if (is_protected_fd(to)) connection_move(to);
  if (is_protected_fd(to)) return -EBUSY;
  if (fd_kind(from) == FD_FOREIGN && fd_kind(to) == FD_FOREIGN) return NOT_OURS;
  if (sys(SYS_fcntl, from, F_GETFD) < 0) return -EBADF;
  if (fd_kind(to) != FD_FOREIGN) fd_closing(to);
  return note_duplicate(from, native_call(nr, a));
}

static long control(long nr, const struct arguments *a) {
  int fd = (int)a->a1;
  if (fd_kind(fd) == FD_FOREIGN) return NOT_OURS;
  switch ((int)a->a2) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
      return note_duplicate(fd, native_call(nr, a));
    case F_GETPATH:
    case F_GETPATH_NOFIRMLINK: return fd_virtual(fd) ? virtual_path(fd_entry(fd)->ino, (char *)a->a3, PATH_MAX) : NOT_OURS;
    default: return NOT_OURS;
  }
}

/* Darwin's UTIME_NOW and UTIME_OMIT are -1 and -2. */
static long set_times(long dirfd, const char *path, const struct timespec *times, uint32_t flags) {
  struct timespec exact[2];
  for (int i = 0; times && i < 2; i++) {
    exact[i] = times[i];
    if (times[i].tv_nsec == UTIME_NOW) exact[i].tv_nsec = WIRE_UTIME_NOW;
    else if (times[i].tv_nsec == UTIME_OMIT) exact[i].tv_nsec = WIRE_UTIME_OMIT;
  }
  return on_utimens(dirfd, path, times ? exact : NULL, flags);
}

static long set_microtimes(long dirfd, const char *path, const struct timeval *t, uint32_t flags) {
  if (!t) return on_utimens(dirfd, path, NULL, flags);
  struct timespec exact[2] = {{t[0].tv_sec, t[0].tv_usec * 1000}, {t[1].tv_sec, t[1].tv_usec * 1000}};
  return on_utimens(dirfd, path, exact, flags);
}

/* Darwin's attribute names have no namespaces; in the core they live in `user.`. */
static const char space[] = "user.";
enum { SPACE = sizeof space - 1 };

static bool attribute_name(char out[SPACE + 128], const char *name) {
  size_t n = text_length(name);
  if (n > 127) return false;
  bytes_copy(out, space, SPACE);
  bytes_copy(out + SPACE, name, n + 1);
  return true;
}

/* Copies the names of that space without their prefix. Returns the bytes they take. */
static long copy_names(const char *all, long n, char *out, size_t size) {
  size_t used = 0;
  for (long at = 0; at < n;) {
    size_t length = text_length(all + at) + 1;
    if (length > SPACE && text_equal(all + at, space, SPACE)) {
      if (size && used + length - SPACE > size) return -ERANGE;
      if (size) bytes_copy(out + used, all + at + SPACE, length - SPACE);
      used += length - SPACE;
    }
    at += (long)length;
  }
  return (long)used;
}

static long list_attributes(long fd, const char *path, char *out, size_t size, bool follow) {
  struct scratch *room = scratch_take();
  if (!room) return -ENOMEM;
  long n = on_listxattr(fd, path, (char *)room, sizeof *room, follow), result = n < 0 ? n : copy_names((const char *)room, n, out, size);
  scratch_give(room);
  return result;
}

enum attribute_call { GET,
                      SET,
                      REMOVE };
static long attribute(enum attribute_call what, long fd, const char *path, const char *name, void *value, size_t size, uint32_t position, long options) {
  char full[SPACE + 128];
  bool follow = !(options & XATTR_NOFOLLOW_);
  struct place p;
  if (path ? !place_of(AT_FDCWD, path, &p) : !fd_virtual(fd)) return NOT_OURS;
  if (!plausible(name)) return -EFAULT;
  if (!attribute_name(full, name)) return -ENAMETOOLONG;
  if (position) return -EINVAL; /* resource forks are read and written whole */
  if (what == GET) return on_getxattr(fd, path, full, value, value ? size : 0, follow);
  if (what == REMOVE) return on_removexattr(fd, path, full, follow);
  uint32_t flags = (options & XATTR_CREATE_ ? WIRE_XATTR_CREATE : 0) | (options & XATTR_REPLACE_ ? WIRE_XATTR_REPLACE : 0);
  return on_setxattr(fd, path, full, value, size, flags, follow);
}

static uint32_t wire_rename_flags(unsigned flags) {
  return (flags & RENAME_EXCL ? WIRE_RENAME_NOREPLACE : 0) | (flags & RENAME_SWAP ? WIRE_RENAME_EXCHANGE : 0);
}

static long open_file(long dirfd, const char *path, long flags, long mode) {
  if (flags & O_NOFOLLOW_ANY) flags = (flags & ~O_NOFOLLOW_ANY) | O_NOFOLLOW; /* our own object directory may be behind a symlink */
  if (flags & O_SYMLINK) flags |= O_NOFOLLOW; /* a virtual symlink itself cannot be opened: ELOOP */
  return on_open(dirfd, path, flags, mode);
}

static long entries(const struct arguments *a) {
  off_t *base = (off_t *)a->a4;
  if (fd_virtual(a->a1) && base) *base = lseek((int)a->a1, 0, SEEK_CUR);
  return on_getdents(a->a1, (void *)a->a2, (size_t)a->a3);
}

/* Programs that get ENOTSUP for these fall back to calls that the gate answers. */
static long unsupported_path(long dirfd, const char *path) {
  struct place p;
  return place_of(dirfd, path, &p) ? -ENOTSUP : NOT_OURS;
}
static long unsupported_paths(long one, const char *from, long two, const char *to) {
  struct place p;
  return (from ? place_of(one, from, &p) : fd_virtual(one)) || place_of(two, to, &p) ? -ENOTSUP : NOT_OURS;
}
static long unsupported_descriptor(long fd) { return fd_virtual(fd) ? -ENOTSUP : NOT_OURS; }

static long write_to(long nr, long fd, const struct arguments *a) { return fd_kind(fd) == FD_FILE ? native_write(nr, fd, a) : NOT_OURS; }

static long truncate_descriptor(long fd, long size) {
  if (fd_kind(fd) == FD_FILE && (fd_entry((int)fd)->flags & O_ACCMODE) == O_RDONLY) return -EINVAL;
  return on_fd_op(OP_TRUNCATE, fd, 0, (uint64_t)size, 0);
}

static long change_umask(long mask) {
  if (!in_vfork_child()) process_umask = (uint32_t)mask & 0777;
  return NOT_OURS;
}

#define CASE(name, dir, path, dir2, path2, fd, follow, flags, unfollowed, bits, handler) \
  case CALL_##name: return handler;

long handle_call(long nr, struct arguments *a) {
  switch ((enum call_number)nr) {
    DARWIN_CALLS(CASE)
    case CALL_COUNT: break;
  }
  return NOT_OURS;
}
