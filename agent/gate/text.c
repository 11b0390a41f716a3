/* Memory and text without libc: its versions use vector registers, and may themselves be hooked. */
#include "text.h"

/* The compiler emits calls to these by name; hidden, so that they never leave this library. */
__attribute__((visibility("hidden"))) void *memcpy(void *to, const void *from, size_t n) {
  bytes_copy(to, from, n);
  return to;
}
__attribute__((visibility("hidden"))) void *memset(void *to, int value, size_t n) {
#if defined(__x86_64__)
  void *at = to;
  __asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(value) : "memory");
#else
  volatile unsigned char *p = to;
  while (n--) *p++ = (unsigned char)value;
#endif
  return to;
}
__attribute__((visibility("hidden"))) void *memmove(void *to, const void *from, size_t n) {
  volatile unsigned char *t = to;
  const unsigned char *f = from;
  if (t <= f) {
    while (n--) *t++ = *f++;
  } else {
    while (n--) t[n] = f[n];
  }
  return to;
}
__attribute__((visibility("hidden"))) int memcmp(const void *a, const void *b, size_t n) {
  const volatile unsigned char *x = a, *y = b;
  for (; n--; x++, y++)
    if (*x != *y) return *x - *y;
  return 0;
}

void bytes_copy(void *to, const void *from, size_t n) {
#if defined(__x86_64__)
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
#else
  volatile unsigned char *t = to;
  const unsigned char *f = from;
  while (n--) *t++ = *f++;
#endif
}

void bytes_zero(void *to, size_t n) { memset(to, 0, n); }

size_t text_length(const char *s) {
  const char *at = s;
  while (*(const volatile char *)at) at++;
  return (size_t)(at - s);
}

bool text_equal(const char *a, const char *b, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (a[i] != b[i]) return false;
  return true;
}

char *text_number(char *out, uint64_t value) {
  char digits[20];
  int n = 0;
  do digits[n++] = (char)('0' + value % 10);
  while (value /= 10);
  while (n) *out++ = digits[--n];
  *out = 0;
  return out;
}

bool text_parse(const char **at, uint64_t *out) {
  const char *p = *at;
  uint64_t value = 0;
  if (*p < '0' || *p > '9') return false;
  while (*p >= '0' && *p <= '9') value = value * 10 + (uint64_t)(*p++ - '0');
  *at = p;
  *out = value;
  return true;
}

bool text_same(const char *a, const char *b) {
  size_t n = text_length(b);
  return text_length(a) == n && text_equal(a, b, n);
}
