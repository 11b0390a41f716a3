/*
 * Decides for each call: the handler answers it, or it is made natively.
 *
 * Three kinds of path cross the border of a mount and are found out here: one that leads into an overlay, where the
 * kernel would find the real file, before the call; one that leads into another mount by a symlink, by `..` or from a
 * foreign directory, after the kernel has found nothing; one that leads out of the mounts, when the host says so.
 */
#define _GNU_SOURCE
#include "calls.h"
#include "connection.h"
#include "cwd.h"
#include "fd_index.h"
#include "memory.h"
#include "os.h"
#include "overlay.h"
#include "path.h"
#include "proc_path.h"
#include "scratch.h"
#include "session.h"
#include "text.h"

enum { MAX_CROSSINGS = 8 };

volatile int canary_calls, canary_armed;

static long leave(const struct call *c, struct arguments *a, int crossings);
static long look_behind(const struct call *c, struct arguments *a, long failure, int crossings);
static bool look_ahead(const struct call *c, struct arguments *a, int crossings, long *result);

static bool not_found(long result) { return result == -ENOENT || result == -ENOTDIR; }
static long directory_of(const struct call *c, struct arguments *a) { return c->dir ? *argument(a, c->dir) : AT_FDCWD; }
static long directory2_of(const struct call *c, struct arguments *a) { return c->dir2 ? *argument(a, c->dir2) : AT_FDCWD; }

static long handle(const struct call *c, struct arguments *a, int crossings) {
  long result = handle_call(c->nr, a);
  return result == LEFT_MOUNTS ? leave(c, a, crossings) : result;
}

/* The path led out of the mounts: the native call, with the real path in its place. */
__attribute__((noinline)) static long leave(const struct call *c, struct arguments *a, int crossings) {
  uint32_t length;
  const char *real_path = host_exit_path(&length);
  if (length >= MAX_PATH) length = MAX_PATH - 1;
  char path[length + 1]; /* no longer than it must be: the stack may be a signal's */
  bytes_copy(path, real_path, length);
  path[length] = 0;
  host_end();
  struct arguments changed = *a;
  if (!c->path || c->path2) return -EXDEV;
  *argument(&changed, c->path) = (long)path;
  if (c->dir) *argument(&changed, c->dir) = AT_FDCWD;
  long result;
  if (session.overlays && look_ahead(c, &changed, crossings + 1, &result)) return result;
  result = native_call(c->nr, &changed);
  if (c->bits & CALL_CHANGES_DIRECTORY && result == 0) cwd_changed(0);
  /* Out, and in again? */
  return not_found(result) ? look_behind(c, &changed, result, crossings + 1) : result;
}

/* ---- after the native call: the kernel found nothing there ---- */

__attribute__((noinline)) static long look_behind(const struct call *c, struct arguments *a, long failure, int crossings) {
  if (crossings > MAX_CROSSINGS) return -ELOOP;
  struct place p;
  long dirfd = directory_of(c, a), result = NOT_OURS;
  const char *path = (const char *)*argument(a, c->path);
  if (place_elsewhere(dirfd, path)) return failure;
  struct scratch *room = scratch_take();
  if (room && place_behind(dirfd, path, &p, room)) {
    struct arguments changed = *a;
    *argument(&changed, c->path) = (long)p.path;
    result = handle(c, &changed, crossings);
  }
  if (room) scratch_give(room);
  return result == NOT_OURS ? failure : result;
}

__attribute__((noinline)) static long look_behind_both(const struct call *c, struct arguments *a, long failure) {
  struct arguments changed = *a;
  long *from = argument(&changed, c->path), *to = argument(&changed, c->path2), result = NOT_OURS;
  struct scratch *one = scratch_take(), *two = scratch_take();
  struct place p, q;
  if (one && two) {
    bool first = place_behind(directory_of(c, a), (const char *)*from, &p, one);
    bool second = place_behind(directory2_of(c, a), (const char *)*to, &q, two);
    if (first) *from = (long)p.path;
    if (second) *to = (long)q.path;
    if (first || second) result = handle(c, &changed, 0);
  }
  if (one) scratch_give(one);
  if (two) scratch_give(two);
  return result == NOT_OURS ? failure : result;
}

/* ---- before the native call: overlays, where the kernel would find the real files ---- */

static bool follows_open(uint64_t flags) { return !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL); }

