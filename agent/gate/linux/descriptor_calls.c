/* dup, fcntl and close_range: numbers that come and go. */
#define _GNU_SOURCE
#include <limits.h>
#include "../calls.h"
#include "../connection.h"
#include "../descriptor.h"
#include "../fd_index.h"
#include "../os.h"
#include "../real.h"
#include "calls.h"
#include "numbers.h"

/* `to` is a new number of `from`'s, or an error. Returns the call's result. */
static long note_duplicate(int from, long to) {
  if (to >= 0 && fd_kind(from) != FD_FOREIGN && !fd_admits(to)) {
    /* A virtual file under a number that cannot be remembered would be taken for a real one. */
    sys(SYS_close, to);
    return -EMFILE;
  }
  if (to >= 0 && real.darwin_standin_fd_duplicated) real.darwin_standin_fd_duplicated(from, (int)to);
  if (to >= 0 && (fd_kind(from) != FD_FOREIGN || fd_kind(to) != FD_FOREIGN)) fd_duplicated(from, (int)to);
  return to;
}

long duplicate(long nr, struct arguments *a) {
  if (!real.darwin_standin_fd_duplicated && fd_kind(a->a1) == FD_FOREIGN) return NOT_OURS;
  return note_duplicate((int)a->a1, native_call(nr, a));
}

/* dup2 and dup3 close the target first. */
long duplicate_onto(long nr, struct arguments *a) {
  int from = (int)a->a1, to = (int)a->a2;
  if (from == to) return NOT_OURS;
  if (is_protected_fd(to)) connection_move(to);
  if (is_protected_fd(to)) return -EBUSY;
  if (!real.darwin_standin_fd_closing && fd_kind(from) == FD_FOREIGN && fd_kind(to) == FD_FOREIGN) return NOT_OURS;
  if (sys(SYS_fcntl, from, F_GETFD) < 0) return -EBADF;
  if (real.darwin_standin_fd_closing) real.darwin_standin_fd_closing(to);
  if (fd_kind(to) != FD_FOREIGN) fd_closing(to);
  long result = native_call(nr, a);
  return note_duplicate(from, result);
}

long close_some(unsigned first, unsigned last, unsigned flags) {
  if (first > last) return NOT_OURS;
  if (!(flags & CLOSE_RANGE_CLOEXEC))
    for (unsigned fd = first; fd <= last && fd < MAX_FDS; fd++)
      if (fd_kind(fd) != FD_FOREIGN) {
        if (real.darwin_standin_fd_closing) real.darwin_standin_fd_closing((int)fd);
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
  return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC ? duplicate(SYS_fcntl, a) : NOT_OURS;
}
