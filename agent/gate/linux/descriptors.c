/* Our open descriptors, from /proc. */
#define _GNU_SOURCE
#include "../fd_index.h"
#include "../os.h"
#include "../scratch.h"
#include "../text.h"

struct linux_dirent {
  uint64_t ino, off;
  uint16_t length;
  uint8_t type;
  char name[];
};

size_t descriptor_path(int fd, char *out, size_t size) {
  char name[40] = "/proc/self/fd/";
  text_number(name + 14, (uint64_t)fd);
  long n = sys(SYS_readlinkat, AT_FDCWD, name, out, size);
  return n > 0 && out[0] == '/' ? (size_t)n : 0;
}

void each_descriptor(void (*visit)(int fd, const char *path, size_t length)) {
  char entries[1024] __attribute__((aligned(8)));
  struct scratch *room = scratch_take();
  long list = room ? sys(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -ENOMEM;
  if (list < 0) {
    if (room) scratch_give(room);
    return;
  }
  long n;
  while ((n = sys(SYS_getdents64, list, entries, sizeof entries)) > 0) {
    for (long at = 0; at < n;) {
      struct linux_dirent *d = (void *)(entries + at);
      at += d->length;
      const char *digits = d->name;
      uint64_t fd;
      if (!text_parse(&digits, &fd) || (long)fd == list || fd >= MAX_FDS) continue;
      size_t length = descriptor_path((int)fd, room->path, sizeof room->path - 1);
      room->path[length] = 0;
      if (length) visit((int)fd, room->path, length);
    }
  }
  sys(SYS_close, list);
  scratch_give(room);
}
