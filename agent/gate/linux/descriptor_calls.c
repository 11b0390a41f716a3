/* dup, fcntl and close_range: numbers that come and go. */
#define _GNU_SOURCE
#include <limits.h>
#include "../gate.h"
#include "../kqueue.h"
#include "../sys.h"
#include "calls.h"

long note_duplicate(int from, long to) {
  if (to >= 0 && fd_kind(from) != FD_FOREIGN && !fd_admits(to)) {
    /* A virtual file under a number that cannot be remembered would be taken for a real one. */
    sys(SYS_close, to);
    return -EMFILE;
  }
  if (to >= 0 && real.fd_duplicated) real.fd_duplicated(from, (int)to);
  if (to >= 0 && (fd_kind(from) != FD_FOREIGN || fd_kind(to) != FD_FOREIGN)) fd_duplicated(from, (int)to);
  return to;
}

/* dup2 and dup3 close what stood at the target. */
long duplicate_onto(long nr, struct arguments *a) {
  int from = (int)a->a1, to = (int)a->a2;
  if (from == to) return NOT_OURS;
  if (is_protected_fd(to)) link_move_away(to);
  if (is_protected_fd(to)) return -EBUSY;
  if (!real.fd_closing && fd_kind(from) == FD_FOREIGN && fd_kind(to) == FD_FOREIGN) return NOT_OURS;
  if (sys(SYS_fcntl, from, F_GETFD) < 0) return -EBADF;
  if (real.fd_closing) real.fd_closing(to);
  if (fd_kind(to) != FD_FOREIGN) fd_closing(to);
  long result = native_call(nr, a);
  return note_duplicate(from, result);
}

long close_some(unsigned first, unsigned last, unsigned flags) {
  if (first > last) return NOT_OURS;
  if (!(flags & CLOSE_RANGE_CLOEXEC))
    for (unsigned fd = first; fd <= last && fd < MAX_FDS; fd++)
      if (fd_kind(fd) != FD_FOREIGN) {
        if (real.fd_closing) real.fd_closing((int)fd);
        fd_closing((int)fd);
      }
  /* Around each of ours that lies in the range. */
  for (unsigned from = first;;) {
    unsigned ours = next_protected_fd(from);
    if (ours > last) return sys(SYS_close_range, from, last, flags);
    long result = ours > from ? sys(SYS_close_range, from, ours - 1, flags) : 0;
    if (result < 0 || ours == last) return result;
    from = ours + 1;
  }
}

long control_descriptor(struct arguments *a) {
  int cmd = (int)a->a2;
  if (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC) {
    if (!real.fd_duplicated && fd_kind(a->a1) == FD_FOREIGN) return NOT_OURS;
    return note_duplicate((int)a->a1, native_call(SYS_fcntl, a));
  }
  return NOT_OURS;
}
