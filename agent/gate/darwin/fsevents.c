/*
 * FSEvents' functions on macOS: a tuple for each, as in interpose.c, but weak: a program that has not loaded the
 * framework is not made to. One that loads it later asks for them by dlsym, which is stood before as well.
 */
#include <dlfcn.h>
#include <string.h>
#include "../fsevents/fsevents.h"
#include "../gate.h"

/* Only their addresses are wanted; inside this image they are the originals. */
#define DECLARE(name, result, parameters)             \
  extern void name(void) __attribute__((weak_import)); \
  extern void shimfs_##name(void);
FSEVENTS_FUNCTIONS(DECLARE)

static bool is_ours(void *address) {
  Dl_info own, its;
  return address && dladdr((void *)(uintptr_t)&is_ours, &own) && dladdr(address, &its) && own.dli_fbase == its.dli_fbase;
}

void *system_symbol(void *handle, const char *name) {
#define ORIGINAL(function, result, parameters) \
  if (!strcmp(name, #function) && function) return (void *)(uintptr_t)&function;
  FSEVENTS_FUNCTIONS(ORIGINAL)
  void *found = dlsym(handle == RTLD_NEXT ? RTLD_DEFAULT : handle, name);
  return is_ours(found) ? NULL : found;
}

static void *caught(void *handle, const char *name) {
  void *found = dlsym(handle, name), *replacement = fsevents_replacement(name);
  if (!found || !replacement || is_ours(found)) return found;
  fsevents_set_real(name, found);
  return replacement;
}

/* A tail call for every other name: RTLD_NEXT and RTLD_SELF go by who calls. */
static void *my_dlsym(void *handle, const char *name) {
  if (session.active && handle != RTLD_NEXT && handle != RTLD_SELF && name && !strncmp(name, "FSEv", 4)) return caught(handle, name);
  __attribute__((musttail)) return dlsym(handle, name);
}

#define TUPLE(replacement, original) {(const void *)(uintptr_t)&replacement, (const void *)(uintptr_t)&original}
#define OURS(name, result, parameters) TUPLE(shimfs_##name, name),
__attribute__((used, section("__DATA,__interpose"))) static const struct {
  const void *replacement, *original;
} tuples[] = {FSEVENTS_FUNCTIONS(OURS) TUPLE(my_dlsym, dlsym)};
