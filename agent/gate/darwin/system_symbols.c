/* The system's own functions on macOS. The linker binds them: in an interposing image a name means the original. */
#include <dlfcn.h>
#include <string.h>
#include "../real.h"
#include "functions.h"

/* Only their addresses are wanted: inside this image they are the originals. */
#define DECLARE(name, ...) extern void system_##name(void) __asm("_" #name) __attribute__((weak_import));
#define DECLARE_DATA(name) extern char system##name __asm("_" #name) __attribute__((weak_import));
KQUEUE_FUNCTIONS(DECLARE)
DISPATCH_FUNCTIONS(DECLARE)
DISPATCH_COUNTED(DECLARE)
DISPATCH_CALLED(DECLARE)
DISPATCH_DATA(DECLARE_DATA)
FSEVENTS_FUNCTIONS(DECLARE)

/* Complete before any library starts: those that start before the gate have kqueues, too. */
#define CELL(name, result, parameters) .name = (result(*) parameters)system_##name,
#define CELL_DATA(name) .name = &system##name,
struct real_functions real = {KQUEUE_FUNCTIONS(CELL) DISPATCH_FUNCTIONS(CELL) DISPATCH_COUNTED(CELL) DISPATCH_CALLED(CELL)
                                  DISPATCH_DATA(CELL_DATA)};

static bool is_ours(void *address) {
  Dl_info own, its;
  return address && dladdr((void *)(uintptr_t)&is_ours, &own) && dladdr(address, &its) && own.dli_fbase == its.dli_fbase;
}

void *system_function(const char *name) { return system_symbol(RTLD_DEFAULT, name); }

void *system_symbol(void *handle, const char *name) {
#define ORIGINAL(function, ...) \
  if (!strcmp(name, #function) && system_##function) return (void *)(uintptr_t)&system_##function;
  FSEVENTS_FUNCTIONS(ORIGINAL)
  void *found = dlsym(handle == RTLD_NEXT ? RTLD_DEFAULT : handle, name);
  return is_ours(found) ? NULL : found;
}
