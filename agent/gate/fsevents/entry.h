/*
 * How each of the 22 functions of FSEvents.h begins: a stream that has to do with the virtual tree is ours, every other
 * one the system's, and its calls go on to it untouched.
 */
#pragma once
#include "../api.h"
#include "fsevents.h"

int32_t virtual_device(void); /* device.c */

/* The system's function, or `nothing` where there is none. */
#define REAL(name, nothing, ...) \
  if (!real_find_fsevents() || !real.name) return nothing; \
  return real.name(__VA_ARGS__)

/* Ours is taken until DONE; the system's is passed on; a released one is logged. */
#define TAKE(function, reference, nothing, ...) \
  if (!stream_is_ours(reference)) { REAL(function, nothing, __VA_ARGS__); } \
  struct stream *s = stream_take(reference); \
  if (!s) { \
    stream_log(#function, "the stream has been released"); \
    return nothing; \
  }
