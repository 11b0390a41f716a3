/* The system's FSEvents, CoreFoundation and libdispatch, found by name: no process is made to load them for us. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include "fsevents.h"
#include "../gate.h"

struct fsevents_functions real_fsevents;
struct framework_functions cf;

#define CELL_FSEVENTS(name, result, parameters) {#name, (void **)(void *)&real_fsevents.name},
#define CELL_FRAMEWORK(name, result, parameters) {#name, (void **)(void *)&cf.name},
#define CELL_DATA(name) {#name, (void **)(void *)&cf.name},
struct cell {
  const char *name;
  void **at;
};
static const struct cell fsevents_cells[] = {FSEVENTS_FUNCTIONS(CELL_FSEVENTS)};
static const struct cell framework_cells[] = {FRAMEWORK_FUNCTIONS(CELL_FRAMEWORK) FRAMEWORK_DATA(CELL_DATA)};
enum { FSEVENTS_CELLS = sizeof fsevents_cells / sizeof fsevents_cells[0], FRAMEWORK_CELLS = sizeof framework_cells / sizeof framework_cells[0] };
_Static_assert(FSEVENTS_CELLS == 22, "all of FSEvents.h");

#define OURS(name, result, parameters) \
  extern void shimfs_##name(void);
FSEVENTS_FUNCTIONS(OURS)
#undef OURS
#define OURS(name, result, parameters) {#name, (void *)(uintptr_t)&shimfs_##name},
static const struct {
  const char *name;
  void *function;
} ours[] = {FSEVENTS_FUNCTIONS(OURS)};

static bool same(const char *a, const char *b) {
  size_t n = text_length(b);
  return text_length(a) == n && text_equal(a, b, n);
}

/* The library that a function of FSEvents is in: CoreFoundation is found through it, wherever it was loaded from. */
static void *library;

static void found(void *function) {
  Dl_info info;
  if (!library && function && dladdr(function, &info)) library = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
}

static void fill(const struct cell *cells, int count, void *handle) {
  for (int i = 0; i < count; i++)
    if (!*cells[i].at) *cells[i].at = system_symbol(handle, cells[i].name);
}

bool fsevents_system(void) {
  if (real_fsevents.FSEventStreamCreate && real_fsevents.FSEventsPurgeEventsForDeviceUpToEventId) return true;
  fill(fsevents_cells, FSEVENTS_CELLS, RTLD_NEXT);
  found((void *)(uintptr_t)real_fsevents.FSEventStreamCreate);
  if (library) fill(fsevents_cells, FSEVENTS_CELLS, library);
  return real_fsevents.FSEventStreamCreate != NULL;
}

bool framework_system(void) {
  if (cf.kCFTypeDictionaryValueCallBacks && cf.CFArrayCreate) return true;
  fill(framework_cells, FRAMEWORK_CELLS, RTLD_DEFAULT);
  if (library) fill(framework_cells, FRAMEWORK_CELLS, library);
  for (int i = 0; i < FRAMEWORK_CELLS; i++)
    if (!*framework_cells[i].at) return false;
  return true;
}

bool fsevents_set_real(const char *name, void *function) {
  for (int i = 0; i < FSEVENTS_CELLS; i++)
    if (same(name, fsevents_cells[i].name)) {
      *fsevents_cells[i].at = function;
      found(function);
      return true;
    }
  for (int i = 0; i < FRAMEWORK_CELLS; i++)
    if (same(name, framework_cells[i].name)) {
      *framework_cells[i].at = function;
      return true;
    }
  return false;
}

void *fsevents_replacement(const char *name) {
  for (int i = 0; i < FSEVENTS_CELLS; i++)
    if (same(name, ours[i].name)) return ours[i].function;
  return NULL;
}
