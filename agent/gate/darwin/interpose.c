/*
 * What stands before libSystem's functions: one tuple for each name, read by dyld when the gate is inserted.
 * dyld also patches the uses between the libraries of its shared cache, so what libsystem_c asks of
 * libsystem_kernel passes here; calls inside one library do not, which is why both halves of such a pair are
 * named (open and __open_nocancel, readdir and __getdirentries64).
 *
 * Not covered, and why:
 *
 *   read, pread, readv, lseek, fsync, …        the descriptor is real: nothing to do
 *   mmap, msync                                maps are real; that one was written to is not told by the gate here
 *   getfsstat, statvfs, pathconf               tell of the real file systems only (statvfs asks statfs)
 *   stat, opendir … without $INODE64 (x86_64)  programs built for 10.5 or older
 *   fopen, mkstemp, realpath, scandir, fts_*,  they reach the file system by the names below
 *     glob, nftw, copyfile, getwd
 *   getattrlist*, getattrlistbulk, clonefile*, answered ENOTSUP for a virtual file: their users fall back to the
 *     chflags family, setattrlist*             plain calls (fts, copyfile, Foundation)
 *   exchangedata, searchfs, fsgetpath,         by inode or volume: they do not find virtual files
 *     openbyid_np, getdirentriesattr
 *   *_extended, acl_*, open_dprotected_np,     take security or protection classes that the core has not: such a
 *     guarded_open_np, __mac_execve, openx_np  call sees the real file system, where the mount is not
 *   guarded_close_np, change_fdguard_np        our descriptors carry no guards
 *   bind, connect on AF_UNIX names             the kernel resolves them
 *   shm_open, sem_open                         not file names
 *   __pthread_chdir, pthread_fchdir_np         a thread's own directory: virtual paths relative to it are not seen
 *   posix_spawn file actions with paths        the kernel opens them: give descriptors instead
 *   F_GETPATH of a symlink, O_SYMLINK          a virtual symlink cannot be opened itself: ELOOP
 *   the listing of a mount's parent            does not show the mount (on Linux it does)
 *   names that differ in case or NFC/NFD       are different names, as on a case-sensitive volume
 *   raw `svc #0x80`                            no interposition sees it; Go calls libSystem
 *   a gate loaded into a running process       dyld interposes at launch only: the start's canary fails, and says so
 *   platform binaries, hardened and setuid     dyld drops the insertion: exec.c refuses them, and their scripts
 */
#include <dirent.h>
#include <dispatch/dispatch.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/attr.h>
#include <sys/clonefile.h>
#include <sys/event.h>
#include <sys/mount.h>
#include "../gate.h"
#include "../kqueue.h"
#include "../os.h"
#include "calls.h"
#include "listing.h"
#include "native.h"

#define CALL(name, ...) darwin_call(CALL_##name, ARGUMENTS(__VA_ARGS__))

/* The mode stands among the variadic arguments, which arm64 passes on the stack, and only with O_CREAT. */
#define MODE_AFTER(last)                          \
  long mode = 0;                                  \
  if (flags & O_CREAT) {                          \
    va_list more;                                 \
    va_start(more, last);                         \
    mode = va_arg(more, int);                     \
    va_end(more);                                 \
  }
#define VALUE_AFTER(last)             \
  va_list more;                       \
  va_start(more, last);               \
  long value = va_arg(more, long);    \
  va_end(more);

static int my_open(const char *path, int flags, ...) {
  MODE_AFTER(flags)
  return (int)CALL(open, path, flags, mode);
}
static int my_open_nocancel(const char *path, int flags, ...) {
  MODE_AFTER(flags)
  return (int)CALL(open_nocancel, path, flags, mode);
}
static int my_openat(int dir, const char *path, int flags, ...) {
  MODE_AFTER(flags)
  return (int)CALL(openat, dir, path, flags, mode);
}
static int my_openat_nocancel(int dir, const char *path, int flags, ...) {
  MODE_AFTER(flags)
  return (int)CALL(openat_nocancel, dir, path, flags, mode);
}
static int my_creat(const char *path, mode_t mode) { return (int)CALL(open, path, O_CREAT | O_TRUNC | O_WRONLY, mode); }
static int my_creat_nocancel(const char *path, mode_t mode) {
  return (int)CALL(open_nocancel, path, O_CREAT | O_TRUNC | O_WRONLY, mode);
}
static int my_close(int fd) { return (int)CALL(close, fd); }
static int my_close_nocancel(int fd) { return (int)CALL(close_nocancel, fd); }
static int my_dup(int fd) { return (int)CALL(dup, fd); }
static int my_dup2(int fd, int to) { return (int)CALL(dup2, fd, to); }
static int my_fcntl(int fd, int command, ...) {
  VALUE_AFTER(command)
  return (int)CALL(fcntl, fd, command, value);
}
static int my_fcntl_nocancel(int fd, int command, ...) {
  VALUE_AFTER(command)
  return (int)CALL(fcntl_nocancel, fd, command, value);
}

