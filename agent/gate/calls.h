/*
 * The table of calls that the gate answers, one row each (core/gate/system-calls.ts), and the three things done with a
 * call: it is answered by its handler, or made natively, and the dispatcher decides which.
 */
#pragma once
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#if defined(__linux__)
#include "linux/site.h"
#include "sys.h"
#else
#include "darwin/arguments.h"
#endif

/* A handler's answer for "this call is not about a virtual file": the dispatcher makes the native call. */
#define NOT_OURS ((long)0x8000000000000001)
/*
 * A handler's answer for "the path leads out of the mounts" (a symlink, or `..` at a root). The connection is still held
 * and host_exit_path() returns the real path; the dispatcher copies it, ends the exchange, and makes the native call.
 */
#define LEFT_MOUNTS ((long)0x8000000000000002)

enum follow { FOLLOW_ALWAYS,
              FOLLOW_NEVER,
              FOLLOW_UNLESS_AT,
              FOLLOW_UNLESS_IN,
              FOLLOW_IF_AT,
              FOLLOW_OPEN,
              FOLLOW_OPEN_HOW };
enum unfollowed { UNFOLLOWED_NONE,
                  UNFOLLOWED_OPEN,
                  UNFOLLOWED_LSTAT,
                  UNFOLLOWED_FSTATAT,
                  UNFOLLOWED_STATX };
enum { CALL_OF_OVERLAYS = 1,
       CALL_CHANGES_DIRECTORY = 2 };

/* Where a call's paths are: argument numbers, 0 for none. */
struct call {
  uint16_t nr;
  uint8_t dir, path, dir2, path2;
  uint8_t fd; /* a descriptor, without which the handler has nothing to answer */
  uint8_t follow, flags, unfollowed, bits;
};
#define CALL_SHAPE(number, dir, path, dir2, path2, fd, follow, flags, unfollowed, bits) {number, dir, path, dir2, path2, fd, follow, flags, unfollowed, bits}

/* The argument of that number, 1 to 6. */
static inline long *argument(struct arguments *a, int number) {
  long *const each[] = {0, &a->a1, &a->a2, &a->a3, &a->a4, &a->a5, &a->a6};
  return each[number];
}

/* The row of a call, or NULL: the gate does not answer it (linux|darwin/call_table.c). */
extern const struct call call_rows[];
#if defined(__linux__)
enum { CALL_NUMBERS = 512 };
extern uint8_t call_row_of[CALL_NUMBERS]; /* index in call_rows + 1 */
static inline const struct call *call_of(long nr) {
  return nr >= 0 && nr < CALL_NUMBERS && call_row_of[nr] ? &call_rows[call_row_of[nr] - 1] : NULL;
}
#else
static inline const struct call *call_of(long nr) { return &call_rows[nr]; }
#endif
/* The call itself. The result, or -errno (darwin/native_call.c). */
#if defined(__linux__)
static inline long native_call(long nr, const struct arguments *a) { return sys6(nr, a->a1, a->a2, a->a3, a->a4, a->a5, a->a6); }
#else
long native_call(long nr, const struct arguments *a);
#endif
/*
 * The same without following a symbolic link at the path's end. NOT_OURS: there is one, or the call has no such form
 * (linux|darwin).
 */
long native_unfollowed(const struct call *c, const struct arguments *a);
/* The handler of a call: its result, -errno, NOT_OURS or LEFT_MOUNTS (linux|darwin/calls.c). */
long handle_call(long nr, struct arguments *a);

/* Decides for one call, and makes it. The result or -errno (dispatcher.c). */
long shimfs_dispatch(long nr, struct arguments *a);
extern volatile int canary_calls, canary_armed; /* calls are counted while armed */

/* Names for the handlers in the table. */
#define A1 a->a1
#define A2 a->a2
#define A3 a->a3
#define A4 a->a4
#define A5 a->a5
#define A6 a->a6
#define P1 ((const char *)a->a1)
#define P2 ((const char *)a->a2)
#define P3 ((const char *)a->a3)
#define P4 ((const char *)a->a4)
#define P5 ((const char *)a->a5)
#define B1 ((void *)a->a1)
#define B2 ((void *)a->a2)
#define B3 ((void *)a->a3)
#define B4 ((void *)a->a4)
#define B5 ((void *)a->a5)
