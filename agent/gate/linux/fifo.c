/* The real FIFO that a virtual one stands for, at the inode's object path. */
#define _GNU_SOURCE
#include "../os.h"
#include "../process.h"
#include "../real.h"
#include "fifo.h"

long open_fifo(const char *real, long flags) {
  long made = sys(SYS_mknodat, AT_FDCWD, real, S_IFIFO | 0666, 0);
  if (made < 0 && made != -EEXIST) return made;
  /* The mode of the virtual FIFO has decided the rights. */
  if (made == 0 && process_umask & 0666) sys(SYS_fchmodat, AT_FDCWD, real, 0666);
  return sys(SYS_openat, AT_FDCWD, real, flags);
}
