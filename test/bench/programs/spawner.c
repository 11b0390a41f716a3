/*
 * spawner MARK: starts the program MARK on command.
 *
 *   > spawn N              posix_spawn of N children, sequentially
 *   > fork N               the same by fork and exec
 *   > env NAME=VALUE       adds to the children's environment (no answer); `env NAME` removes it
 *   < E T                  ns: from exec (posix_spawn: from the call) to main, and to the end of the wait; means of N
 */
#include "bench.h"
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

static uint64_t take(int fd) {
  uint64_t value;
  if (read(fd, &value, sizeof value) != sizeof value) die("a child said nothing");
  return value;
}

int main(int argc, char **argv) {
  char line[1024];
  int ends[2];
  if (argc < 2) return 2;
  must(pipe(ends), "pipe");
  char number[16];
  snprintf(number, sizeof number, "%d", ends[1]);
  char *child[] = {argv[1], number, NULL};
  dprintf(1, "0\n");
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    char *rest = strchr(line, ' ');
    if (rest) *rest++ = 0;
    if (!strcmp(line, "env")) {
      char *value = strchr(rest, '=');
      if (value) *value++ = 0;
      if (value) setenv(rest, value, 1);
      else unsetenv(rest);
      continue;
    }
    int by_fork = !strcmp(line, "fork"), n = atoi(rest);
    uint64_t starting = 0, all = now();
    for (int i = 0; i < n; i++) {
      uint64_t began = now();
      pid_t pid;
      if (by_fork) {
        if ((pid = fork()) == 0) {
          began = now();
          if (write(ends[1], &began, sizeof began) != sizeof began) _exit(1);
          execv(child[0], child);
          _exit(127);
        }
        must(pid, "fork");
        began = take(ends[0]);
      } else if ((errno = posix_spawn(&pid, child[0], NULL, NULL, child, environ))) {
        die("posix_spawn");
      }
      starting += take(ends[0]) - began;
      int status;
      waitpid(pid, &status, 0);
      if (status) die("a child failed");
    }
    dprintf(1, "%llu %llu\n", (unsigned long long)starting / n, (unsigned long long)(now() - all) / n);
  }
}
