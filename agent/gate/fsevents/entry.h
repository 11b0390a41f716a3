/*
 * How each of the 22 functions of FSEvents.h begins: a stream that has to do with the virtual tree is ours, every other
 * one the system's, and its calls go on to it untouched.
 */
#pragma once
#include "fsevents.h"

int32_t virtual_device(void); /* device.c */

#define EXPORT __attribute__((visibility("default")))

/* Preloaded on Linux, the system's own name is found here first; elsewhere our name is put in its place. */
#if defined(__linux__)
#define API(result, name, parameters)                                                        \
  EXPORT result shimfs_##name parameters;                                                    \
  EXPORT result name parameters __attribute__((alias("shimfs_" #name)));                     \
  EXPORT result shimfs_##name parameters
#else
#define API(result, name, parameters)     \
  EXPORT result shimfs_##name parameters; \
  EXPORT result shimfs_##name parameters
#endif

/* The system's, or what is to be done where there is none. */
#define REAL(name, nothing, ...) \
  if (!fsevents_system() || !real_fsevents.name) return nothing; \
  return real_fsevents.name(__VA_ARGS__)

/* Ours is taken until DONE; the system's is passed on; one that has been released is told of. */
#define TAKE(function, reference, nothing, ...)                                   \
  if (!stream_is_ours(reference)) { REAL(function, nothing, __VA_ARGS__); }       \
  struct stream *s = stream_take(reference);                                      \
  if (!s) {                                                                       \
    stream_say(#function, "the stream has been released");                       \
    return nothing;                                                               \
  }
