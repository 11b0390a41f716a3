/* Calls whose path crosses the border of a mount: by a symlink, by `..`, from a foreign directory. */
#define _GNU_SOURCE
#include <sys/stat.h>
#include "../gate.h"
#include "../kqueue.h"
#include "../sys.h"
#include "calls.h"

enum { MAX_CROSSINGS = 8 };

/* The path led out of the mounts: the native call, with the real path in its place. */
__attribute__((noinline)) long call_at_exit(long nr, struct arguments *a, const struct shape *s, int crossings) {
  uint32_t length;
  const char *real = link_exit_path(&length);
  if (length >= MAX_PATH) length = MAX_PATH - 1;
  char path[length + 1]; /* no longer than it must be: the stack may be a signal's */
  bytes_copy(path, real, length);
  path[length] = 0;
  link_end();
  struct arguments changed = *a;
  if (!s->path) return -EXDEV;
  *argument(&changed, s->path) = (long)path;
  if (s->dir) *argument(&changed, s->dir) = AT_FDCWD;
  long result;
  if (session.overlays && call_ahead(nr, &changed, s, crossings + 1, &result)) return result;
  result = native_call(nr, &changed);
  if (nr == SYS_chdir && result == 0) cwd_changed(0);
  /* Out, and in again? */
  if (result == -ENOENT || result == -ENOTDIR) return call_behind(nr, &changed, s, result, crossings + 1);
  return result;
}

/* The kernel found nothing there. Perhaps a symlink or `..` leads into a mount. */
__attribute__((noinline)) long call_behind(long nr, struct arguments *a, const struct shape *s, long failure, int crossings) {
  if (crossings > MAX_CROSSINGS) return -ELOOP;
  struct place p;
  long dirfd = s->dir ? *argument(a, s->dir) : AT_FDCWD, result = NOT_OURS;
  if (place_elsewhere(dirfd, (const char *)*argument(a, s->path))) return failure;
  struct scratch *room = scratch_take();
  if (room && place_behind(dirfd, (const char *)*argument(a, s->path), &p, room)) {
    struct arguments changed = *a;
    *argument(&changed, s->path) = (long)p.path;
    result = handle_call(nr, &changed);
    if (result == LEFT_MOUNTS) result = call_at_exit(nr, &changed, s, crossings);
  }
  if (room) scratch_give(room);
  return result == NOT_OURS ? failure : result;
}

/* The same for the calls with two paths. */
__attribute__((noinline)) long call_behind_both(long nr, struct arguments *a, long failure) {
  bool at = nr == SYS_renameat || nr == SYS_renameat2 || nr == SYS_linkat, links = nr == SYS_linkat;
#ifdef SYS_link
  links = links || nr == SYS_link;
#endif
  long from_dir = at ? a->a1 : AT_FDCWD, to_dir = at ? a->a3 : AT_FDCWD, result = NOT_OURS;
  const char *from = (const char *)(at ? a->a2 : a->a1), *to = (const char *)(at ? a->a4 : a->a2);
  struct scratch *one = scratch_take(), *two = scratch_take();
  struct place p, q;
  if (one && two) {
    bool first = place_behind(from_dir, from, &p, one), second = place_behind(to_dir, to, &q, two);
    if (first || second)
      result = links
                   ? on_link(from_dir, first ? p.path : from, to_dir, second ? q.path : to, nr == SYS_linkat ? (uint32_t)a->a5 : 0)
                   : on_rename(from_dir, first ? p.path : from, to_dir, second ? q.path : to, nr == SYS_renameat2 ? (uint32_t)a->a5 : 0);
  }
  if (one) scratch_give(one);
  if (two) scratch_give(two);
  return result == NOT_OURS ? failure : result;
}

bool has_two_paths(long nr) {
#ifdef SYS_rename
  if (nr == SYS_rename || nr == SYS_link) return true;
#endif
  return nr == SYS_renameat || nr == SYS_renameat2 || nr == SYS_linkat;
}

/* ---- overlays: the kernel would find the real files, so it is not asked ---- */

