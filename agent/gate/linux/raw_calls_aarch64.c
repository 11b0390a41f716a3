/* Finds `svc #0` with the number of its call: the last instruction before it that sets x8. */
#if defined(__aarch64__)
#define _GNU_SOURCE
#include "../calls.h"
#include "../os.h"
#include "patch.h"
#include "raw_calls.h"

enum { LOOK_BACK = 16,
       SVC = 0xd4000001 };

static bool is_raw_call(const uint32_t *text, const uint32_t *call) {
  for (const uint32_t *p = call - 1; p >= text && p + LOOK_BACK > call; p--) {
    if ((*p & 0x7fe0001f) == 0x52800008) return shimfs_handles((long)(*p >> 5 & 0xffff)); /* movz w8|x8, #N */
    if ((*p & 0x7fe0ffff) == 0x2a0003e8) return true; /* mov w8|x8, a register */
  }
  return false;
}

int raw_sites(const struct text_range *text, struct site_mark *out, int capacity) {
  const uint32_t *first = (const uint32_t *)(const void *)text->start;
  int found = 0;
  for (const uint32_t *p = first; p < first + text->size / 4 && found < capacity; p++)
    if (*p == SVC && is_raw_call(first, p)) out[found++] = (struct site_mark){(uint32_t)(p - first) * 4, 4, 0};
  return found;
}
#endif
