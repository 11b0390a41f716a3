/*
 * Room for whole paths, off the stack: a handler may run on 8 KiB of it.
 *
 * A few areas, each taken by a compare-and-swap, so that threads, nested signal handlers and fork children need no
 * lock. An area is lost when its user leaves by siglongjmp, cancellation or fork; when all are, one is mapped
 * for the call.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "os.h"
#include "scratch.h"

enum { AREAS = 16 };
static struct scratch areas[AREAS];
static volatile uint8_t taken[AREAS];

struct scratch *scratch_take(void) {
  for (int i = 0; i < AREAS; i++)
    if (!__atomic_exchange_n(&taken[i], 1, __ATOMIC_ACQUIRE)) return &areas[i];
#if defined(__linux__)
  long at = sys(SYS_mmap, 0, sizeof(struct scratch), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at < 0 && at > -4096 ? NULL : (struct scratch *)at;
#else
  return NULL;
#endif
}

void scratch_give(struct scratch *s) {
  if (s >= areas && s < areas + AREAS) __atomic_store_n(&taken[s - areas], 0, __ATOMIC_RELEASE);
#if defined(__linux__)
  else if (s) sys(SYS_munmap, s, sizeof *s);
#endif
}
