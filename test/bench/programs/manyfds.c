/*
 * manyfds DIRECTORY N: watches DIRECTORY/0 to N-1 on one kqueue.
 *
 *   < OPENED ADDED         ns: all opens; the EV_ADDs after the first, in one list
 *   > collect N            waits for events of N different files
 *   < NANOSECONDS CALLS EVENTS
 */
#include "bench.h"
#include <sys/event.h>
#include <sys/resource.h>

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int n = atoi(argv[2]), kq = kqueue();
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  struct kevent *list = calloc((size_t)n, sizeof *list);
  char *heard = calloc((size_t)n, 1), path[4200];
  uint64_t start = now();
  for (int i = 0; i < n; i++) {
    snprintf(path, sizeof path, "%s/%d", argv[1], i);
    int fd = must(open(path, O_EVTONLY), path);
    EV_SET(&list[i], fd, EVFILT_VNODE, EV_ADD | EV_CLEAR, NOTE_WRITE | NOTE_ATTRIB, 0, (void *)(intptr_t)i);
  }
  uint64_t opened = now() - start;
  must(kevent(kq, list, 1, NULL, 0, NULL), "first EV_ADD");
  start = now();
  must(kevent(kq, list + 1, n - 1, NULL, 0, NULL), "EV_ADD of the rest");
  dprintf(1, "%llu %llu\n", (unsigned long long)opened, (unsigned long long)(now() - start));
  char word[64];
  long wanted;
  while (command(word, &wanted)) {
    long different = 0, calls = 0, events = 0;
    memset(heard, 0, (size_t)n);
    start = now();
    while (different < wanted) {
      struct timespec patience = {10, 0};
      struct kevent got[64];
      int count = must(kevent(kq, NULL, 0, got, 64, &patience), "kevent");
      if (count == 0) break;
      calls++;
      events += count;
      for (int i = 0; i < count; i++) {
        char *h = &heard[(intptr_t)got[i].udata];
        if (!*h) different++;
        *h = 1;
      }
    }
    if (different < wanted) {
      fprintf(stderr, "only %ld of %ld files were heard of\n", different, wanted);
      return 1;
    }
    dprintf(1, "%llu %ld %ld\n", (unsigned long long)(now() - start), calls, events);
  }
}
