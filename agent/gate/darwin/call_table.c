/* The rows of the calls that the gate answers on macOS. A call's number is its place in the table. */
#include "../calls.h"
#include "call_table.h"

#define ROW(name, dir, path, dir2, path2, fd, follow, flags, unfollowed, bits, handler) \
  CALL_SHAPE(CALL_##name, dir, path, dir2, path2, fd, follow, flags, unfollowed, bits),
const struct call call_rows[CALL_COUNT] = {DARWIN_CALLS(ROW)};
