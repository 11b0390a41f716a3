/* Our open descriptors, asked one by one: at a start they are few. */
#include <sys/param.h>
#include "../os.h"
#include "../process.h"
#include "../scratch.h"
#include "../text.h"

size_t descriptor_path(int fd, char *out, size_t size) {
  char path[MAXPATHLEN];
  if (sys(SYS_fcntl, fd, F_GETPATH, path) < 0) return 0;
  size_t n = text_length(path);
  if (n > size) return 0;
  bytes_copy(out, path, n);
  return n;
}

/* A file without a name has no path: inherited over exec it is foreign, and goes on reading and writing its object. */
void each_descriptor(void (*visit)(int fd, const char *path, size_t length)) {
  struct scratch *room = scratch_take();
  if (!room) gate_fail("the process's descriptors cannot be looked at: no memory");
  struct rlimit limit;
  long top = sys(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, &limit) == 0 && limit.rlim_cur < 4096 ? (long)limit.rlim_cur : 4096;
  for (int fd = 0; fd < top; fd++) {
    size_t n = descriptor_path(fd, room->path, sizeof room->path - 1);
    room->path[n] = 0;
    if (n) visit(fd, room->path, n);
  }
  scratch_give(room);
}
