/* The system's own functions by name: past the gate's, which a preloaded library's are found before. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include "../os.h"
#include "../real.h"
#include "functions.h"
#include "system_symbols.h"

static symbol_finder known;

symbol_finder system_dlsym(void) {
  static const char *const versions[] = {"GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5"};
  for (unsigned i = 0; !known && i < sizeof versions / sizeof versions[0]; i++)
    known = (symbol_finder)(uintptr_t)dlvsym(RTLD_NEXT, "dlsym", versions[i]);
  return known;
}

void *system_symbol(void *handle, const char *name) {
  symbol_finder find = system_dlsym();
  void *found = find ? find(handle, name) : NULL;
  Dl_info own, its;
  bool ours = found && dladdr((void *)(uintptr_t)&system_symbol, &own) && dladdr(found, &its) && own.dli_fbase == its.dli_fbase;
  return ours ? NULL : found;
}

struct search {
  const char *name;
  void *found;
};

static int look(struct dl_phdr_info *info, size_t size, void *data) {
  struct search *s = data;
  (void)size;
  void *library = info->dlpi_name && *info->dlpi_name ? dlopen(info->dlpi_name, RTLD_LAZY | RTLD_NOLOAD) : NULL;
  if (!library) return 0;
  s->found = system_symbol(library, s->name);
  dlclose(library);
  return s->found != NULL;
}

void *system_function(const char *name) {
  struct search s = {name, system_symbol(RTLD_NEXT, name)};
  if (!s.found) dl_iterate_phdr(look, &s);
  return s.found;
}
