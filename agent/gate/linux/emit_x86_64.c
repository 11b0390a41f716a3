/* Writes instructions. */
#if defined(__x86_64__)
#include "../text.h"
#include "patch_x86_64.h"

uint8_t *emit_bytes(uint8_t *at, const void *bytes, size_t n) {
  bytes_copy(at, bytes, n);
  return at + n;
}

uint8_t *emit_number(uint8_t *at, int64_t value) {
  int32_t v = (int32_t)value;
  return emit_bytes(at, &v, 4);
}

uint8_t *emit_jump(uint8_t *at, const uint8_t *target) {
  at = emit_bytes(at, "\xe9", 1);
  return emit_number(at, target - (at + 4));
}
#endif
