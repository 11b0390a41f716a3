/* Linux: the wire's numbers are the kernel's own, but for the few O_ flags that a machine numbers differently. */
#pragma once
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "../sys.h"
#include "site.h"

/* Passes through libc, where our hooks are. */
static inline void canary_call(void) { access("/", 0); }
static inline char **process_environment(void) { return environ; }

static inline uint32_t wire_open_flags(long flags) {
#if defined(__aarch64__)
  const long moved = O_DIRECTORY | O_NOFOLLOW | O_DIRECT | 0400000 /* O_LARGEFILE of the kernel's */;
  uint32_t wire = (uint32_t)(flags & ~moved);
  if (flags & O_DIRECTORY) wire |= WIRE_O_DIRECTORY;
  if (flags & O_NOFOLLOW) wire |= WIRE_O_NOFOLLOW;
  if (flags & O_DIRECT) wire |= WIRE_O_DIRECT;
  return wire;
#else
  return (uint32_t)flags;
#endif
}

/* A host's result in the system's own errno. */
static inline long native_result(long result) { return result; }

static inline void block_signals(uint64_t *before) {
  uint64_t all = ~0ull;
  sys(SYS_rt_sigprocmask, SIG_SETMASK, &all, before, 8);
}
static inline void restore_signals(const uint64_t *before) { sys(SYS_rt_sigprocmask, SIG_SETMASK, before, 0, 8); }

/* Sleeps while *cell is `seen`, at most `limit`. Returns -ETIMEDOUT when that has passed. */
static inline long wait_on(const volatile uint32_t *cell, uint32_t seen, const struct timespec *limit) {
  return sys(SYS_futex, cell, FUTEX_WAIT_PRIVATE, seen, limit);
}
static inline void wake(const volatile uint32_t *cell, int waiters) { sys(SYS_futex, cell, FUTEX_WAKE_PRIVATE, waiters); }

/* From now on a wait on this socket ends after a second with -EAGAIN. */
static inline void limit_waits(int fd) {
  const struct timeval second = {1, 0};
  sys(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
  sys(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
}

/* Does the process behind a connected socket run as `uid`? Anybody may listen at an abstract name. */
static inline bool peer_is(int fd, uint32_t uid) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  return sys(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == uid;
}

/* Lets this process have `more` descriptors than its soft limit allows, where the hard limit does. Returns the old limit. */
static inline struct rlimit widen_descriptors(uint64_t more) {
  struct rlimit now = {0}, wide;
  sys(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &now);
  wide = now;
  wide.rlim_cur = now.rlim_cur + more < now.rlim_max ? now.rlim_cur + more : now.rlim_max;
  sys(SYS_prlimit64, 0, RLIMIT_NOFILE, &wide, 0);
  return now;
}
static inline void restore_descriptors(const struct rlimit *limit) { sys(SYS_prlimit64, 0, RLIMIT_NOFILE, limit, 0); }

/* At most `n` bytes, and the descriptor that comes with them. Returns as recvmsg(2). */
static inline long receive_passing(int fd, void *to, size_t n, int *passed) {
  union {
    char room[CMSG_SPACE(sizeof(int))];
    struct cmsghdr head;
  } control;
  struct iovec piece = {to, n};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  long got = sys(SYS_recvmsg, fd, &message, MSG_CMSG_CLOEXEC);
  if (got > 0 && message.msg_controllen >= CMSG_LEN(sizeof(int)) && control.head.cmsg_type == SCM_RIGHTS)
    *passed = *(const int *)(const void *)CMSG_DATA(&control.head);
  return got;
}

/* Zeroed memory of our own, or NULL. */
static inline void *map_pages(size_t size) {
  long at = sys(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return at < 0 && at > -4096 ? NULL : (void *)at;
}
static inline void unmap_pages(void *at, size_t size) { sys(SYS_munmap, at, size); }

/* A page that reads 0 in a fork child, however it was forked, but not in a vfork child. NULL: not to be had. */
static inline volatile uint32_t *fork_page(void) {
  long page = sys(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page <= 0 || sys(SYS_madvise, page, 4096, MADV_WIPEONFORK)) return NULL;
  return (volatile uint32_t *)page;
}

/* Yama: the host's Frida may attach to us. EINVAL without it. */
static inline void allow_tracer(int pid) { sys(SYS_prctl, PR_SET_PTRACER, pid, 0, 0, 0); }
