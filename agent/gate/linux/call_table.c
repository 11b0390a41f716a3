/* The rows of Linux's system calls by number. */
#define _GNU_SOURCE
#include "../calls.h"
#include "../os.h"
#include "../session.h"
#include "call_table.h"
#include "numbers.h"

#define ROW(name, dir, path, dir2, path2, fd, follow, flags, unfollowed, bits, handler) \
  CALL_SHAPE(SYS_##name, dir, path, dir2, path2, fd, follow, flags, unfollowed, bits),
const struct call call_rows[] = {
#ifdef SYS_open
    LEGACY_CALLS(ROW)
#endif
        GENERAL_CALLS(ROW)};
enum { ROWS = sizeof call_rows / sizeof call_rows[0] };
_Static_assert(ROWS < 255, "an index fits in a byte");
uint8_t call_row_of[CALL_NUMBERS];

void shimfs_prepare_calls(void) {
  for (int i = 0; i < ROWS; i++)
    if (session.overlays || !(call_rows[i].bits & CALL_OF_OVERLAYS)) call_row_of[call_rows[i].nr] = (uint8_t)(i + 1);
}

int shimfs_handles(long nr) { return call_of(nr) != NULL; }
