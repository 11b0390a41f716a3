/*
 * watchall DIR N: watches DIR/d0 … DIR/dN-1 and waits for the end of its input.
 *
 *   < NS                    duration of all watch calls
 */
#include "bench.h"
#include <sys/inotify.h>

int main(int argc, char **argv) {
  char word[64], name[32];
  long ignored;
  if (argc < 3) return 2;
  must(chdir(argv[1]), argv[1]);
  int in = must(inotify_init1(IN_CLOEXEC), "inotify_init1");
  uint64_t began = now();
  for (long i = 0; i < atol(argv[2]); i++) {
    snprintf(name, sizeof name, "d%ld", i);
    must(inotify_add_watch(in, name, IN_ALL_EVENTS), name);
  }
  dprintf(1, "%llu\n", (unsigned long long)(now() - began));
  while (command(word, &ignored)) continue;
}
