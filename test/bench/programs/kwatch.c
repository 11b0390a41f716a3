/*
 * kwatch FILE...: waits in kevent for changes of files and prints the time of each return.
 *
 * First a line for each file: duration of its EV_ADD in ns. Then, for each return of kevent, a record of 24 bytes: time (ns,
 * u64), number of returns so far (u64), and the first 8 bytes of the first file (u64).
 * With SLOW=MICROSECONDS it works that long on each event.
 */
#include "bench.h"
#include <sys/event.h>

int main(int argc, char **argv) {
  int kq = kqueue(), first = -1;
  long slow = getenv("SLOW") ? atol(getenv("SLOW")) : 0;
  if (kq < 0) die("kqueue");
  for (int i = 1; i < argc; i++) {
    struct kevent change;
    int fd = must(open(argv[i], O_RDONLY), argv[i]);
    if (first < 0) first = fd;
    EV_SET(&change, fd, EVFILT_VNODE, EV_ADD | EV_CLEAR, NOTE_WRITE | NOTE_EXTEND | NOTE_ATTRIB | NOTE_DELETE, 0, NULL);
    uint64_t start = now();
    must(kevent(kq, &change, 1, NULL, 0, NULL), "EV_ADD");
    dprintf(1, "%llu\n", (unsigned long long)(now() - start));
  }
  for (uint64_t n = 1;; n++) {
    struct kevent event;
    struct {
      uint64_t when, count, content;
    } record = {.count = n};
    must(kevent(kq, NULL, 0, &event, 1, NULL), "kevent");
    record.when = now();
    if (event.fflags & NOTE_DELETE) return 0;
    if (slow) usleep((useconds_t)slow);
    if (pread(first, &record.content, 8, 0) < 0) die("pread");
    if (write(1, &record, sizeof record) != sizeof record) return 1;
  }
}