static ssize_t my_write(int fd, const void *from, size_t n) { return CALL(write, fd, from, n); }
static ssize_t my_write_nocancel(int fd, const void *from, size_t n) { return CALL(write_nocancel, fd, from, n); }
static ssize_t my_pwrite(int fd, const void *from, size_t n, off_t at) { return CALL(pwrite, fd, from, n, at); }
static ssize_t my_pwrite_nocancel(int fd, const void *from, size_t n, off_t at) { return CALL(pwrite_nocancel, fd, from, n, at); }
static ssize_t my_writev(int fd, const struct iovec *v, int n) { return CALL(writev, fd, v, n); }
static ssize_t my_writev_nocancel(int fd, const struct iovec *v, int n) { return CALL(writev_nocancel, fd, v, n); }
static ssize_t my_pwritev(int fd, const struct iovec *v, int n, off_t at) { return CALL(pwritev, fd, v, n, at); }
static ssize_t my_pwritev_nocancel(int fd, const struct iovec *v, int n, off_t at) { return CALL(pwritev_nocancel, fd, v, n, at); }

static int my_stat(const char *path, struct stat *out) { return (int)CALL(stat, path, out); }
static int my_lstat(const char *path, struct stat *out) { return (int)CALL(lstat, path, out); }
static int my_fstat(int fd, struct stat *out) { return (int)CALL(fstat, fd, out); }
static int my_fstatat(int dir, const char *path, struct stat *out, int flags) { return (int)CALL(fstatat, dir, path, out, flags); }
static int my_statfs(const char *path, struct statfs *out) { return (int)CALL(statfs, path, out); }
static int my_fstatfs(int fd, struct statfs *out) { return (int)CALL(fstatfs, fd, out); }
static int my_access(const char *path, int mode) { return (int)CALL(access, path, mode); }
static int my_faccessat(int dir, const char *path, int mode, int flags) { return (int)CALL(faccessat, dir, path, mode, flags); }

static int my_mkdir(const char *path, mode_t mode) { return (int)CALL(mkdir, path, mode); }
static int my_mkdirat(int dir, const char *path, mode_t mode) { return (int)CALL(mkdirat, dir, path, mode); }
static int my_rmdir(const char *path) { return (int)CALL(rmdir, path); }
static int my_unlink(const char *path) { return (int)CALL(unlink, path); }
static int my_unlinkat(int dir, const char *path, int flags) { return (int)CALL(unlinkat, dir, path, flags); }
static int my_mkfifo(const char *path, mode_t mode) { return (int)CALL(mkfifo, path, mode); }
static int my_rename(const char *from, const char *to) { return (int)CALL(rename, from, to); }
static int my_renameat(int d1, const char *from, int d2, const char *to) { return (int)CALL(renameat, d1, from, d2, to); }
static int my_renamex_np(const char *from, const char *to, unsigned flags) { return (int)CALL(renamex_np, from, to, flags); }
static int my_renameatx_np(int d1, const char *from, int d2, const char *to, unsigned flags) {
  return (int)CALL(renameatx_np, d1, from, d2, to, flags);
}
static int my_link(const char *from, const char *to) { return (int)CALL(link, from, to); }
static int my_linkat(int d1, const char *from, int d2, const char *to, int flags) { return (int)CALL(linkat, d1, from, d2, to, flags); }
static int my_symlink(const char *target, const char *path) { return (int)CALL(symlink, target, path); }
static int my_symlinkat(const char *target, int dir, const char *path) { return (int)CALL(symlinkat, target, dir, path); }
static ssize_t my_readlink(const char *path, char *out, size_t n) { return CALL(readlink, path, out, n); }
static ssize_t my_readlinkat(int dir, const char *path, char *out, size_t n) { return CALL(readlinkat, dir, path, out, n); }

