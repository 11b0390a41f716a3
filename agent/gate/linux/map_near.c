/* Room for trampolines: memory that a branch from a text can reach. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "../os.h"
#include "patch.h"

uint8_t *map_near(const uint8_t *near, size_t size, size_t reach) {
  const uintptr_t step = 1 << 20;
  uintptr_t base = (uintptr_t)near & ~(step - 1);
  for (uintptr_t distance = step; distance + size < reach; distance += step) {
    for (int side = 0; side < 2; side++) {
      uintptr_t hint = side ? base + distance : base - distance;
      long at = sys(SYS_mmap, hint, size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
      if (at == (long)hint) return (uint8_t *)at;
      if (at > 0) sys(SYS_munmap, at, size); /* a kernel that does not know NOREPLACE */
    }
  }
  return NULL;
}
