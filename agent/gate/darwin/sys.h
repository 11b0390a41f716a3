/*
 * The system calls that the common files make, by Linux's names: libSystem's own functions, which inside an
 * interposing image are the originals. Results are ≥ 0 or -errno (Darwin's).
 *
 * The $NOCANCEL twins: a thread must not be cancelled in the middle of a frame.
 */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

int open_nocancel(const char *, int, ...) __asm("_open$NOCANCEL");
int openat_nocancel(int, const char *, int, ...) __asm("_openat$NOCANCEL");
int close_nocancel(int) __asm("_close$NOCANCEL");
int fcntl_nocancel(int, int, ...) __asm("_fcntl$NOCANCEL");
ssize_t read_nocancel(int, void *, size_t) __asm("_read$NOCANCEL");
ssize_t write_nocancel(int, const void *, size_t) __asm("_write$NOCANCEL");
int connect_nocancel(int, const struct sockaddr *, socklen_t) __asm("_connect$NOCANCEL");
ssize_t sendto_nocancel(int, const void *, size_t, int, const struct sockaddr *, socklen_t) __asm("_sendto$NOCANCEL");
ssize_t recvfrom_nocancel(int, void *, size_t, int, struct sockaddr *, socklen_t *) __asm("_recvfrom$NOCANCEL");

static inline long native_answer(long result) { return result == -1 ? -errno : result; }

/* Unknown to Darwin: sockets of ours are made so by hand, and never raise SIGPIPE. */
#ifndef SOCK_CLOEXEC
#define SOCK_CLOEXEC 0x10000000
#endif
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* The operand of ## is taken as it is written, so no header's SYS_ numbers come between. */
#define sys(name, ...) native_##name(__VA_ARGS__)

static inline long native_SYS_getpid(void) { return getpid(); }
/* Owner of the connection's lock: all that is asked of it is whether it still lives. */
static inline long native_SYS_gettid(void) { return getpid(); }
static inline long native_SYS_geteuid(void) { return geteuid(); }
static inline long native_SYS_getegid(void) { return getegid(); }
static inline void native_SYS_exit_group(int status) { _exit(status); }
static inline long native_SYS_kill(long pid, int sig) { return native_answer(kill((pid_t)pid, sig)); }
static inline long native_SYS_umask(long mask) { return umask((mode_t)mask); }
static inline long native_SYS_openat(long dir, const char *path, long flags, ...) {
  return native_answer(openat_nocancel((int)dir, path, (int)flags, 0));
}
static inline long native_SYS_close(long fd) { return native_answer(close_nocancel((int)fd)); }
static inline long native_SYS_read(long fd, void *to, size_t n) { return native_answer(read_nocancel((int)fd, to, n)); }
static inline long native_SYS_pread64(long fd, void *to, size_t n, off_t at) { return native_answer(pread((int)fd, to, n, at)); }
static inline long native_SYS_write(long fd, const void *from, size_t n) { return native_answer(write_nocancel((int)fd, from, n)); }
static inline long native_SYS_lseek(long fd, long to, int whence) { return native_answer(lseek((int)fd, to, whence)); }
static inline long native_SYS_dup(long fd) { return native_answer(dup((int)fd)); }
static inline long native_SYS_dup3(long fd, long to, int flags) {
  long result = native_answer(dup2((int)fd, (int)to));
  if (result >= 0 && flags & O_CLOEXEC) fcntl_nocancel((int)to, F_SETFD, FD_CLOEXEC);
  return result;
}
#define native_SYS_fcntl(fd, ...) native_answer(fcntl_nocancel((int)(fd), __VA_ARGS__))
static inline long native_SYS_fstat(long fd, struct stat *out) { return native_answer(fstat((int)fd, out)); }
static inline long native_SYS_ftruncate(long fd, off_t size) { return native_answer(ftruncate((int)fd, size)); }
static inline long native_SYS_readlinkat(long dir, const char *path, char *out, size_t n) {
  return native_answer(readlinkat((int)dir, path, out, n));
}
static inline long native_SYS_chdir(const char *path) { return native_answer(chdir(path)); }
static inline long native_SYS_fchdir(long fd) { return native_answer(fchdir((int)fd)); }
/* As the kernel's call elsewhere: the length with its NUL. */
static inline long native_SYS_getcwd(char *out, size_t n) { return getcwd(out, n) ? (long)strlen(out) + 1 : -errno; }
#define native_SYS_mmap(at, n, protection, flags, fd, offset) \
  native_answer((long)mmap((void *)(at), n, protection, flags, (int)(fd), offset))
#define native_SYS_munmap(at, n) native_answer(munmap((void *)(at), n))
static inline void native_SYS_sched_yield(void) { sched_yield(); }
static inline long native_SYS_socket(int family, int type, int protocol) {
  int fd = socket(family, type & ~SOCK_CLOEXEC, protocol), on = 1;
  if (fd < 0) return -errno;
  setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
  if (type & SOCK_CLOEXEC) fcntl_nocancel(fd, F_SETFD, FD_CLOEXEC);
  return fd;
}
static inline long native_SYS_connect(long fd, const void *address, size_t n) {
  return native_answer(connect_nocancel((int)fd, address, (socklen_t)n));
}
static inline long native_SYS_sendto(long fd, const void *from, size_t n, int flags, const void *to, unsigned size) {
  return native_answer(sendto_nocancel((int)fd, from, n, flags, to, size));
}
static inline long native_SYS_recvfrom(long fd, void *to, size_t n, int flags, void *from, socklen_t *size) {
  return native_answer(recvfrom_nocancel((int)fd, to, n, flags, from, size));
}
static inline long native_SYS_clock_gettime(clockid_t clock, struct timespec *out) { return native_answer(clock_gettime(clock, out)); }
static inline long native_SYS_prlimit64(int pid, int resource, const void *set, struct rlimit *out) {
  (void)pid, (void)set;
  return native_answer(getrlimit(resource, out));
}
