/* Calls made as the program asked for them: inside an interposing image, libSystem's names are the originals. */
#include <stdio.h>
#include <sys/attr.h>
#include <sys/clonefile.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../calls.h"
#include "../sys.h"
#include "call_table.h"
#include "native.h"

#define CASE(name, expression) \
  case CALL_##name: return expression;

static long native_value(long nr, const struct arguments *a) {
  switch ((enum call_number)nr) {
    DARWIN_NATIVE_CALLS(CASE)
    case CALL_COUNT: break;
  }
  errno = ENOSYS;
  return -1;
}

long native_call(long nr, const struct arguments *a) { return native_answer(native_value(nr, a)); }

/* Asked for overlays alone, which are Linux's so far. */
long native_unfollowed(const struct call *c, const struct arguments *a) { return (void)c, (void)a, NOT_OURS; }
