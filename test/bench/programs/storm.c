/*
 * storm DIR WRITES: writes alternately to two files while it watches their directory and does not read; then reads.
 *
 *   < NS HEARD OVERFLOWS AFTER     duration of the writes; events without overflows; overflows; events of one more write
 */
#include "bench.h"
#include <sys/inotify.h>

static long heard, overflows;

static void drain(int in) {
  static char events[65536] __attribute__((aligned(8)));
  long n;
  while ((n = read(in, events, sizeof events)) > 0)
    for (char *at = events; at < events + n;) {
      struct inotify_event *e = (void *)at;
      if (e->mask & IN_Q_OVERFLOW) overflows++;
      else heard++;
      at += sizeof *e + e->len;
    }
  if (errno != EAGAIN) die("read");
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  must(chdir(argv[1]), argv[1]);
  int fds[2] = {must(open("a", O_WRONLY | O_CREAT, 0644), "a"), must(open("b", O_WRONLY | O_CREAT, 0644), "b")};
  int in = must(inotify_init1(IN_CLOEXEC | IN_NONBLOCK), "inotify_init1");
  must(inotify_add_watch(in, ".", IN_MODIFY), "inotify_add_watch");
  uint64_t began = now();
  for (long i = 0; i < atol(argv[2]); i++) must(pwrite(fds[i & 1], "x", 1, 0), "pwrite");
  uint64_t ended = now();
  drain(in);
  long before = heard, lost = overflows;
  must(pwrite(fds[0], "y", 1, 0), "pwrite");
  drain(in);
  dprintf(1, "%llu %ld %ld %ld\n", (unsigned long long)(ended - began), before, lost, heard - before);
}
