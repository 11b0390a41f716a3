/*
 * FSEvents' functions on macOS: a tuple for each, as in interpose.c, but weak: a program that has not loaded the
 * framework is not made to. One that loads it later asks for them by dlsym, which is stood before as well.
 */
#include <dlfcn.h>
#include <string.h>
#include "../real.h"
#include "../replacements.h"
#include "../session.h"
#include "functions.h"

static void *caught(void *handle, const char *name) {
  void *found = dlsym(handle, name), *replacement = replacement_for(name);
  if (!found || !replacement || !system_symbol(handle, name)) return found;
  real_set(name, found, true);
  return replacement;
}

/* A tail call for every other name: RTLD_NEXT and RTLD_SELF depend on the caller. */
static void *my_dlsym(void *handle, const char *name) {
  if (session.active && handle != RTLD_NEXT && handle != RTLD_SELF && name && !strncmp(name, "FSEv", 4)) return caught(handle, name);
  __attribute__((musttail)) return dlsym(handle, name);
}

#define TUPLE(replacement, original) {(const void *)(uintptr_t)&replacement, (const void *)(uintptr_t)&original}
#define DECLARE(name, ...) \
  extern void name(void) __attribute__((weak_import)); \
  extern void shimfs_##name(void);
FSEVENTS_FUNCTIONS(DECLARE)
#define OURS(name, ...) TUPLE(shimfs_##name, name),
__attribute__((used, section("__DATA,__interpose"))) static const struct {
  const void *replacement, *original;
} tuples[] = {FSEVENTS_FUNCTIONS(OURS) TUPLE(my_dlsym, dlsym)};