/* Is a symbolic link at the end of the first path followed? */
static bool follows(const struct call *c, struct arguments *a) {
  long flags = c->flags ? *argument(a, c->flags) : 0;
  switch (c->follow) {
    case FOLLOW_NEVER: return false;
    case FOLLOW_UNLESS_AT: return !(flags & AT_SYMLINK_NOFOLLOW);
    case FOLLOW_UNLESS_IN: return !(flags & 0x02000000 /* IN_DONT_FOLLOW */);
    case FOLLOW_IF_AT: return flags & AT_SYMLINK_FOLLOW;
    case FOLLOW_OPEN: return follows_open((uint64_t)flags);
    case FOLLOW_OPEN_HOW: return !readable((const void *)flags, 8) || follows_open(*(const uint64_t *)flags);
    default: return true;
  }
}

/* A path that is ours at first sight, or names one of our descriptors, needs no second look. */
static bool looks_foreign(long dirfd, const char *path) {
  struct place p;
  const char *rest;
  return readable(path, 1) && path[0] && !place_of(dirfd, path, &p) && !proc_inode(path, &rest);
}

/* True: the call has been answered, by *result. */
__attribute__((noinline)) static bool look_ahead(const struct call *c, struct arguments *a, int crossings, long *result) {
  long dirfd = directory_of(c, a);
  const char *path = (const char *)*argument(a, c->path);
  bool follow = follows(c, a);
  /* Nearly every call ends here. */
  if (!crossings && leads_nowhere(dirfd, path) && !proc_like(path)) {
    if (!follow) return false;
    *result = native_unfollowed(c, a);
    if (not_found(*result)) *result = look_behind(c, a, *result, 0);
    if (*result != NOT_OURS) return true;
  }
  if (crossings > MAX_CROSSINGS) return *result = -ELOOP, true;
  if (!looks_foreign(dirfd, path)) {
    /* Reached from a way out: the handler has its turn again. */
    if (!crossings) return false;
    *result = handle(c, a, crossings);
    return *result != NOT_OURS;
  }
  struct place p;
  struct scratch *room = scratch_take();
  bool leads = room && place_ahead(dirfd, path, follow, &p, room);
  if (leads) {
    struct arguments changed = *a;
    *argument(&changed, c->path) = (long)p.path;
    if (c->dir) *argument(&changed, c->dir) = AT_FDCWD;
    *result = handle(c, &changed, crossings);
    if (*result == NOT_OURS) *result = -ENOENT;
  }
  if (room) scratch_give(room);
  return leads;
}

__attribute__((noinline)) static bool look_ahead_both(const struct call *c, struct arguments *a, long *result) {
  long from_dir = directory_of(c, a), to_dir = directory2_of(c, a);
  struct arguments changed = *a;
  long *from = argument(&changed, c->path), *to = argument(&changed, c->path2);
  bool look = looks_foreign(from_dir, (const char *)*from), look_to = looks_foreign(to_dir, (const char *)*to);
  if (!look && !look_to) return false;
  struct scratch *one = look ? scratch_take() : NULL, *two = look_to ? scratch_take() : NULL;
  struct place p, q;
  bool first = one && place_ahead(from_dir, (const char *)*from, follows(c, a), &p, one);
  bool second = two && place_ahead(to_dir, (const char *)*to, false, &q, two);
  if (first) *from = (long)p.path;
  if (second) *to = (long)q.path;
  if (first || second) *result = handle(c, &changed, 0);
  if (one) scratch_give(one);
  if (two) scratch_give(two);
  return first || second;
}

long shimfs_dispatch(long nr, struct arguments *a) {
  const struct call *c = call_of(nr);
  if (!c || !session.active) return native_call(nr, a);
  if (__builtin_expect(canary_armed, 0)) canary_calls++;
  if (c->fd && fd_kind(*argument(a, c->fd)) == FD_FOREIGN) return native_call(nr, a);
  long result;
  if (session.overlays && c->path && (c->path2 ? look_ahead_both(c, a, &result) : look_ahead(c, a, 0, &result))) return result;
  result = handle(c, a, 0);
  if (result != NOT_OURS) return result;
  result = native_call(nr, a);
  if (!not_found(result) || !c->path) return result;
  return c->path2 ? look_behind_both(c, a, result) : look_behind(c, a, result, 0);
}
