/*
 * The system's own functions of kqueue, Dispatch, FSEvents and CoreFoundation, past their replacements.
 *
 * One table for all (core/gate/system-functions.ts). It is filled by the linker on macOS, by name when a preloaded gate
 * starts on Linux, and by the agent in a process that was already running.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "functions.h"

/* Layouts: FSEvents.h, CFRunLoop.h, CFUUID.h. */
typedef void (*stream_callback)(const void *stream, void *info, size_t count, void *paths, const uint32_t *flags, const uint64_t *ids);

struct stream_context {
  long version;
  void *info;
  const void *(*retain)(const void *info);
  void (*release)(const void *info);
  const void *(*copy_description)(const void *info);
};

struct source_context {
  long version;
  void *info;
  const void *(*retain)(const void *info);
  void (*release)(const void *info);
  void *copy_description, *equal, *hash, *schedule, *cancel;
  void (*perform)(void *info);
};
_Static_assert(sizeof(struct stream_context) == 40 && sizeof(struct source_context) == 80, "FSEvents.h, CFRunLoop.h");

struct uuid_bytes {
  uint8_t byte[16];
};

#define DECLARE_FUNCTION(name, result, parameters) result(*name) parameters;
#define DECLARE_DATA(name) const void *name;
/* NULL where the system has none. */
struct real_functions {
  KQUEUE_FUNCTIONS(DECLARE_FUNCTION)
  KQUEUE_LISTENERS(DECLARE_FUNCTION)
  DISPATCH_FUNCTIONS(DECLARE_FUNCTION)
  DISPATCH_COUNTED(DECLARE_FUNCTION)
  DISPATCH_CALLED(DECLARE_FUNCTION)
  DISPATCH_DATA(DECLARE_DATA)
  WEAK_REFERENCES(DECLARE_FUNCTION)
  FSEVENTS_FUNCTIONS(DECLARE_FUNCTION)
  FRAMEWORK_FUNCTIONS(DECLARE_FUNCTION)
  FRAMEWORK_DATA(DECLARE_DATA)
};
#undef DECLARE_FUNCTION
#undef DECLARE_DATA
extern struct real_functions real;

/*
 * Stores the address of the system's function or data of that name. With `replace` it takes the place of an earlier
 * one; without, an earlier one stays: it may be the only way past a hook. False: the table has no such name.
 */
bool real_set(const char *name, void *address, bool replace);
/* Looks up the functions that are not known yet. False: there is no FSEvents here. */
bool real_find_fsevents(void);
/* CoreFoundation and libdispatch's queues, all of them or false. */
bool real_find_framework(void);

/* The start of a preloaded gate. */
void real_find_kqueue(void);
/* On Linux a library with libdispatch may have been loaded after the gate: asked again at each call until it is found. */
void real_find_dispatch(void);

/* ---- linux|darwin/system_symbols.c ---- */

/* dlsym(3) of the system, past the gate's. NULL for a name that leads to the gate itself. */
void *system_symbol(void *handle, const char *name);
/* Of the next library, or of one that the program has loaded for itself. */
void *system_function(const char *name);
