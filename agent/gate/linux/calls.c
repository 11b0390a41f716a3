/*
 * The one table of Linux system calls: which we look at, and who answers.
 *
 * A call that a handler declines (NOT_OURS) is made natively with its arguments untouched.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "../gate.h"
#include "../kqueue.h"
#include "../sys.h"
#include "calls.h"
#include "raw_calls.h"

#define AT_CALL(name) {SYS_##name, 1, 2}
#define PATH_CALL(name) {SYS_##name, 0, 1}
#define FD_CALL(name) {SYS_##name, 0, 0}

static const struct shape shapes[] = {
#ifdef SYS_open
    PATH_CALL(open), PATH_CALL(creat), PATH_CALL(stat), PATH_CALL(lstat), PATH_CALL(access), PATH_CALL(mkdir),
    PATH_CALL(rmdir), PATH_CALL(unlink), PATH_CALL(readlink), PATH_CALL(chmod), PATH_CALL(chown), PATH_CALL(lchown),
    PATH_CALL(mknod), PATH_CALL(utime), PATH_CALL(utimes), AT_CALL(futimesat), FD_CALL(dup2), FD_CALL(rename),
    FD_CALL(link), {SYS_symlink, 0, 2},
#endif
    AT_CALL(openat), AT_CALL(newfstatat), AT_CALL(statx), AT_CALL(faccessat), AT_CALL(faccessat2), AT_CALL(mkdirat),
    AT_CALL(unlinkat), AT_CALL(readlinkat), AT_CALL(fchmodat), AT_CALL(fchmodat2), AT_CALL(fchownat), AT_CALL(utimensat),
    AT_CALL(mknodat), PATH_CALL(truncate), PATH_CALL(statfs), PATH_CALL(chdir), FD_CALL(chroot), {SYS_symlinkat, 2, 3},
    PATH_CALL(getxattr), PATH_CALL(lgetxattr), PATH_CALL(setxattr), PATH_CALL(lsetxattr), PATH_CALL(listxattr),
    PATH_CALL(llistxattr), PATH_CALL(removexattr), PATH_CALL(lremovexattr),
    FD_CALL(execve), FD_CALL(execveat), FD_CALL(renameat), FD_CALL(renameat2), FD_CALL(linkat),
    FD_CALL(fstat), FD_CALL(fchmod), FD_CALL(fchown), FD_CALL(ftruncate), FD_CALL(fstatfs), FD_CALL(fchdir), FD_CALL(getcwd),
    FD_CALL(getdents64), FD_CALL(fgetxattr), FD_CALL(fsetxattr), FD_CALL(flistxattr), FD_CALL(fremovexattr),
    FD_CALL(close), FD_CALL(close_range), FD_CALL(dup), FD_CALL(dup3), FD_CALL(fcntl), FD_CALL(umask),
    FD_CALL(write), FD_CALL(pwrite64), FD_CALL(writev), FD_CALL(pwritev), FD_CALL(pwritev2), FD_CALL(fallocate),
    FD_CALL(bind), FD_CALL(connect), FD_CALL(sendto), FD_CALL(sendmsg), FD_CALL(getsockname), FD_CALL(getpeername),
    FD_CALL(accept), FD_CALL(accept4), FD_CALL(recvfrom), FD_CALL(recvmsg), AT_CALL(openat2), FD_CALL(recvmmsg), FD_CALL(pidfd_getfd), FD_CALL(sendfile), FD_CALL(copy_file_range), FD_CALL(splice), FD_CALL(io_uring_setup),
    {SYS_inotify_add_watch, 0, 2}, {SYS_fanotify_mark, 4, 5},
    FD_CALL(mmap), FD_CALL(munmap), FD_CALL(mprotect), FD_CALL(mremap), FD_CALL(msync), FD_CALL(exit_group),
    /* From here on only where there are overlays: a real file that is read in place may have been copied up. */
    FD_CALL(read), FD_CALL(readv), FD_CALL(pread64), FD_CALL(preadv), FD_CALL(preadv2), FD_CALL(lseek),
};
enum { SHAPES = sizeof shapes / sizeof shapes[0], OF_OVERLAYS = 6, NUMBERS = 512 };
static uint8_t shape_of[NUMBERS]; /* index + 1 */
volatile int canary_calls, canary_armed;

