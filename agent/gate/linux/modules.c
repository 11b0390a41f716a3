/* Where libc and the loader lie, and room for code beside them. */
#define _GNU_SOURCE
#include <link.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "../gate.h"
#include "../sys.h"
#include "patch.h"
#include "site.h"

struct search {
  struct text_range *out;
  int found, capacity;
};

static bool has_address(const struct dl_phdr_info *info, uintptr_t address) {
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[i];
    uintptr_t start = info->dlpi_addr + p->p_vaddr;
    if (p->p_type == PT_LOAD && address >= start && address < start + p->p_memsz) return true;
  }
  return false;
}

static int visit(struct dl_phdr_info *info, size_t size, void *data) {
  struct search *s = data;
  (void)size;
  /* Known by an address inside, not by name: a libc may be called anything. */
  bool wanted = has_address(info, (uintptr_t)&syscall) || has_address(info, (uintptr_t)&_r_debug) ||
                has_address(info, (uintptr_t)_r_debug.r_brk);
  if (!wanted) return 0;
  for (int i = 0; i < info->dlpi_phnum && s->found < s->capacity; i++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[i];
    if (p->p_type == PT_LOAD && (p->p_flags & PF_X)) {
      s->out[s->found].start = (uint8_t *)(info->dlpi_addr + p->p_vaddr);
      s->out[s->found].name = info->dlpi_name;
      s->out[s->found++].size = p->p_memsz;
    }
  }
  return 0;
}

int find_texts(struct text_range *out, int capacity) {
  struct search s = {out, 0, capacity};
  dl_iterate_phdr(visit, &s);
  return s.found < capacity ? s.found : -1;
}

bool find_loader_text(struct text_range *out) {
  struct text_range all[8];
  int n = find_texts(all, 8);
  uintptr_t inside = _r_debug.r_brk; /* a function of the loader's */
  for (int i = 0; i < n; i++)
    if (inside >= (uintptr_t)all[i].start && inside < (uintptr_t)all[i].start + all[i].size) return *out = all[i], true;
  return false;
}

uint8_t *map_pool(const uint8_t *near, size_t size, size_t reach) {
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

int patch_call_sites(bool running) {
  struct text_range texts[8];
  int n = find_texts(texts, 8), total = 0;
  if (n < 0) return -1;
  shimfs_prepare_calls();
  for (int i = 0; i < n; i++) {
    int count = patch_text(&texts[i], running);
    if (count < 0) return -1;
    total += count;
  }
  return total;
}
