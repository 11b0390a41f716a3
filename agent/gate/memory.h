/* The program's memory: addresses for which the kernel would answer EFAULT (linux/memory.c). */
#pragma once
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "text.h"

#if defined(__linux__)
bool readable(const void *p, size_t n);
bool readable_byte(const void *p);
/* May overwrite the first bytes. */
bool writable(void *p, size_t n);
/* The text's length, `limit` when it is longer, or -EFAULT. */
long readable_text(const char *s, size_t limit);
#endif

/* Addresses the kernel would answer EFAULT for must not fault in us: the obvious ones go to the kernel. */
#if defined(__aarch64__) && defined(__linux__)
enum { ADDRESS_BITS = 52 }; /* 48, and up to 52 where the kernel is built so; the stack is near the top */
#else
enum { ADDRESS_BITS = 47 };
#endif
static inline bool plausible(const void *p) {
  return (uintptr_t)p >= 4096 && (uintptr_t)p < (uintptr_t)1 << ADDRESS_BITS;
}
#if !defined(__linux__)
static inline bool readable_byte(const void *p) { return plausible(p); }
static inline bool readable(const void *p, size_t n) { return !n || plausible(p); }
static inline bool writable(void *p, size_t n) { return !n || plausible(p); }
static inline long readable_text(const char *s, size_t limit) {
  size_t n = plausible(s) ? text_length(s) : 0;
  return !plausible(s) ? -EFAULT : n < limit ? (long)n
                                             : (long)limit;
}
#endif
