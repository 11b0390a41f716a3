/* iwatch FILE: as kwatch, by the kernel's inotify. */
#include "bench.h"
#include <sys/inotify.h>

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  int in = must(inotify_init1(IN_CLOEXEC), "inotify_init1");
  int file = must(open(argv[1], O_RDONLY), argv[1]);
  uint64_t start = now();
  must(inotify_add_watch(in, argv[1], IN_MODIFY | IN_DELETE_SELF), "inotify_add_watch");
  dprintf(1, "%llu\n", (unsigned long long)(now() - start));
  for (uint64_t n = 1;; n++) {
    char events[4096];
    struct {
      uint64_t when, count, content;
    } record = {.count = n};
    if (read(in, events, sizeof events) <= 0) return 1;
    record.when = now();
    if (pread(file, &record.content, 8, 0) < 0) die("pread");
    if (write(1, &record, sizeof record) != sizeof record) return 1;
  }
}
