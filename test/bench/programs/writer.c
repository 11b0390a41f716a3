/*
 * writer FILE: writes its count to the start of the file on command.
 *
 *   > w
 *   < BEGAN ENDED          ns, around the write
 */
#include "bench.h"

int main(int argc, char **argv) {
  char word[64];
  long ignored;
  if (argc < 2) return 2;
  int fd = must(open(argv[1], O_WRONLY), argv[1]);
  dprintf(1, "0\n");
  for (uint64_t n = 1; command(word, &ignored); n++) {
    uint64_t began = now();
    must(pwrite(fd, &n, sizeof n, 0) == sizeof n ? 0 : -1, "pwrite");
    uint64_t ended = now();
    dprintf(1, "%llu %llu\n", (unsigned long long)began, (unsigned long long)ended);
  }
}
