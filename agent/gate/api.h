/* How a function of the gate gets the name of the system's function that it replaces. */
#pragma once
#include "real.h"

#define EXPORT __attribute__((visibility("default")))

/*
 * API(int, kqueue, (void)) { … } defines shimfs_kqueue, which Frida puts in the place of the system's. Preloaded on
 * Linux, the gate also exports it as `kqueue`, which is found before the system's. On macOS a tuple for dyld does that
 * (darwin/interpose.c).
 */
#if defined(__linux__)
#define API(result, name, parameters) \
  EXPORT result shimfs_##name parameters; \
  EXPORT result name parameters __attribute__((alias("shimfs_" #name))); \
  EXPORT result shimfs_##name parameters
#else
#define API(result, name, parameters) \
  EXPORT result shimfs_##name parameters; \
  EXPORT result shimfs_##name parameters
#endif
