/*
 * namer DIR: changes a directory, or the file `f` in it, on command.
 *
 *   > m | r | w | h         mkdir DIR/n, rmdir DIR/n, write to f by a descriptor, chmod f
 *   < BEGAN ENDED           ns, around the change
 */
#include "bench.h"
#include <sys/stat.h>

int main(int argc, char **argv) {
  char word[64];
  long ignored;
  if (argc < 2) return 2;
  must(chdir(argv[1]), argv[1]);
  int fd = must(open("f", O_WRONLY | O_CREAT, 0644), "f");
  dprintf(1, "0\n");
  while (command(word, &ignored)) {
    uint64_t began = now();
    if (*word == 'm') must(mkdir("n", 0755), "mkdir");
    if (*word == 'r') must(rmdir("n"), "rmdir");
    if (*word == 'w') must(pwrite(fd, &began, sizeof began, 0) == sizeof began ? 0 : -1, "pwrite");
    if (*word == 'h') must(chmod("f", 0644), "chmod");
    dprintf(1, "%llu %llu\n", (unsigned long long)began, (unsigned long long)now());
  }
}
