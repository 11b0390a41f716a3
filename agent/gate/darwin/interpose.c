/*
 * The replacements of libSystem's functions: one tuple for each name, read by dyld when the gate is inserted.
 * dyld also patches the uses between the libraries of its shared cache, so calls of libsystem_c to
 * libsystem_kernel are replaced; calls inside one library do not, which is why both halves of such a pair are
 * named (open and __open_nocancel, readdir and __getdirentries64).
 *
 * Not covered, and why:
 *
 *   read, pread, readv, lseek, fsync, …        the descriptor is real: nothing to do
 *   mmap, msync                                maps are real; a write through one is not reported here
 *   getfsstat, statvfs, pathconf               report the real file systems only (statvfs calls statfs)
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
#include "../calls.h"
#include "../cwd.h"
#include "../namespace.h"
#include "../session.h"
#include "../sys.h"
#include "call_table.h"
#include "entry.h"
#include "functions.h"
#include "interpose.h"
#include "listing.h"
#include "native.h"

#define CALL(name, ...) darwin_call(CALL_##name, ARGUMENTS(__VA_ARGS__))

#define DEFINE(name, native, result, parameters, ...) \
  static result my_##name parameters { return (result)CALL(name, __VA_ARGS__); }
DARWIN_REPLACEMENTS(DEFINE)

/* ---- by hand ---- */

/* The mode stands among the variadic arguments, which arm64 passes on the stack, and only with O_CREAT. */
#define MODE_AFTER(last) \
  long mode = 0; \
  if (flags & O_CREAT) { \
    va_list more; \
    va_start(more, last); \
    mode = va_arg(more, int); \
    va_end(more); \
  }
#define VALUE_AFTER(last) \
  va_list more; \
  va_start(more, last); \
  long value = va_arg(more, long); \
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
static int my_fcntl(int fd, int command, ...) {
  VALUE_AFTER(command)
  return (int)CALL(fcntl, fd, command, value);
}
static int my_fcntl_nocancel(int fd, int command, ...) {
  VALUE_AFTER(command)
  return (int)CALL(fcntl_nocancel, fd, command, value);
}

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

int shimfs_execve(const char *path, char *const argv[], char *const envp[]);
int shimfs_posix_spawn(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[], char *const[]);
int shimfs_posix_spawnp(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[], char *const[]);

#define TUPLE(replacement, original) {(const void *)(uintptr_t)&replacement, (const void *)(uintptr_t)&original}
#define MY(name) TUPLE(my_##name, name)
#define REPLACED(name, native, ...) TUPLE(my_##name, native),
#define WATCHED(name, ...) TUPLE(shimfs_##name, name),
#define DECLARE(name, ...) extern void shimfs_##name(void);
KQUEUE_FUNCTIONS(DECLARE)
DISPATCH_FUNCTIONS(DECLARE)

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations" /* readdir_r is still called */
__attribute__((used, section("__DATA,__interpose"))) static const struct {
  const void *replacement, *original;
} tuples[] = {
    DARWIN_REPLACEMENTS(REPLACED) KQUEUE_FUNCTIONS(WATCHED) DISPATCH_FUNCTIONS(WATCHED)
        MY(open),
    MY(open_nocancel), MY(openat), MY(openat_nocancel), MY(creat), MY(creat_nocancel), MY(fcntl), MY(fcntl_nocancel), MY(getcwd),
    MY(opendir), MY(fdopendir), MY(readdir), MY(readdir_r), MY(closedir), MY(telldir), MY(seekdir), MY(rewinddir),
    TUPLE(shimfs_execve, execve), TUPLE(shimfs_posix_spawn, posix_spawn), TUPLE(shimfs_posix_spawnp, posix_spawnp)};
#pragma clang diagnostic pop
const int interposed_count = sizeof tuples / sizeof tuples[0];
