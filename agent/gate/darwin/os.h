/* macOS: the seam of ../os.h. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include "../sys.h"

/* xnu has these in its private headers; libSystem exports them (10.12), libc++ waits by them. */
int __ulock_wait(uint32_t operation, void *cell, uint64_t value, uint32_t microseconds);
int __ulock_wake(uint32_t operation, void *cell, uint64_t value);
enum { UL_COMPARE_AND_WAIT_ = 1,
       ULF_WAKE_ALL_ = 0x100,
       ULF_NO_ERRNO_ = 0x01000000 };

uint32_t wire_open_flags(long flags);
uint32_t wire_at_flags(long flags);
/* A host's result in Darwin's errno; an error that has no name here is EIO. */
long native_result(long result);

static inline void block_signals(uint64_t *before) {
  sigset_t all = ~(sigset_t)0, was;
  pthread_sigmask(SIG_SETMASK, &all, &was);
  *before = was;
}
static inline void restore_signals(const uint64_t *before) {
  sigset_t was = (sigset_t)*before;
  pthread_sigmask(SIG_SETMASK, &was, NULL);
}

static inline long wait_on(const volatile uint32_t *cell, uint32_t seen, const struct timespec *limit) {
  uint64_t micro = limit ? (uint64_t)limit->tv_sec * 1000000 + (uint64_t)limit->tv_nsec / 1000 : 0;
  if (limit && !micro) return -ETIMEDOUT; /* 0 would mean for ever */
  return __ulock_wait(UL_COMPARE_AND_WAIT_ | ULF_NO_ERRNO_, (void *)(uintptr_t)cell, seen, (uint32_t)micro);
}
static inline void wake(const volatile uint32_t *cell, int waiters) {
  __ulock_wake(UL_COMPARE_AND_WAIT_ | ULF_NO_ERRNO_ | (waiters > 1 ? ULF_WAKE_ALL_ : 0), (void *)(uintptr_t)cell, 0);
}

static inline void *map_pages(size_t size) {
  void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
  return at == MAP_FAILED ? NULL : at;
}
static inline void unmap_pages(void *at, size_t size) { munmap(at, size); }

/* Overlays are Linux's so far: no descriptor comes with a reply. */
static inline long receive_passing(int fd, void *to, size_t n, int *passed) {
  (void)passed;
  return sys(SYS_recvfrom, fd, to, n, 0, 0, 0);
}

/* From now on a wait on this socket ends after a second with -EAGAIN. */
static inline void limit_waits(int fd) {
  const struct timeval second = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
}

/* There are no abstract names. */
static inline bool peer_is(int fd, uint32_t uid) { return (void)fd, (void)uid, false; }

static inline struct rlimit widen_descriptors(uint64_t more) {
  struct rlimit now = {0}, wide;
  getrlimit(RLIMIT_NOFILE, &now);
  wide = now;
  wide.rlim_cur = now.rlim_cur + more < now.rlim_max ? now.rlim_cur + more : now.rlim_max;
  setrlimit(RLIMIT_NOFILE, &wide);
  return now;
}
static inline void restore_descriptors(const struct rlimit *limit) { setrlimit(RLIMIT_NOFILE, limit); }

/* There is no page that a fork wipes (minherit cannot), but every fork runs the atfork handlers. */
volatile uint32_t *fork_page(void);

/* Whether a debugger may come is decided by signature and entitlements, not by us. */
static inline void allow_tracer(int pid) { (void)pid; }

/* Nothing to patch: dyld has done it. Returns how many names are interposed. */
int patch_call_sites(bool running);
/* dlsym returns the function that dyld would bind, which must be ours. */
void canary_call(void);
void find_system_functions(void);
char **process_environment(void);