static int my_chmod(const char *path, mode_t mode) { return (int)CALL(chmod, path, mode); }
static int my_lchmod(const char *path, mode_t mode) { return (int)CALL(lchmod, path, mode); }
static int my_fchmod(int fd, mode_t mode) { return (int)CALL(fchmod, fd, mode); }
static int my_fchmodat(int dir, const char *path, mode_t mode, int flags) { return (int)CALL(fchmodat, dir, path, mode, flags); }
static int my_chown(const char *path, uid_t u, gid_t g) { return (int)CALL(chown, path, u, g); }
static int my_lchown(const char *path, uid_t u, gid_t g) { return (int)CALL(lchown, path, u, g); }
static int my_fchown(int fd, uid_t u, gid_t g) { return (int)CALL(fchown, fd, u, g); }
static int my_fchownat(int dir, const char *path, uid_t u, gid_t g, int flags) { return (int)CALL(fchownat, dir, path, u, g, flags); }
static int my_utimes(const char *path, const struct timeval *t) { return (int)CALL(utimes, path, t); }
static int my_lutimes(const char *path, const struct timeval *t) { return (int)CALL(lutimes, path, t); }
static int my_futimes(int fd, const struct timeval *t) { return (int)CALL(futimes, fd, t); }
static int my_utimensat(int dir, const char *path, const struct timespec *t, int flags) { return (int)CALL(utimensat, dir, path, t, flags); }
static int my_futimens(int fd, const struct timespec *t) { return (int)CALL(futimens, fd, t); }
static int my_chflags(const char *path, unsigned flags) { return (int)CALL(chflags, path, flags); }
static int my_lchflags(const char *path, unsigned flags) { return (int)CALL(lchflags, path, flags); }
static int my_fchflags(int fd, unsigned flags) { return (int)CALL(fchflags, fd, flags); }
static int my_truncate(const char *path, off_t size) { return (int)CALL(truncate, path, size); }
static int my_ftruncate(int fd, off_t size) { return (int)CALL(ftruncate, fd, size); }

static int my_chdir(const char *path) { return (int)CALL(chdir, path); }
static int my_fchdir(int fd) { return (int)CALL(fchdir, fd); }
static mode_t my_umask(mode_t mask) { return (mode_t)CALL(umask, mask); }
static char *my_getcwd(char *out, size_t size) {
  if (!session.active || !cwd_inode()) return getcwd(out, size);
  if (out && !size) return errno = EINVAL, NULL;
  if (!size) size = PATH_MAX;
  char *room = out ? out : malloc(size);
  if (!room) return NULL;
  long result = on_getcwd(room, size);
  if (result > 0) return room;
  if (!out) free(room);
  errno = result < 0 && result != NOT_OURS ? (int)-result : ENOENT;
  return NULL;
}

static ssize_t my_getxattr(const char *path, const char *name, void *to, size_t n, uint32_t position, int options) {
  return CALL(getxattr, path, name, to, n, position, options);
}
static ssize_t my_fgetxattr(int fd, const char *name, void *to, size_t n, uint32_t position, int options) {
  return CALL(fgetxattr, fd, name, to, n, position, options);
}
static int my_setxattr(const char *path, const char *name, const void *from, size_t n, uint32_t position, int options) {
  return (int)CALL(setxattr, path, name, from, n, position, options);
}
static int my_fsetxattr(int fd, const char *name, const void *from, size_t n, uint32_t position, int options) {
  return (int)CALL(fsetxattr, fd, name, from, n, position, options);
}
static ssize_t my_listxattr(const char *path, char *to, size_t n, int options) { return CALL(listxattr, path, to, n, options); }
static ssize_t my_flistxattr(int fd, char *to, size_t n, int options) { return CALL(flistxattr, fd, to, n, options); }
static int my_removexattr(const char *path, const char *name, int options) { return (int)CALL(removexattr, path, name, options); }
static int my_fremovexattr(int fd, const char *name, int options) { return (int)CALL(fremovexattr, fd, name, options); }

