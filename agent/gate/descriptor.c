/* Descriptors of our own inside a foreign process: high up, and not to be closed by accident. */
#define _GNU_SOURCE
#include <sys/resource.h>
#include "descriptor.h"
#include "os.h"
#include "process.h"

enum { MAX_PROTECTED = 96 };
static volatile int protected_fds[MAX_PROTECTED];
static volatile int protected_count;
static volatile int protected_lowest = 0x7fffffff; /* of all that ever were: a close by number compares with it first */

bool is_protected_fd(int fd) {
  if (fd < protected_lowest) return false;
  for (int i = 0; i < protected_count; i++)
    if (protected_fds[i] == fd + 1) return true;
  return false;
}

/* Frida's, in this process only: a mass close steps over them; a close by number is the program's own doing. */
static int kept_fds[64], kept_count, kept_pid;

void keep_fd(int fd) {
  if (kept_pid != self_pid) kept_count = 0;
  kept_pid = self_pid;
  if (kept_count < 64) kept_fds[kept_count++] = fd;
}

unsigned next_protected_fd(unsigned from) {
  unsigned lowest = ~0u;
  for (int i = 0; kept_pid == (int)sys(SYS_getpid) && i < kept_count; i++)
    if ((unsigned)kept_fds[i] >= from && (unsigned)kept_fds[i] < lowest) lowest = (unsigned)kept_fds[i];
  for (int i = 0; i < protected_count; i++) {
    unsigned fd = (unsigned)protected_fds[i] - 1;
    if (protected_fds[i] && fd >= from && fd < lowest) lowest = fd;
  }
  return lowest;
}

void protect_fd(int fd, bool on) {
  if (fd < 0 || (on && is_protected_fd(fd))) return;
  for (int low = protected_lowest; on && fd < low;)
    if (__atomic_compare_exchange_n(&protected_lowest, &low, fd, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) break;
  for (int i = 0; i < MAX_PROTECTED; i++) {
    int wanted = on ? 0 : fd + 1;
    if (__atomic_compare_exchange_n(&protected_fds[i], &wanted, on ? fd + 1 : 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
      if (on && i >= protected_count) protected_count = i + 1;
      return;
    }
  }
}

/* Moves a descriptor near the soft limit (at most 1024); keeps its number where that fails. */
int raise_fd(int fd, bool close_on_exec) {
  struct rlimit limit;
  long top = sys(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &limit) == 0 && limit.rlim_cur < 1024 ? (long)limit.rlim_cur : 1024;
  long high = sys(SYS_fcntl, fd, close_on_exec ? F_DUPFD_CLOEXEC : F_DUPFD, top > 64 ? top - 64 : top / 2);
  if (high < 0) return fd;
  sys(SYS_close, fd);
  return (int)high;
}
