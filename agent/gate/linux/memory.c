/*
 * Is this memory the program's to read or write? The kernel answers EFAULT where we would die of it.
 *
 * A page is asked for once, by a system call that does nothing but touch it, and remembered until the program
 * changes its address space.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/random.h>
#include "../memory.h"
#include "../os.h"
#include "calls.h"

enum { PAGE = 4096,
       REMEMBERED = 1024 };
/* Page number and, in the lower half, the state of the address space it was seen in. */
static uint64_t good_to_read[REMEMBERED], good_to_write[REMEMBERED];
static uint32_t state = 1;

static inline uint64_t mark_of(uintptr_t page) { return (uint64_t)page << 28 | (state & 0xfffffff); }

static inline bool remembered(const uint64_t *pages, uintptr_t page) {
  return __atomic_load_n(&pages[page % REMEMBERED], __ATOMIC_RELAXED) == mark_of(page);
}

static void remember(uint64_t *pages, uintptr_t page, uint64_t mark) {
  __atomic_store_n(&pages[page % REMEMBERED], mark, __ATOMIC_RELAXED);
}

void memory_changed(void) { __atomic_add_fetch(&state, 1, __ATOMIC_RELAXED); }

__attribute__((noinline)) static bool probe_readable(uintptr_t page) {
  uint64_t mark = mark_of(page);
  if (!plausible((void *)(page * PAGE))) return false;
  /* The set is read before `how` is found to be nonsense. */
  if (sys(SYS_rt_sigprocmask, ~0, page * PAGE, 0, 8) == -EFAULT) return false;
  remember(good_to_read, page, mark);
  return true;
}

static inline bool page_readable(uintptr_t page) { return remembered(good_to_read, page) || probe_readable(page); }

bool readable_byte(const void *p) { return page_readable((uintptr_t)p / PAGE); }

/* The bytes are about to be overwritten, so that they are touched does no harm. */
static bool page_writable(uintptr_t page, uintptr_t from, size_t n) {
  uint64_t mark = mark_of(page);
  if (remembered(good_to_write, page)) return true;
  if (!plausible((void *)from)) return false;
  long touched = n >= 8 ? sys(SYS_rt_sigprocmask, SIG_BLOCK, 0, from, 8) : sys(SYS_getrandom, from, n, GRND_NONBLOCK | 4 /* GRND_INSECURE */);
  if (touched == -EFAULT) return false;
  remember(good_to_write, page, mark);
  return true;
}

bool readable(const void *p, size_t n) {
  uintptr_t at = (uintptr_t)p;
  if (n && at + n - 1 < at) return false;
  for (uintptr_t page = at / PAGE; n && page <= (at + n - 1) / PAGE; page++)
    if (!page_readable(page)) return false;
  return true;
}

bool writable(void *p, size_t n) {
  uintptr_t at = (uintptr_t)p, end = at + n;
  if (end < at) return false;
  while (at < end) {
    uintptr_t page = at / PAGE, next = (page + 1) * PAGE;
    if (!page_writable(page, at, (next < end ? next : end) - at)) return false;
    at = next;
  }
  return true;
}

long readable_text(const char *s, size_t limit) {
  size_t n = 0;
  while (n < limit) {
    uintptr_t at = (uintptr_t)(s + n);
    if ((n == 0 || at % PAGE == 0) && !page_readable(at / PAGE)) return -EFAULT;
    uint64_t word;
    if (at % PAGE <= PAGE - sizeof word && n + sizeof word <= limit) {
      __builtin_memcpy(&word, s + n, sizeof word);
      bool ends = (word - 0x0101010101010101ull) & ~word & 0x8080808080808080ull;
      if (!ends) {
        n += sizeof word;
        continue;
      }
    }
    if (!s[n]) return (long)n;
    n++;
  }
  return (long)limit;
}