static ssize_t my___getdirentries64(int fd, void *to, size_t n, off_t *base) { return CALL(__getdirentries64, fd, to, n, base); }
static int my_getattrlist(const char *path, void *list, void *to, size_t n, unsigned options) {
  return (int)CALL(getattrlist, path, list, to, n, options);
}
static int my_fgetattrlist(int fd, void *list, void *to, size_t n, unsigned options) {
  return (int)CALL(fgetattrlist, fd, list, to, n, options);
}
static int my_getattrlistat(int dir, const char *path, void *list, void *to, size_t n, unsigned long options) {
  return (int)CALL(getattrlistat, dir, path, list, to, n, options);
}
static int my_getattrlistbulk(int fd, void *list, void *to, size_t n, uint64_t options) {
  return (int)CALL(getattrlistbulk, fd, list, to, n, options);
}
static int my_setattrlist(const char *path, void *list, void *from, size_t n, unsigned options) {
  return (int)CALL(setattrlist, path, list, from, n, options);
}
static int my_fsetattrlist(int fd, void *list, void *from, size_t n, unsigned options) {
  return (int)CALL(fsetattrlist, fd, list, from, n, options);
}
static int my_clonefile(const char *from, const char *to, uint32_t flags) { return (int)CALL(clonefile, from, to, flags); }
static int my_clonefileat(int d1, const char *from, int d2, const char *to, uint32_t flags) {
  return (int)CALL(clonefileat, d1, from, d2, to, flags);
}
static int my_fclonefileat(int fd, int dir, const char *to, uint32_t flags) { return (int)CALL(fclonefileat, fd, dir, to, flags); }

int shimfs_kqueue(void);
int shimfs_guarded_kqueue_np(const void *guard, unsigned flags);
int shimfs_kevent(int, const void *, int, void *, int, const struct timespec *);
int shimfs_kevent64(int, const void *, int, void *, int, unsigned, const struct timespec *);
int shimfs_kevent_qos(int, const void *, int, void *, int, void *, size_t *, unsigned);

/* Libraries that start before us have kqueues too. */
static int my_kqueue(void) { return session.active ? shimfs_kqueue() : kqueue(); }
static int my_guarded_kqueue_np(const void *guard, unsigned flags) {
  return session.active ? shimfs_guarded_kqueue_np(guard, flags) : guarded_kqueue_np(guard, flags);
}
static int my_kevent(int kq, const struct kevent *changes, int nchanges, struct kevent *events, int nevents, const struct timespec *timeout) {
  return session.active ? shimfs_kevent(kq, changes, nchanges, events, nevents, timeout) : kevent(kq, changes, nchanges, events, nevents, timeout);
}
static int my_kevent64(int kq, const struct kevent64_s *changes, int nchanges, struct kevent64_s *events, int nevents, unsigned flags,
                       const struct timespec *timeout) {
  return session.active ? shimfs_kevent64(kq, changes, nchanges, events, nevents, flags, timeout)
                        : kevent64(kq, changes, nchanges, events, nevents, flags, timeout);
}
static int my_kevent_qos(int kq, const void *changes, int nchanges, void *events, int nevents, void *data_out, size_t *available, unsigned flags) {
  return session.active ? shimfs_kevent_qos(kq, changes, nchanges, events, nevents, data_out, available, flags)
                        : kevent_qos(kq, changes, nchanges, events, nevents, data_out, available, flags);
}

void *shimfs_dispatch_source_create(const void *type, uintptr_t handle, uintptr_t mask, void *queue);
uintptr_t shimfs_dispatch_source_get_handle(void *object);
uintptr_t shimfs_dispatch_source_get_mask(void *object);
void shimfs_dispatch_source_cancel(void *object);
void shimfs_dispatch_activate(void *object);
void shimfs_dispatch_resume(void *object);
void shimfs_dispatch_suspend(void *object);

