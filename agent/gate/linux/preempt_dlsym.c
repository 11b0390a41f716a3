/*
 * dlsym, for clients that load a framework and ask it for FSEvents by name: the library's own function would go past
 * us. Every other name goes on by a jump, so that RTLD_NEXT and RTLD_DEFAULT mean what they mean to the caller.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include "../fsevents/fsevents.h"
#include "../gate.h"

typedef void *(*symbol_finder)(void *, const char *);
static symbol_finder real_dlsym;

static symbol_finder find_real(void) {
  static const char *const versions[] = {"GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5"};
  for (unsigned i = 0; !real_dlsym && i < sizeof versions / sizeof versions[0]; i++)
    real_dlsym = (symbol_finder)(uintptr_t)dlvsym(RTLD_NEXT, "dlsym", versions[i]);
  return real_dlsym;
}

void *system_symbol(void *handle, const char *name) {
  symbol_finder find = find_real();
  void *found = find ? find(handle, name) : NULL;
  Dl_info own, its;
  bool ours = found && dladdr((void *)(uintptr_t)&system_symbol, &own) && dladdr(found, &its) && own.dli_fbase == its.dli_fbase;
  return ours ? NULL : found;
}

static void *caught(symbol_finder find, void *handle, const char *name) {
  void *found = find(handle, name), *replacement = fsevents_replacement(name);
  if (!found || !replacement || found == replacement) return found;
  fsevents_set_real(name, found);
  return replacement;
}

__attribute__((visibility("default"))) void *dlsym(void *handle, const char *name) {
  symbol_finder find = real_dlsym ? real_dlsym : find_real();
  if (session.active && handle != RTLD_NEXT && name[0] == 'F' && name[1] == 'S' && name[2] == 'E' && name[3] == 'v')
    return caught(find, handle, name);
  return find(handle, name);
}
