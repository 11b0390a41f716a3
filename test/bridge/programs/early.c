/* A library that watches before main: $EARLY names the file. Prints the event of its own change. */
#include <sys/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../fixtures/programs/lines.h"

__attribute__((constructor)) static void early(void) {
  const char *path = getenv("EARLY");
  struct kevent change, event;
  struct timespec soon = {10, 0};
  if (!path) return;
  int kq = kqueue(), fd = open(path, O_EVTONLY | O_CLOEXEC);
  if (kq < 0 || fd < 0) fail("open");
  EV_SET(&change, (uintptr_t)fd, EVFILT_VNODE, EV_ADD | EV_CLEAR, 0x7f, 0, NULL);
  if (kevent(kq, &change, 1, NULL, 0, NULL) < 0) fail("kevent");
  chmod(path, 0600);
  if (kevent(kq, NULL, 0, &event, 1, &soon) != 1) fail("wait");
  print_line("early fflags=0x%x", event.fflags);
  close(fd);
  close(kq);
}