/* How a source is released does not matter here: weak references tell whether it lives. */
static dispatch_source_t my_dispatch_source_create(dispatch_source_type_t type, uintptr_t handle, uintptr_t mask, dispatch_queue_t queue) {
  return session.active ? shimfs_dispatch_source_create(type, handle, mask, queue) : dispatch_source_create(type, handle, mask, queue);
}
static uintptr_t my_dispatch_source_get_handle(dispatch_source_t source) {
  return session.active ? shimfs_dispatch_source_get_handle(source) : dispatch_source_get_handle(source);
}
static uintptr_t my_dispatch_source_get_mask(dispatch_source_t source) {
  return session.active ? shimfs_dispatch_source_get_mask(source) : dispatch_source_get_mask(source);
}
static void my_dispatch_source_cancel(dispatch_source_t source) {
  if (session.active) shimfs_dispatch_source_cancel(source);
  else dispatch_source_cancel(source);
}
static void my_dispatch_activate(dispatch_object_t object) {
  if (session.active) shimfs_dispatch_activate(object._do);
  else dispatch_activate(object);
}
static void my_dispatch_resume(dispatch_object_t object) {
  if (session.active) shimfs_dispatch_resume(object._do);
  else dispatch_resume(object);
}
static void my_dispatch_suspend(dispatch_object_t object) {
  if (session.active) shimfs_dispatch_suspend(object._do);
  else dispatch_suspend(object);
}

int shimfs_execve(const char *path, char *const argv[], char *const envp[]);
int shimfs_posix_spawn(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[], char *const[]);
int shimfs_posix_spawnp(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[], char *const[]);

#define TUPLE(replacement, original) {(const void *)(uintptr_t)&replacement, (const void *)(uintptr_t)&original}
#define MY(name) TUPLE(my_##name, name)

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations" /* readdir_r is still called */
__attribute__((used, section("__DATA,__interpose"))) static const struct {
  const void *replacement, *original;
} tuples[] = {
    MY(open), MY(open_nocancel), MY(openat), MY(openat_nocancel), MY(creat), MY(creat_nocancel),
    MY(close), MY(close_nocancel), MY(dup), MY(dup2), MY(fcntl), MY(fcntl_nocancel),
    MY(write), MY(write_nocancel), MY(pwrite), MY(pwrite_nocancel), MY(writev), MY(writev_nocancel),
    TUPLE(my_pwritev, pwritev_any), MY(pwritev_nocancel),
    MY(stat), MY(lstat), MY(fstat), MY(fstatat), MY(statfs), MY(fstatfs), MY(access), MY(faccessat),
    MY(mkdir), MY(mkdirat), MY(rmdir), MY(unlink), MY(unlinkat), MY(mkfifo),
    MY(rename), MY(renameat), MY(renamex_np), MY(renameatx_np), MY(link), MY(linkat), MY(symlink), MY(symlinkat),
    MY(readlink), MY(readlinkat), MY(chmod), MY(lchmod), MY(fchmod), MY(fchmodat), MY(chown), MY(lchown), MY(fchown), MY(fchownat),
    MY(utimes), MY(lutimes), MY(futimes), MY(utimensat), MY(futimens), MY(chflags), MY(lchflags), MY(fchflags),
    MY(truncate), MY(ftruncate), MY(chdir), MY(fchdir), MY(getcwd), MY(umask),
    MY(getxattr), MY(fgetxattr), MY(setxattr), MY(fsetxattr), MY(listxattr), MY(flistxattr), MY(removexattr), MY(fremovexattr),
    MY(__getdirentries64), MY(getattrlist), MY(fgetattrlist), MY(getattrlistat), MY(getattrlistbulk), MY(setattrlist), MY(fsetattrlist),
    MY(clonefile), MY(clonefileat), MY(fclonefileat),
    MY(opendir), MY(fdopendir), MY(readdir), MY(readdir_r), MY(closedir), MY(telldir), MY(seekdir), MY(rewinddir),
    MY(kqueue), MY(guarded_kqueue_np), MY(kevent), MY(kevent64), MY(kevent_qos),
    MY(dispatch_source_create), MY(dispatch_source_get_handle), MY(dispatch_source_get_mask), MY(dispatch_source_cancel),
    MY(dispatch_activate), MY(dispatch_resume), MY(dispatch_suspend),
    TUPLE(shimfs_execve, execve), TUPLE(shimfs_posix_spawn, posix_spawn), TUPLE(shimfs_posix_spawnp, posix_spawnp),
};
#pragma clang diagnostic pop
const int interposed_count = sizeof tuples / sizeof tuples[0];