/* Is a symbolic link at the end of the path followed? */
static bool follows_last(long nr, const struct arguments *a) {
  switch (nr) {
#ifdef SYS_open
    case SYS_open: return !(a->a2 & O_NOFOLLOW) && (a->a2 & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
    case SYS_lstat:
    case SYS_mkdir:
    case SYS_rmdir:
    case SYS_unlink:
    case SYS_readlink:
    case SYS_lchown:
    case SYS_mknod:
    case SYS_symlink:
#endif
    case SYS_mkdirat:
    case SYS_unlinkat:
    case SYS_readlinkat:
    case SYS_mknodat:
    case SYS_symlinkat:
    case SYS_lgetxattr:
    case SYS_lsetxattr:
    case SYS_llistxattr:
    case SYS_lremovexattr: return false;
    case SYS_openat: return !(a->a3 & O_NOFOLLOW) && (a->a3 & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
    case SYS_openat2: {
      const uint64_t *how = (const uint64_t *)a->a3;
      return !readable(how, 8) || (!(*how & O_NOFOLLOW) && (*how & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL));
    }
    case SYS_newfstatat:
    case SYS_faccessat2:
    case SYS_fchmodat2:
    case SYS_utimensat: return !(a->a4 & AT_SYMLINK_NOFOLLOW);
    case SYS_inotify_add_watch: return !(a->a3 & 0x02000000 /* IN_DONT_FOLLOW */);
    case SYS_statx: return !(a->a3 & AT_SYMLINK_NOFOLLOW);
    case SYS_fchownat: return !(a->a5 & AT_SYMLINK_NOFOLLOW);
    default: return true;
  }
}

/* A path that is ours at first sight, or names one of our descriptors, needs no second look. */
static bool looks_foreign(long dirfd, const char *path) {
  struct place p;
  const char *rest;
  return readable(path, 1) && path[0] && !place_of(dirfd, path, &p) && !proc_inode(path, &rest);
}

/* With nothing at its end that leads on, a call is the same if it follows nothing. NOT_OURS: there may be something. */
static long call_unfollowed(long nr, const struct arguments *a) {
  struct arguments changed = *a;
  const struct stat *st = NULL;
  long *flags = NULL, result;
  switch (nr) {
#ifdef SYS_open
    case SYS_stat:
      result = native_call(SYS_lstat, a);
      st = (const struct stat *)a->a2;
      return result == 0 && S_ISLNK(st->st_mode) ? NOT_OURS : result;
    case SYS_open: flags = &changed.a2; break;
#endif
    case SYS_openat: flags = &changed.a3; break;
    case SYS_newfstatat:
      changed.a4 |= AT_SYMLINK_NOFOLLOW;
      result = native_call(nr, &changed);
      st = (const struct stat *)a->a3;
      return result == 0 && S_ISLNK(st->st_mode) ? NOT_OURS : result;
    case SYS_statx:
      changed.a3 |= AT_SYMLINK_NOFOLLOW;
      changed.a4 |= STATX_TYPE;
      result = native_call(nr, &changed);
      return result == 0 && S_ISLNK(((const struct statx *)a->a5)->stx_mode) ? NOT_OURS : result;
    default: return NOT_OURS;
  }
  /* These say something else of a link than that it is one, or stand on it. */
  if (*flags & (O_PATH | O_DIRECTORY)) return NOT_OURS;
  *flags |= O_NOFOLLOW;
  result = native_call(nr, &changed);
  return result == -ELOOP ? NOT_OURS : result;
}

__attribute__((noinline)) bool call_ahead(long nr, struct arguments *a, const struct shape *s, int crossings, long *result) {
  long dirfd = s->dir ? *argument(a, s->dir) : AT_FDCWD;
  const char *path = (const char *)*argument(a, s->path);
  bool follow = follows_last(nr, a);
  /* Nearly every call ends here. */
  if (!crossings && leads_nowhere(dirfd, path) && !proc_like(path)) {
    if (!follow) return false;
    *result = call_unfollowed(nr, a);
    if (*result == -ENOENT || *result == -ENOTDIR) *result = call_behind(nr, a, s, *result, 0);
    if (*result != NOT_OURS) return true;
  }
  if (crossings > MAX_CROSSINGS) return *result = -ELOOP, true;
  if (!looks_foreign(dirfd, path)) {
    /* Reached from a way out: the handler has its turn again. */
    if (!crossings) return false;
    *result = handle_call(nr, a);
    if (*result == LEFT_MOUNTS) *result = call_at_exit(nr, a, s, crossings);
    return *result != NOT_OURS;
  }
  struct place p;
  struct scratch *room = scratch_take();
  bool leads = room && place_ahead(dirfd, path, follow, &p, room);
  if (leads) {
    struct arguments changed = *a;
    *argument(&changed, s->path) = (long)p.path;
    if (s->dir) *argument(&changed, s->dir) = AT_FDCWD;
    *result = handle_call(nr, &changed);
    if (*result == LEFT_MOUNTS) *result = call_at_exit(nr, &changed, s, crossings);
    if (*result == NOT_OURS) *result = -ENOENT;
  }
  if (room) scratch_give(room);
  return leads;
}

__attribute__((noinline)) bool call_ahead_both(long nr, struct arguments *a, long *result) {
  bool at = nr == SYS_renameat || nr == SYS_renameat2 || nr == SYS_linkat, links = nr == SYS_linkat;
#ifdef SYS_link
  links = links || nr == SYS_link;
#endif
  long from_dir = at ? a->a1 : AT_FDCWD, to_dir = at ? a->a3 : AT_FDCWD;
  const char *from = (const char *)(at ? a->a2 : a->a1), *to = (const char *)(at ? a->a4 : a->a2);
  bool look = looks_foreign(from_dir, from), look_to = looks_foreign(to_dir, to);
  if (!look && !look_to) return false;
  struct scratch *one = look ? scratch_take() : NULL, *two = look_to ? scratch_take() : NULL;
  struct place p, q;
  bool follow = nr == SYS_linkat && a->a5 & AT_SYMLINK_FOLLOW;
  bool first = one && place_ahead(from_dir, from, follow, &p, one), second = two && place_ahead(to_dir, to, false, &q, two);
  if (first || second) {
    if (first) from = p.path, from_dir = AT_FDCWD;
    if (second) to = q.path, to_dir = AT_FDCWD;
    *result = links ? on_link(from_dir, from, to_dir, to, nr == SYS_linkat ? (uint32_t)a->a5 : 0)
                    : on_rename(from_dir, from, to_dir, to, nr == SYS_renameat2 ? (uint32_t)a->a5 : 0);
  }
  if (one) scratch_give(one);
  if (two) scratch_give(two);
  return first || second;
}
