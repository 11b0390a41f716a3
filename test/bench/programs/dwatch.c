/*
 * dwatch DIR: watches a directory by inotify, and prints the time of each return of its read.
 *
 *   < NS                    duration of the watch call
 *   < RECORD                time (ns), number of returns so far, mask of the first event
 */
#include "bench.h"
#include <sys/inotify.h>

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  int in = must(inotify_init1(IN_CLOEXEC), "inotify_init1");
  uint64_t start = now();
  must(inotify_add_watch(in, argv[1], IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_ATTRIB), "inotify_add_watch");
  dprintf(1, "%llu\n", (unsigned long long)(now() - start));
  for (uint64_t n = 1;; n++) {
    char events[4096] __attribute__((aligned(8)));
    struct {
      uint64_t when, count, mask;
    } record = {.count = n};
    if (read(in, events, sizeof events) <= 0) return 1;
    record.when = now();
    record.mask = ((struct inotify_event *)(void *)events)->mask;
    if (write(1, &record, sizeof record) != sizeof record) return 1;
  }
}