void shimfs_prepare_calls(void) {
  for (int i = 0; i < SHAPES - (session.overlays ? 0 : OF_OVERLAYS); i++) shape_of[shapes[i].nr] = (uint8_t)(i + 1);
}

int shimfs_handles(long nr) { return nr >= 0 && nr < NUMBERS && shape_of[nr]; }

long native_call(long nr, const struct arguments *a) { return sys6(nr, a->a1, a->a2, a->a3, a->a4, a->a5, a->a6); }

__attribute__((unused)) static long set_times(long dirfd, const char *path, const void *times, bool micro, long flags) {
  if (!micro || !times) return on_utimens(dirfd, path, times, flags);
  if (!readable(times, 32)) return -EFAULT;
  const struct timeval {
    long sec, usec;
  } *t = times;
  struct timespec exact[2] = {{t[0].sec, t[0].usec * 1000}, {t[1].sec, t[1].usec * 1000}};
  return on_utimens(dirfd, path, exact, flags);
}

static long write_to(long nr, long fd, const struct arguments *a) {
  if (fd_kind(fd) != FD_FILE) return NOT_OURS;
  return write_within_quota(nr, fd, a);
}


long handle_call(long nr, struct arguments *a) {
  const char *p1 = (const char *)a->a1, *p2 = (const char *)a->a2, *p3 = (const char *)a->a3;
  switch (nr) {
#ifdef SYS_open
    case SYS_open: return on_open(AT_FDCWD, p1, a->a2, a->a3);
    case SYS_creat: return on_open(AT_FDCWD, p1, O_CREAT | O_WRONLY | O_TRUNC, a->a2);
    case SYS_stat: return on_stat(AT_FDCWD, p1, 0, (void *)a->a2);
    case SYS_lstat: return on_stat(AT_FDCWD, p1, AT_SYMLINK_NOFOLLOW, (void *)a->a2);
    case SYS_access: return on_access(AT_FDCWD, p1, a->a2, 0);
    case SYS_mkdir: return on_path_op(OP_MKDIR, AT_FDCWD, p1, 0, (uint32_t)a->a2, 0, 0);
    case SYS_rmdir: return on_path_op(OP_UNLINK, AT_FDCWD, p1, AT_REMOVEDIR, 0, 0, 0);
    case SYS_unlink: return on_path_op(OP_UNLINK, AT_FDCWD, p1, 0, 0, 0, 0);
    case SYS_rename: return on_rename(AT_FDCWD, p1, AT_FDCWD, p2, 0);
    case SYS_link: return on_link(AT_FDCWD, p1, AT_FDCWD, p2, 0);
    case SYS_symlink: return on_symlink(p1, AT_FDCWD, p2);
    case SYS_readlink: return on_readlink(AT_FDCWD, p1, (char *)a->a2, (size_t)a->a3);
    case SYS_chmod: return on_path_op(OP_CHMOD, AT_FDCWD, p1, 0, (uint32_t)a->a2, 0, 0);
    case SYS_chown: return on_path_op(OP_CHOWN, AT_FDCWD, p1, 0, 0, (uint32_t)a->a2, (uint32_t)a->a3);
    case SYS_lchown: return on_path_op(OP_CHOWN, AT_FDCWD, p1, AT_SYMLINK_NOFOLLOW, 0, (uint32_t)a->a2, (uint32_t)a->a3);
    case SYS_mknod: return on_path_op(OP_MKNOD, AT_FDCWD, p1, 0, (uint32_t)a->a2, (uint64_t)a->a3, 0);
    case SYS_utimes: return set_times(AT_FDCWD, p1, p2, true, 0);
    case SYS_utime: {
      const long *t = (const long *)a->a2;
      struct timespec exact[2] = {{t ? t[0] : 0, t ? 0 : UTIME_NOW}, {t ? t[1] : 0, t ? 0 : UTIME_NOW}};
      return on_utimens(AT_FDCWD, p1, exact, 0);
    }
    case SYS_futimesat: return set_times(a->a1, p2, p3, true, 0);
    case SYS_dup2: return duplicate_onto(nr, a);
#endif
    case SYS_openat: return on_open(a->a1, p2, a->a3, a->a4);
    case SYS_newfstatat: return on_stat(a->a1, p2, a->a4, (void *)a->a3);
    case SYS_statx: return on_statx(a->a1, p2, a->a3, (unsigned)a->a4, (void *)a->a5);
    case SYS_fstat: return on_fstat(a->a1, (void *)a->a2);
    case SYS_faccessat: return on_access(a->a1, p2, a->a3, 0);
    case SYS_faccessat2: return on_access(a->a1, p2, a->a3, a->a4);
    case SYS_mkdirat: return on_path_op(OP_MKDIR, a->a1, p2, 0, (uint32_t)a->a3, 0, 0);
    case SYS_unlinkat:
      if (a->a3 & ~(long)AT_REMOVEDIR) return NOT_OURS;
      return on_path_op(OP_UNLINK, a->a1, p2, (uint32_t)a->a3, 0, 0, 0);
    case SYS_renameat: return on_rename(a->a1, p2, a->a3, (const char *)a->a4, 0);
    case SYS_renameat2: return on_rename(a->a1, p2, a->a3, (const char *)a->a4, (uint32_t)a->a5);
    case SYS_linkat:
      if (a->a5 & ~(long)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) return NOT_OURS;
      return on_link(a->a1, p2, a->a3, (const char *)a->a4, (uint32_t)a->a5);
    case SYS_symlinkat: return on_symlink(p1, a->a2, p3);
    case SYS_readlinkat: return on_readlink(a->a1, p2, (char *)a->a3, (size_t)a->a4);
    case SYS_fchmodat: return on_path_op(OP_CHMOD, a->a1, p2, 0, (uint32_t)a->a3, 0, 0);
    case SYS_fchmodat2: return on_path_op(OP_CHMOD, a->a1, p2, (uint32_t)a->a4, (uint32_t)a->a3, 0, 0);
    case SYS_fchownat: return on_path_op(OP_CHOWN, a->a1, p2, (uint32_t)a->a5, 0, (uint32_t)a->a3, (uint32_t)a->a4);
    case SYS_fchmod: return on_fd_op(OP_CHMOD, a->a1, (uint32_t)a->a2, 0, 0);
    case SYS_fchown: return on_fd_op(OP_CHOWN, a->a1, 0, (uint32_t)a->a2, (uint32_t)a->a3);
    case SYS_mknodat: return on_path_op(OP_MKNOD, a->a1, p2, 0, (uint32_t)a->a3, (uint64_t)a->a4, 0);
    case SYS_utimensat: return on_utimens(a->a1, p2, (const struct timespec *)a->a3, a->a4);
    case SYS_truncate: return on_path_op(OP_TRUNCATE, AT_FDCWD, p1, 0, 0, (uint64_t)a->a2, 0);
    case SYS_ftruncate:
      if (fd_kind(a->a1) == FD_FILE && !(fd_entry((int)a->a1)->flags & O_PATH) && (fd_entry((int)a->a1)->flags & O_ACCMODE) == O_RDONLY) return -EINVAL;
      return on_fd_op(OP_TRUNCATE, a->a1, 0, (uint64_t)a->a2, 0);
    case SYS_statfs: return on_statfs(-1, p1, (void *)a->a2);
    case SYS_fstatfs: return on_statfs(a->a1, NULL, (void *)a->a2);
    case SYS_chdir: {
      struct place p;
      if (place_at(AT_FDCWD, p1, 0, &p)) return on_chdir(p1);
      long result = native_call(nr, a);
      if (result == 0) cwd_changed(0);
      return result == -ENOENT || result == -ENOTDIR ? NOT_OURS : result;
    }
    case SYS_fchdir: return on_fchdir(a->a1);
    case SYS_chroot: return on_chroot(p1, a);
    case SYS_getcwd: return on_getcwd((char *)a->a1, (size_t)a->a2);
    case SYS_getdents64:
      if (fd_kind(a->a1) == FD_FOREIGN) return list_foreign(a->a1, (char *)a->a2, (size_t)a->a3);
      return on_getdents(a->a1, (void *)a->a2, (size_t)a->a3);
    case SYS_getxattr: return on_getxattr(-1, p1, p2, (void *)a->a3, (size_t)a->a4, true);
    case SYS_lgetxattr: return on_getxattr(-1, p1, p2, (void *)a->a3, (size_t)a->a4, false);
    case SYS_fgetxattr: return on_getxattr(a->a1, NULL, p2, (void *)a->a3, (size_t)a->a4, true);
    case SYS_setxattr: return on_setxattr(-1, p1, p2, p3, (size_t)a->a4, (uint32_t)a->a5, true);
    case SYS_lsetxattr: return on_setxattr(-1, p1, p2, p3, (size_t)a->a4, (uint32_t)a->a5, false);
    case SYS_fsetxattr: return on_setxattr(a->a1, NULL, p2, p3, (size_t)a->a4, (uint32_t)a->a5, true);
    case SYS_listxattr: return on_listxattr(-1, p1, (char *)a->a2, (size_t)a->a3, true);
    case SYS_llistxattr: return on_listxattr(-1, p1, (char *)a->a2, (size_t)a->a3, false);
    case SYS_flistxattr: return on_listxattr(a->a1, NULL, (char *)a->a2, (size_t)a->a3, true);
    case SYS_removexattr: return on_removexattr(-1, p1, p2, true);
    case SYS_lremovexattr: return on_removexattr(-1, p1, p2, false);
    case SYS_fremovexattr: return on_removexattr(a->a1, NULL, p2, true);
    case SYS_close: return on_close(a->a1);
    case SYS_close_range: return close_some((unsigned)a->a1, (unsigned)a->a2, (unsigned)a->a3);
    case SYS_dup: {
      if (!real.fd_duplicated && fd_kind(a->a1) == FD_FOREIGN) return NOT_OURS;
      return note_duplicate((int)a->a1, native_call(nr, a));
    }
    case SYS_dup3: return duplicate_onto(nr, a);
    case SYS_fcntl: return control_descriptor(a);
    case SYS_umask:
      if (!in_vfork_child()) process_umask = (uint32_t)a->a1 & 0777;
      return NOT_OURS;
    case SYS_execve: return on_execve(AT_FDCWD, p1, (char *const *)a->a2, (char *const *)a->a3, 0);
    case SYS_execveat: return on_execve(a->a1, p2, (char *const *)a->a3, (char *const *)a->a4, a->a5);
    case SYS_write:
    case SYS_pwrite64:
    case SYS_writev:
    case SYS_pwritev:
    case SYS_pwritev2:
    case SYS_fallocate:
    case SYS_sendfile: follow_copy(a->a2); return write_to(nr, a->a1, a);
    case SYS_copy_file_range:
    case SYS_splice: follow_copy(a->a1); return write_to(nr, a->a3, a);
    case SYS_read:
    case SYS_readv:
    case SYS_pread64:
    case SYS_preadv:
    case SYS_preadv2:
    case SYS_lseek: follow_copy(a->a1); return NOT_OURS;
    case SYS_mmap: {
      if (session.overlays && !(a->a4 & MAP_ANONYMOUS)) follow_copy(a->a5), mapped_in_place(a->a5);
      bool code = a->a3 & PROT_EXEC && a->a3 & PROT_READ && !(a->a4 & MAP_ANONYMOUS);
      if (fd_kind(a->a5) != FD_FILE && !(a->a4 & MAP_FIXED) && !code) return NOT_OURS;
      if (a->a4 & MAP_FIXED) {
        mapping_gone((uintptr_t)a->a1, (size_t)a->a2);
        memory_changed();
      }
      long at = native_call(nr, a);
      if (code && !(at < 0 && at > -4096)) {
        long refused = cover_mapped_code((uint8_t *)at, (size_t)a->a2, (int)a->a5, (uint64_t)a->a6);
        if (refused) return sys(SYS_munmap, at, a->a2), refused;
      }
      bool shared = (a->a4 & MAP_TYPE) == MAP_SHARED || (a->a4 & MAP_TYPE) == MAP_SHARED_VALIDATE;
      if (!(at < 0 && at > -4096) && shared && a->a3 & PROT_WRITE && !(a->a4 & MAP_ANONYMOUS) && fd_kind(a->a5) == FD_FILE)
        mapping_made(at, (size_t)a->a2, (int)a->a5);
      return at;
    }
    case SYS_munmap:
      mapping_gone((uintptr_t)a->a1, (size_t)a->a2);
      memory_changed();
      return NOT_OURS;
    case SYS_mremap:
      mapping_synced((uintptr_t)a->a1, (size_t)a->a2);
      memory_changed();
      return NOT_OURS;
    case SYS_mprotect: memory_changed(); return NOT_OURS;
    case SYS_msync: mapping_synced((uintptr_t)a->a1, (size_t)a->a2); return NOT_OURS;
    case SYS_exit_group:
      if (!in_vfork_child()) mapping_end();
      return NOT_OURS;
    case SYS_bind:
    case SYS_connect:
    case SYS_sendto:
    case SYS_sendmsg: return socket_call_to(nr, a);
    case SYS_getsockname:
    case SYS_getpeername:
    case SYS_accept:
    case SYS_accept4:
    case SYS_recvfrom:
    case SYS_recvmsg: return socket_call_from(nr, a);
    case SYS_inotify_add_watch: return on_inotify_add_watch(a->a1, p2, (uint32_t)a->a3);
    case SYS_fanotify_mark: return on_fanotify_mark(a->a4, (const char *)a->a5);
    case SYS_openat2: return on_openat2(a->a1, p2, (const void *)a->a3, (size_t)a->a4);
    case SYS_recvmmsg: return receive_many(a);
    case SYS_pidfd_getfd: return take_descriptor(a);
    /* Rings of requests would pass us by. Programs fall back when the kernel has none. */
    case SYS_io_uring_setup: return -ENOSYS;
    default: return NOT_OURS;
  }
}

long shimfs_dispatch(long nr, struct arguments *a) {
  const struct shape *s = nr >= 0 && nr < NUMBERS && shape_of[nr] ? &shapes[shape_of[nr] - 1] : NULL;
  if (!s || !session.active) return native_call(nr, a);
  if (__builtin_expect(canary_armed, 0)) canary_calls++;
  long result;
  if (session.overlays && (s->path ? call_ahead(nr, a, s, 0, &result) : has_two_paths(nr) && call_ahead_both(nr, a, &result)))
    return result;
  result = handle_call(nr, a);
  if (result == LEFT_MOUNTS) return call_at_exit(nr, a, s, 0);
  if (result != NOT_OURS) return result;
  result = native_call(nr, a);
  if ((result == -ENOENT || result == -ENOTDIR) && s->path) return call_behind(nr, a, s, result, 0);
  if ((result == -ENOENT || result == -ENOTDIR) && has_two_paths(nr)) return call_behind_both(nr, a, result);
  return result;
}
