/* A replaced function's way to the dispatcher and back. */
#include <errno.h>
#include "../calls.h"
#include "entry.h"

long darwin_call(enum call_number nr, struct arguments a) {
  int before = errno;
  long result = shimfs_dispatch(nr, &a);
  errno = result < 0 ? (int)-result : before;
  return result < 0 ? -1 : result;
}
