/*
 * The dispatcher on macOS: which calls a handler answers, and how each is made natively.
 *
 * A call that a handler declines (NOT_OURS) goes to libSystem's own function with its arguments untouched.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/attr.h>
#include <sys/clonefile.h>
#include <sys/mount.h>
#include <sys/uio.h>
#include "../gate.h"
#include "../kqueue.h"
#include "../os.h"
#include "calls.h"
#include "native.h"

volatile int canary_calls, canary_armed;

static const struct {
  uint8_t dir, path;
} shapes[CALL_COUNT] = {
#define SHAPE(name, dir, path) {dir, path},
    CALLS(SHAPE)
#undef SHAPE
};

#define P1 ((const char *)a->a1)
#define P2 ((const char *)a->a2)
#define P3 ((const char *)a->a3)
#define P4 ((const char *)a->a4)

/* clang-format off */
static long native_value(long nr, const struct arguments *a) {
  switch ((enum call)nr) {
    case CALL_open: return open(P1, (int)a->a2, (int)a->a3);
    case CALL_open_nocancel: return open_nocancel(P1, (int)a->a2, (int)a->a3);
    case CALL_openat: return openat((int)a->a1, P2, (int)a->a3, (int)a->a4);
    case CALL_openat_nocancel: return openat_nocancel((int)a->a1, P2, (int)a->a3, (int)a->a4);
    case CALL_close: return close((int)a->a1);
    case CALL_close_nocancel: return close_nocancel((int)a->a1);
    case CALL_dup: return dup((int)a->a1);
    case CALL_dup2: return dup2((int)a->a1, (int)a->a2);
    case CALL_fcntl: return fcntl((int)a->a1, (int)a->a2, a->a3);
    case CALL_fcntl_nocancel: return fcntl_nocancel((int)a->a1, (int)a->a2, a->a3);
    case CALL_write: return write((int)a->a1, P2, (size_t)a->a3);
    case CALL_write_nocancel: return write_nocancel((int)a->a1, P2, (size_t)a->a3);
    case CALL_pwrite: return pwrite((int)a->a1, P2, (size_t)a->a3, a->a4);
    case CALL_pwrite_nocancel: return pwrite_nocancel((int)a->a1, P2, (size_t)a->a3, a->a4);
    case CALL_writev: return writev((int)a->a1, (const struct iovec *)a->a2, (int)a->a3);
    case CALL_writev_nocancel: return writev_nocancel((int)a->a1, (const struct iovec *)a->a2, (int)a->a3);
    case CALL_pwritev: return pwritev_any((int)a->a1, (const struct iovec *)a->a2, (int)a->a3, a->a4);
    case CALL_pwritev_nocancel: return pwritev_nocancel((int)a->a1, (const struct iovec *)a->a2, (int)a->a3, a->a4);
    case CALL_stat: return stat(P1, (struct stat *)a->a2);
    case CALL_lstat: return lstat(P1, (struct stat *)a->a2);
    case CALL_fstat: return fstat((int)a->a1, (struct stat *)a->a2);
    case CALL_fstatat: return fstatat((int)a->a1, P2, (struct stat *)a->a3, (int)a->a4);
    case CALL_statfs: return statfs(P1, (struct statfs *)a->a2);
    case CALL_fstatfs: return fstatfs((int)a->a1, (struct statfs *)a->a2);
    case CALL_access: return access(P1, (int)a->a2);
    case CALL_faccessat: return faccessat((int)a->a1, P2, (int)a->a3, (int)a->a4);
    case CALL_mkdir: return mkdir(P1, (mode_t)a->a2);
    case CALL_mkdirat: return mkdirat((int)a->a1, P2, (mode_t)a->a3);
    case CALL_rmdir: return rmdir(P1);
    case CALL_unlink: return unlink(P1);
    case CALL_unlinkat: return unlinkat((int)a->a1, P2, (int)a->a3);
    case CALL_mkfifo: return mkfifo(P1, (mode_t)a->a2);
    case CALL_rename: return rename(P1, P2);
    case CALL_renameat: return renameat((int)a->a1, P2, (int)a->a3, P4);
    case CALL_renamex_np: return renamex_np(P1, P2, (unsigned)a->a3);
    case CALL_renameatx_np: return renameatx_np((int)a->a1, P2, (int)a->a3, P4, (unsigned)a->a5);
    case CALL_link: return link(P1, P2);
    case CALL_linkat: return linkat((int)a->a1, P2, (int)a->a3, P4, (int)a->a5);
    case CALL_symlink: return symlink(P1, P2);
    case CALL_symlinkat: return symlinkat(P1, (int)a->a2, P3);
    case CALL_readlink: return readlink(P1, (char *)a->a2, (size_t)a->a3);
    case CALL_readlinkat: return readlinkat((int)a->a1, P2, (char *)a->a3, (size_t)a->a4);
    case CALL_chmod: return chmod(P1, (mode_t)a->a2);
    case CALL_lchmod: return lchmod(P1, (mode_t)a->a2);
    case CALL_fchmod: return fchmod((int)a->a1, (mode_t)a->a2);
    case CALL_fchmodat: return fchmodat((int)a->a1, P2, (mode_t)a->a3, (int)a->a4);
    case CALL_chown: return chown(P1, (uid_t)a->a2, (gid_t)a->a3);
    case CALL_lchown: return lchown(P1, (uid_t)a->a2, (gid_t)a->a3);
    case CALL_fchown: return fchown((int)a->a1, (uid_t)a->a2, (gid_t)a->a3);
    case CALL_fchownat: return fchownat((int)a->a1, P2, (uid_t)a->a3, (gid_t)a->a4, (int)a->a5);
    case CALL_utimes: return utimes(P1, (const struct timeval *)a->a2);
    case CALL_lutimes: return lutimes(P1, (const struct timeval *)a->a2);
    case CALL_futimes: return futimes((int)a->a1, (const struct timeval *)a->a2);
    case CALL_utimensat: return utimensat((int)a->a1, P2, (const struct timespec *)a->a3, (int)a->a4);
    case CALL_futimens: return futimens((int)a->a1, (const struct timespec *)a->a2);
    case CALL_chflags: return chflags(P1, (unsigned)a->a2);
    case CALL_lchflags: return lchflags(P1, (unsigned)a->a2);
    case CALL_fchflags: return fchflags((int)a->a1, (unsigned)a->a2);
    case CALL_truncate: return truncate(P1, a->a2);
    case CALL_ftruncate: return ftruncate((int)a->a1, a->a2);
    case CALL_chdir: return chdir(P1);
    case CALL_fchdir: return fchdir((int)a->a1);
    case CALL_umask: return umask((mode_t)a->a1);
    case CALL_getxattr: return getxattr(P1, P2, (void *)a->a3, (size_t)a->a4, (uint32_t)a->a5, (int)a->a6);
    case CALL_fgetxattr: return fgetxattr((int)a->a1, P2, (void *)a->a3, (size_t)a->a4, (uint32_t)a->a5, (int)a->a6);
    case CALL_setxattr: return setxattr(P1, P2, P3, (size_t)a->a4, (uint32_t)a->a5, (int)a->a6);
    case CALL_fsetxattr: return fsetxattr((int)a->a1, P2, P3, (size_t)a->a4, (uint32_t)a->a5, (int)a->a6);
    case CALL_listxattr: return listxattr(P1, (char *)a->a2, (size_t)a->a3, (int)a->a4);
    case CALL_flistxattr: return flistxattr((int)a->a1, (char *)a->a2, (size_t)a->a3, (int)a->a4);
    case CALL_removexattr: return removexattr(P1, P2, (int)a->a3);
    case CALL_fremovexattr: return fremovexattr((int)a->a1, P2, (int)a->a3);
    case CALL___getdirentries64: return __getdirentries64((int)a->a1, (void *)a->a2, (size_t)a->a3, (off_t *)a->a4);
    case CALL_getattrlist: return getattrlist(P1, (void *)a->a2, (void *)a->a3, (size_t)a->a4, (unsigned)a->a5);
    case CALL_fgetattrlist: return fgetattrlist((int)a->a1, (void *)a->a2, (void *)a->a3, (size_t)a->a4, (unsigned)a->a5);
    case CALL_getattrlistat: return getattrlistat((int)a->a1, P2, (void *)a->a3, (void *)a->a4, (size_t)a->a5, (unsigned long)a->a6);
    case CALL_getattrlistbulk: return getattrlistbulk((int)a->a1, (void *)a->a2, (void *)a->a3, (size_t)a->a4, (uint64_t)a->a5);
    case CALL_setattrlist: return setattrlist(P1, (void *)a->a2, (void *)a->a3, (size_t)a->a4, (unsigned)a->a5);
    case CALL_fsetattrlist: return fsetattrlist((int)a->a1, (void *)a->a2, (void *)a->a3, (size_t)a->a4, (unsigned)a->a5);
    case CALL_clonefile: return clonefile(P1, P2, (uint32_t)a->a3);
    case CALL_clonefileat: return clonefileat((int)a->a1, P2, (int)a->a3, P4, (uint32_t)a->a5);
    case CALL_fclonefileat: return fclonefileat((int)a->a1, (int)a->a2, P3, (uint32_t)a->a4);
    case CALL_COUNT: break;
  }
  errno = ENOSYS;
  return -1;
}
/* clang-format on */

