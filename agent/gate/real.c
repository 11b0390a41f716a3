/* The table of the system's own functions, and how names are looked up in it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include "functions.h"
#include "os.h"
#include "real.h"
#include "text.h"

#if !defined(__APPLE__)
struct real_functions real; /* on macOS the linker fills it: darwin/system_symbols.c */
#endif

struct cell {
  const char *name;
  void **at;
};
#define CELL(name, ...) {#name, (void **)(void *)&real.name},
static const struct cell cells[] = {KQUEUE_FUNCTIONS(CELL) KQUEUE_LISTENERS(CELL) DISPATCH_FUNCTIONS(CELL) DISPATCH_COUNTED(CELL)
                                        DISPATCH_CALLED(CELL) DISPATCH_DATA(CELL) WEAK_REFERENCES(CELL)};
static const struct cell fsevents_cells[] = {FSEVENTS_FUNCTIONS(CELL)};
static const struct cell framework_cells[] = {FRAMEWORK_FUNCTIONS(CELL) FRAMEWORK_DATA(CELL) DISPATCH_COUNTED(CELL)};
#define COUNT(list) ((int)(sizeof list / sizeof list[0]))
_Static_assert(COUNT(fsevents_cells) == 22, "all of FSEvents.h");

static const struct cell *find_cell(const struct cell *list, int count, const char *name) {
  for (int i = 0; i < count; i++)
    if (text_same(list[i].name, name)) return &list[i];
  return NULL;
}

/* The library that a function of FSEvents is in: CoreFoundation is found through it, wherever it was loaded from. */
static void *library;

static void find_library(void *function) {
  Dl_info info;
  if (!library && function && dladdr(function, &info)) library = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
}

static void fill(const struct cell *list, int count, void *handle) {
  for (int i = 0; i < count; i++)
    if (!*list[i].at) *list[i].at = system_symbol(handle, list[i].name);
}

bool real_find_fsevents(void) {
  if (real.FSEventStreamCreate && real.FSEventsPurgeEventsForDeviceUpToEventId) return true;
  fill(fsevents_cells, COUNT(fsevents_cells), RTLD_NEXT);
  find_library((void *)(uintptr_t)real.FSEventStreamCreate);
  if (library) fill(fsevents_cells, COUNT(fsevents_cells), library);
  return real.FSEventStreamCreate != NULL;
}

bool real_find_framework(void) {
  if (real.kCFTypeDictionaryValueCallBacks && real.CFArrayCreate) return true;
  fill(framework_cells, COUNT(framework_cells), RTLD_DEFAULT);
  if (library) fill(framework_cells, COUNT(framework_cells), library);
  for (int i = 0; i < COUNT(framework_cells); i++)
    if (!*framework_cells[i].at) return false;
  return true;
}

bool real_set(const char *name, void *address, bool replace) {
  const struct cell *cell = find_cell(fsevents_cells, COUNT(fsevents_cells), name);
  if (cell) find_library(address);
  if (!cell) cell = find_cell(cells, COUNT(cells), name);
  if (!cell) cell = find_cell(framework_cells, COUNT(framework_cells), name);
  if (!cell) return false;
  if (replace || !*cell->at) *cell->at = address;
  return true;
}

#if defined(__linux__)
#define FIND_NEXT(function, ...) real_set(#function, system_symbol(RTLD_NEXT, #function), false);
void real_find_kqueue(void){
    KQUEUE_FUNCTIONS(FIND_NEXT)
        KQUEUE_LISTENERS(FIND_NEXT)}

#define FIND(function, ...) real_set(#function, system_function(#function), false);
/* Data: a program that is not position-independent has a copy of its own, which every library uses. */
#define FIND_DATA(data) \
  real_set(#data, system_symbol(RTLD_DEFAULT, #data), false); \
  FIND(data)
void real_find_dispatch(void) {
  DISPATCH_FUNCTIONS(FIND)
  DISPATCH_COUNTED(FIND)
  DISPATCH_CALLED(FIND)
  DISPATCH_DATA(FIND_DATA)
}
#else
void real_find_kqueue(void) {}

void real_find_dispatch(void) {
  void *first = system_function("objc_initWeak"), *second = system_function("objc_loadWeakRetained"), *third = system_function("objc_destroyWeak");
  if (!first || !second || !third) return;
  real_set("objc_initWeak", first, false);
  real_set("objc_loadWeakRetained", second, false);
  real_set("objc_destroyWeak", third, false);
}
#endif
