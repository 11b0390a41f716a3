/* The real FIFO that a virtual one stands for, at the inode's object path. */
#define _GNU_SOURCE
#include "../os.h"
#include "../process.h"
#include "../real.h"
#include "fifo.h"

long open_fifo(const char *real, long flags) {
  long made = sys(SYS_mknodat, AT_FDCWD, real, S_IFIFO | 0700, 0);
  if (made < 0 && made != -EEXIST) return made;
  /* Who may open it was decided by the virtual one's mode. */
  if (made == 0 && process_umask & 0700) sys(SYS_fchmodat, AT_FDCWD, real, 0700);
  return sys(SYS_openat, AT_FDCWD, real, flags);
}