long native_call(long nr, const struct arguments *a) { return native_answer(native_value(nr, a)); }

/* ---- ours ---- */

long virtual_path(uint64_t ino, char *out, size_t size) {
  const struct shimfs_reply *reply;
  const char *data;
  struct request q = {.op = OP_GETPATH, .dir = ino};
  long result = link_begin(&q, &reply, &data);
  if (result >= 0 && reply->data_length >= size) result = -ENAMETOOLONG;
  if (result >= 0) {
    bytes_copy(out, data, reply->data_length);
    out[reply->data_length] = 0;
    result = 0;
  }
  link_end();
  return result;
}

/* `to` is a new number of `from`'s, or an error. Returns what the call answers. */
static long note_duplicate(int from, long to) {
  if (to >= 0 && fd_kind(from) != FD_FOREIGN && !fd_admits(to)) {
    sys(SYS_close, to); /* it could not be remembered, and would be taken for a real file */
    return -EMFILE;
  }
  if (to >= 0 && (fd_kind(from) != FD_FOREIGN || fd_kind(to) != FD_FOREIGN)) fd_duplicated(from, (int)to);
  return to;
}

/* dup2 closes what stood at the target. */
static long duplicate_onto(const struct arguments *a) {
  int from = (int)a->a1, to = (int)a->a2;
  if (from == to) return NOT_OURS;
  if (is_protected_fd(to)) link_move_away(to);
  if (is_protected_fd(to)) return -EBUSY;
  if (fd_kind(from) == FD_FOREIGN && fd_kind(to) == FD_FOREIGN) return NOT_OURS;
  if (sys(SYS_fcntl, from, F_GETFD) < 0) return -EBADF;
  if (fd_kind(to) != FD_FOREIGN) fd_closing(to);
  return note_duplicate(from, native_call(CALL_dup2, a));
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

static long list_attributes(long fd, const char *path, char *out, size_t size, bool follow) {
  char all[8192];
  long n = on_listxattr(fd, path, all, sizeof all, follow);
  if (n < 0) return n;
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

enum attribute_call { GET, SET, REMOVE };
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

/* Whoever asks in this form has another to fall back on, which we do answer. */
static long not_in_this_form(long dirfd, const char *path) {
  struct place p;
  return place_of(dirfd, path, &p) ? -ENOTSUP : NOT_OURS;
}
static long not_in_these_forms(long one, const char *from, long two, const char *to) {
  struct place p;
  return (from ? place_of(one, from, &p) : fd_virtual(one)) || place_of(two, to, &p) ? -ENOTSUP : NOT_OURS;
}
static long not_on_this(long fd) { return fd_virtual(fd) ? -ENOTSUP : NOT_OURS; }

/* clang-format off */
static long handle(enum call nr, struct arguments *a) {
  switch (nr) {
    case CALL_open: case CALL_open_nocancel: return open_file(AT_FDCWD, P1, a->a2, a->a3);
    case CALL_openat: case CALL_openat_nocancel: return open_file(a->a1, P2, a->a3, a->a4);
    case CALL_close: case CALL_close_nocancel: return on_close(a->a1);
    case CALL_dup: {
      if (fd_kind(a->a1) == FD_FOREIGN) return NOT_OURS;
      return note_duplicate((int)a->a1, native_call(nr, a));
    }
    case CALL_dup2: return duplicate_onto(a);
    case CALL_fcntl: case CALL_fcntl_nocancel: return control(nr, a);
    case CALL_write: case CALL_write_nocancel: case CALL_pwrite: case CALL_pwrite_nocancel:
    case CALL_writev: case CALL_writev_nocancel: case CALL_pwritev: case CALL_pwritev_nocancel:
      return fd_kind(a->a1) == FD_FILE ? native_write(nr, a->a1, a) : NOT_OURS;
    case CALL_stat: return on_stat(AT_FDCWD, P1, 0, (struct stat *)a->a2);
    case CALL_lstat: return on_stat(AT_FDCWD, P1, WIRE_AT_SYMLINK_NOFOLLOW, (struct stat *)a->a2);
    case CALL_fstat: return on_fstat(a->a1, (struct stat *)a->a2);
    case CALL_fstatat: return on_stat(a->a1, P2, wire_at_flags(a->a4), (struct stat *)a->a3);
    case CALL_statfs: return on_statfs(-1, P1, (void *)a->a2);
    case CALL_fstatfs: return on_statfs(a->a1, NULL, (void *)a->a2);
    case CALL_access: return on_access(AT_FDCWD, P1, a->a2 & 7, 0);
    case CALL_faccessat: return on_access(a->a1, P2, a->a3 & 7, wire_at_flags(a->a4));
    case CALL_mkdir: return on_path_op(OP_MKDIR, AT_FDCWD, P1, 0, (uint32_t)a->a2, 0, 0);
    case CALL_mkdirat: return on_path_op(OP_MKDIR, a->a1, P2, 0, (uint32_t)a->a3, 0, 0);
    case CALL_rmdir: return on_path_op(OP_UNLINK, AT_FDCWD, P1, WIRE_AT_REMOVEDIR, 0, 0, 0);
    case CALL_unlink: return on_path_op(OP_UNLINK, AT_FDCWD, P1, 0, 0, 0, 0);
    case CALL_unlinkat: return on_path_op(OP_UNLINK, a->a1, P2, wire_at_flags(a->a3), 0, 0, 0);
    case CALL_mkfifo: return on_path_op(OP_MKNOD, AT_FDCWD, P1, 0, S_IFIFO | (uint32_t)a->a2, 0, 0);
    case CALL_rename: return on_rename(AT_FDCWD, P1, AT_FDCWD, P2, 0);
    case CALL_renameat: return on_rename(a->a1, P2, a->a3, P4, 0);
    case CALL_renamex_np: return on_rename(AT_FDCWD, P1, AT_FDCWD, P2, wire_rename_flags((unsigned)a->a3));
    case CALL_renameatx_np: return on_rename(a->a1, P2, a->a3, P4, wire_rename_flags((unsigned)a->a5));
    case CALL_link: return on_link(AT_FDCWD, P1, AT_FDCWD, P2, WIRE_AT_SYMLINK_FOLLOW); /* Darwin's link(2) follows */
    case CALL_linkat: return on_link(a->a1, P2, a->a3, P4, wire_at_flags(a->a5));
    case CALL_symlink: return on_symlink(P1, AT_FDCWD, P2);
    case CALL_symlinkat: return on_symlink(P1, a->a2, P3);
    case CALL_readlink: return on_readlink(AT_FDCWD, P1, (char *)a->a2, (size_t)a->a3);
    case CALL_readlinkat: return on_readlink(a->a1, P2, (char *)a->a3, (size_t)a->a4);
    case CALL_chmod: return on_path_op(OP_CHMOD, AT_FDCWD, P1, 0, (uint32_t)a->a2, 0, 0);
    case CALL_lchmod: return on_path_op(OP_CHMOD, AT_FDCWD, P1, WIRE_AT_SYMLINK_NOFOLLOW, (uint32_t)a->a2, 0, 0);
    case CALL_fchmod: return on_fd_op(OP_CHMOD, a->a1, (uint32_t)a->a2, 0, 0);
    case CALL_fchmodat: return on_path_op(OP_CHMOD, a->a1, P2, wire_at_flags(a->a4), (uint32_t)a->a3, 0, 0);
    case CALL_chown: return on_path_op(OP_CHOWN, AT_FDCWD, P1, 0, 0, (uint32_t)a->a2, (uint32_t)a->a3);
    case CALL_lchown: return on_path_op(OP_CHOWN, AT_FDCWD, P1, WIRE_AT_SYMLINK_NOFOLLOW, 0, (uint32_t)a->a2, (uint32_t)a->a3);
    case CALL_fchown: return on_fd_op(OP_CHOWN, a->a1, 0, (uint32_t)a->a2, (uint32_t)a->a3);
    case CALL_fchownat: return on_path_op(OP_CHOWN, a->a1, P2, wire_at_flags(a->a5), 0, (uint32_t)a->a3, (uint32_t)a->a4);
    case CALL_utimes: return set_microtimes(AT_FDCWD, P1, (const struct timeval *)a->a2, 0);
    case CALL_lutimes: return set_microtimes(AT_FDCWD, P1, (const struct timeval *)a->a2, WIRE_AT_SYMLINK_NOFOLLOW);
    case CALL_futimes: return set_microtimes(a->a1, NULL, (const struct timeval *)a->a2, 0);
    case CALL_utimensat: return plausible(P2) ? set_times(a->a1, P2, (const struct timespec *)a->a3, wire_at_flags(a->a4)) : NOT_OURS;
    case CALL_futimens: return set_times(a->a1, NULL, (const struct timespec *)a->a2, 0);
    case CALL_chflags: case CALL_lchflags: case CALL_getattrlist: case CALL_setattrlist: return not_in_this_form(AT_FDCWD, P1);
    case CALL_getattrlistat: return not_in_this_form(a->a1, P2);
    case CALL_fchflags: case CALL_fgetattrlist: case CALL_fsetattrlist: case CALL_getattrlistbulk: return not_on_this(a->a1);
    case CALL_clonefile: return not_in_these_forms(AT_FDCWD, P1, AT_FDCWD, P2);
    case CALL_clonefileat: return not_in_these_forms(a->a1, P2, a->a3, P4);
    case CALL_fclonefileat: return not_in_these_forms(a->a1, NULL, a->a2, P3);
    case CALL_truncate: return on_path_op(OP_TRUNCATE, AT_FDCWD, P1, 0, 0, (uint64_t)a->a2, 0);
    case CALL_ftruncate:
      if (fd_kind(a->a1) == FD_FILE && (fd_entry((int)a->a1)->flags & O_ACCMODE) == O_RDONLY) return -EINVAL;
      return on_fd_op(OP_TRUNCATE, a->a1, 0, (uint64_t)a->a2, 0);
    case CALL_chdir: return on_chdir(P1);
    case CALL_fchdir: return on_fchdir(a->a1);
    case CALL_umask:
      if (!in_vfork_child()) process_umask = (uint32_t)a->a1 & 0777;
      return NOT_OURS;
    case CALL_getxattr: return attribute(GET, -1, P1, P2, (void *)a->a3, (size_t)a->a4, (uint32_t)a->a5, a->a6);
    case CALL_fgetxattr: return attribute(GET, a->a1, NULL, P2, (void *)a->a3, (size_t)a->a4, (uint32_t)a->a5, a->a6);
    case CALL_setxattr: return attribute(SET, -1, P1, P2, (void *)a->a3, (size_t)a->a4, (uint32_t)a->a5, a->a6);
    case CALL_fsetxattr: return attribute(SET, a->a1, NULL, P2, (void *)a->a3, (size_t)a->a4, (uint32_t)a->a5, a->a6);
    case CALL_removexattr: return attribute(REMOVE, -1, P1, P2, NULL, 0, 0, a->a3);
    case CALL_fremovexattr: return attribute(REMOVE, a->a1, NULL, P2, NULL, 0, 0, a->a3);
    case CALL_listxattr: return list_attributes(-1, P1, (char *)a->a2, a->a2 ? (size_t)a->a3 : 0, !(a->a4 & XATTR_NOFOLLOW_));
    case CALL_flistxattr: return list_attributes(a->a1, NULL, (char *)a->a2, a->a2 ? (size_t)a->a3 : 0, true);
    case CALL___getdirentries64: return entries(a);
    case CALL_COUNT: break;
  }
  return NOT_OURS;
}
/* clang-format on */

static long *argument(struct arguments *a, int number) {
  long *const each[] = {0, &a->a1, &a->a2, &a->a3, &a->a4, &a->a5, &a->a6};
  return each[number];
}

enum { MAX_CROSSINGS = 8 };
static long call_behind(enum call nr, const struct arguments *a, long failure, int crossings);

/* The path led out of the mounts: the native call, with the real path in its place. */
__attribute__((noinline)) static long call_at_exit(enum call nr, const struct arguments *a, int crossings) {
  uint32_t length;
  const char *real = link_exit_path(&length);
  if (length >= MAX_PATH) length = MAX_PATH - 1;
  char path[length + 1]; /* no longer than it must be: the stack may be a signal's */
  bytes_copy(path, real, length);
  path[length] = 0;
  link_end();
  struct arguments changed = *a;
  if (!shapes[nr].path) return -EXDEV;
  *argument(&changed, shapes[nr].path) = (long)path;
  if (shapes[nr].dir) *argument(&changed, shapes[nr].dir) = AT_FDCWD;
  long result = native_call(nr, &changed);
  if (nr == CALL_chdir && result == 0) cwd_changed(0);
  /* Out, and in again? */
  if (result == -ENOENT || result == -ENOTDIR) return call_behind(nr, &changed, result, crossings + 1);
  return result;
}

/* The kernel found nothing there. Perhaps a symlink or `..` leads into a mount. */
__attribute__((noinline)) static long call_behind(enum call nr, const struct arguments *a, long failure, int crossings) {
  if (crossings > MAX_CROSSINGS) return -ELOOP;
  struct place p;
  struct arguments changed = *a;
  long dirfd = shapes[nr].dir ? *argument(&changed, shapes[nr].dir) : AT_FDCWD, result = NOT_OURS;
  struct scratch *room = scratch_take();
  if (room && place_behind(dirfd, (const char *)*argument(&changed, shapes[nr].path), &p, room)) {
    *argument(&changed, shapes[nr].path) = (long)p.path;
    result = handle(nr, &changed);
    if (result == LEFT_MOUNTS) result = call_at_exit(nr, &changed, crossings);
  }
  if (room) scratch_give(room);
  return result == NOT_OURS ? failure : result;
}

static bool has_two_paths(enum call nr) {
  return nr == CALL_rename || nr == CALL_renameat || nr == CALL_renamex_np || nr == CALL_renameatx_np || nr == CALL_link || nr == CALL_linkat;
}

/* The same for the calls with two paths. */
__attribute__((noinline)) static long call_behind_both(enum call nr, const struct arguments *a, long failure) {
  const bool at = nr == CALL_renameat || nr == CALL_renameatx_np || nr == CALL_linkat;
  struct arguments changed = *a;
  long *from = at ? &changed.a2 : &changed.a1, *to = at ? &changed.a4 : &changed.a2, result = NOT_OURS;
  struct scratch *one = scratch_take(), *two = scratch_take();
  struct place p, q;
  if (one && two) {
    bool first = place_behind(at ? a->a1 : AT_FDCWD, (const char *)*from, &p, one);
    bool second = place_behind(at ? a->a3 : AT_FDCWD, (const char *)*to, &q, two);
    if (first) *from = (long)p.path;
    if (second) *to = (long)q.path;
    if (first || second) result = handle(nr, &changed);
  }
  if (one) scratch_give(one);
  if (two) scratch_give(two);
  return result == NOT_OURS ? failure : result;
}

long darwin_call(enum call nr, struct arguments a) {
  if (!session.active) return native_value(nr, &a);
  if (__builtin_expect(canary_armed, 0)) canary_calls++;
  int before = errno;
  long result = handle(nr, &a);
  if (result == LEFT_MOUNTS) {
    result = call_at_exit(nr, &a, 0);
  } else if (result == NOT_OURS) {
    errno = before;
    long value = native_value(nr, &a);
    if (value != -1 || (errno != ENOENT && errno != ENOTDIR)) return value;
    if (shapes[nr].path) result = call_behind(nr, &a, -errno, 0);
    else if (has_two_paths(nr)) result = call_behind_both(nr, &a, -errno);
    else return value;
  }
  errno = result < 0 ? (int)-result : before;
  return result < 0 ? -1 : result;
}
