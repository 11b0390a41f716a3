/* The calls we stand before on macOS, and what the interposed functions and their dispatcher tell each other. */
#pragma once

struct arguments {
  long a1, a2, a3, a4, a5, a6;
};
/* One to six of any scalar type; the rest are 0. */
#define ARGUMENTS(...) ARGUMENTS_(__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define ARGUMENTS_(a, b, c, d, e, f, ...) ((struct arguments){(long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)})

/*
 * Name, then where its paths stand: argument numbers, 0 for none. dir 0: relative to the working directory.
 * path 0: a call that leaves the mounts is answered EXDEV.
 */
#define CALLS(X)                                                                                                    \
  X(open, 0, 1) X(open_nocancel, 0, 1) X(openat, 1, 2) X(openat_nocancel, 1, 2)                                      \
  X(close, 0, 0) X(close_nocancel, 0, 0) X(dup, 0, 0) X(dup2, 0, 0)                                                  \
  X(fcntl, 0, 0) X(fcntl_nocancel, 0, 0)                                                                             \
  X(write, 0, 0) X(write_nocancel, 0, 0) X(pwrite, 0, 0) X(pwrite_nocancel, 0, 0)                                    \
  X(writev, 0, 0) X(writev_nocancel, 0, 0) X(pwritev, 0, 0) X(pwritev_nocancel, 0, 0)                                \
  X(stat, 0, 1) X(lstat, 0, 1) X(fstat, 0, 0) X(fstatat, 1, 2) X(statfs, 0, 1) X(fstatfs, 0, 0)                      \
  X(access, 0, 1) X(faccessat, 1, 2) X(mkdir, 0, 1) X(mkdirat, 1, 2) X(rmdir, 0, 1) X(unlink, 0, 1)                  \
  X(unlinkat, 1, 2) X(mkfifo, 0, 1) X(rename, 0, 0) X(renameat, 0, 0) X(renamex_np, 0, 0) X(renameatx_np, 0, 0)      \
  X(link, 0, 0) X(linkat, 0, 0) X(symlink, 0, 2) X(symlinkat, 2, 3) X(readlink, 0, 1) X(readlinkat, 1, 2)            \
  X(chmod, 0, 1) X(lchmod, 0, 1) X(fchmod, 0, 0) X(fchmodat, 1, 2)                                                   \
  X(chown, 0, 1) X(lchown, 0, 1) X(fchown, 0, 0) X(fchownat, 1, 2)                                                   \
  X(utimes, 0, 1) X(lutimes, 0, 1) X(futimes, 0, 0) X(utimensat, 1, 2) X(futimens, 0, 0)                             \
  X(chflags, 0, 1) X(lchflags, 0, 1) X(fchflags, 0, 0)                                                               \
  X(truncate, 0, 1) X(ftruncate, 0, 0) X(chdir, 0, 1) X(fchdir, 0, 0) X(umask, 0, 0)                                 \
  X(getxattr, 0, 1) X(fgetxattr, 0, 0) X(setxattr, 0, 1) X(fsetxattr, 0, 0)                                          \
  X(listxattr, 0, 1) X(flistxattr, 0, 0) X(removexattr, 0, 1) X(fremovexattr, 0, 0)                                  \
  X(__getdirentries64, 0, 0) X(getattrlist, 0, 1) X(fgetattrlist, 0, 0) X(getattrlistat, 1, 2)                       \
  X(getattrlistbulk, 0, 0) X(setattrlist, 0, 1) X(fsetattrlist, 0, 0) X(clonefile, 0, 0) X(clonefileat, 0, 0)        \
  X(fclonefileat, 0, 0)

enum call {
#define NUMBER(name, dir, path) CALL_##name,
  CALLS(NUMBER)
#undef NUMBER
  CALL_COUNT
};

/* One call: ours, or the system's own. Returns what the function returns, with errno set or kept. */
long darwin_call(enum call nr, struct arguments a);
/* Path of a virtual inode into `out`, as fcntl(F_GETPATH) tells it. -errno when it does not fit. */
long virtual_path(uint64_t ino, char *out, size_t size);
extern const int interposed_count;
