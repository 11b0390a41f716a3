/* Where libc and the loader lie, and room for code beside them. */
#define _GNU_SOURCE
#include <link.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "../os.h"
#include "patch.h"

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
