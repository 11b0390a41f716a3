/*
 * openat2(2). Its restrictions of path resolution (RESOLVE_*) concern names, so they are checked here, component by
 * component; the result is a path that openat opens.
 */
#define _GNU_SOURCE
#include <sys/stat.h>
#include "../calls.h"
#include "../connection.h"
#include "../fd_index.h"
#include "../file.h"
#include "../memory.h"
#include "../namespace.h"
#include "../os.h"
#include "../path.h"
#include "../scratch.h"
#include "../session.h"
#include "../text.h"
#include "calls.h"

/* linux/openat2.h */
struct open_how_ {
  uint64_t flags, mode, resolve;
};
enum {
  RESOLVE_NO_XDEV_ = 0x01,
  RESOLVE_NO_MAGICLINKS_ = 0x02,
  RESOLVE_NO_SYMLINKS_ = 0x04,
  RESOLVE_BENEATH_ = 0x08,
  RESOLVE_IN_ROOT_ = 0x10,
  RESOLVE_CACHED_ = 0x20,
  RESOLVE_ALL = 0x3f
};
enum { MAX_LINKS = 40 /* linux/namei.h */ };
/* fs/open.c: VALID_OPEN_FLAGS; unknown ones are refused, other than by openat */
static const uint64_t KNOWN_FLAGS = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_DSYNC |
    O_ASYNC | O_DIRECT | 0100000 /* the kernel's O_LARGEFILE */ | O_DIRECTORY | O_NOFOLLOW | O_NOATIME |
    O_CLOEXEC | O_PATH | O_TMPFILE;

static long checked(const struct open_how_ *how) {
  bool creates = how->flags & O_CREAT || (how->flags & O_TMPFILE) == O_TMPFILE;
  if (how->flags & ~KNOWN_FLAGS || how->resolve & ~(uint64_t)RESOLVE_ALL) return -EINVAL;
  if (creates ? how->mode & ~07777ull : how->mode) return -EINVAL;
  if (how->resolve & RESOLVE_BENEATH_ && how->resolve & RESOLVE_IN_ROOT_) return -EINVAL;
  if (how->flags & O_PATH && how->flags & ~(uint64_t)(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) return -EINVAL;
  return how->resolve & RESOLVE_CACHED_ ? -EAGAIN : 0; /* as if nothing were cached: callers ask again without it */
}

/* A walk: `out` is the resolved part, `rest` the remaining one, relative to the call's descriptor. */
struct walk {
  long dirfd;
  uint64_t resolve;
  bool last_counts; /* the last component's symlink is not followed */
  int links;
  char *out, *rest; /* MAX_PATH each */
  char *link;
};

static long append_name(struct walk *w, const char *name, size_t n) {
  size_t have = text_length(w->out);
  if (have + n + 2 > MAX_PATH) return -ENAMETOOLONG;
  if (have && w->out[have - 1] != '/') w->out[have++] = '/';
  bytes_copy(w->out + have, name, n);
  w->out[have + n] = 0;
  return 0;
}

static long step_up(struct walk *w) {
  size_t n = text_length(w->out);
  if (n == 0) return w->resolve & RESOLVE_IN_ROOT_ ? 0 : w->resolve & RESOLVE_BENEATH_ ? -EXDEV
                                                                                       : append_name(w, "..", 2);
  if (n >= 2 && w->out[n - 1] == '.' && w->out[n - 2] == '.' && (n == 2 || w->out[n - 3] == '/')) return append_name(w, "..", 2);
  while (n && w->out[n - 1] != '/') n--;
  w->out[n > 1 ? n - 1 : n] = 0;
  return 0;
}

static long target_of(struct walk *w) {
  long n = on_readlink(w->dirfd, w->out, w->link, MAX_PATH - 1);
  if (n == LEFT_MOUNTS) return host_end(), -EXDEV;
  return n == NOT_OURS ? sys(SYS_readlinkat, w->dirfd, w->out, w->link, MAX_PATH - 1) : n;
}

/* An absolute path, or target of a symlink, at the start or on the way. */
static long from_root(struct walk *w) {
  if (w->resolve & RESOLVE_BENEATH_) return -EXDEV;
  if (w->resolve & RESOLVE_IN_ROOT_) return w->out[0] = 0, 0;
  return w->out[0] = '/', w->out[1] = 0, 0;
}

/* Replaces the component at the end of `out`, a symlink, by its target. @param slash one stood behind it */
static long follow(struct walk *w, size_t before, long n, bool slash) {
  if (w->resolve & RESOLVE_NO_SYMLINKS_ || ++w->links > MAX_LINKS) return -ELOOP;
  w->link[n] = 0;
  size_t rest = text_length(w->rest);
  if ((size_t)n + rest + 2 > MAX_PATH) return -ENAMETOOLONG;
  w->out[before] = 0;
  for (size_t i = rest + 1; i-- > 0;) w->rest[(size_t)n + slash + i] = w->rest[i];
  bytes_copy(w->rest, w->link, (size_t)n);
  if (slash) w->rest[n] = '/';
  return w->link[0] == '/' ? from_root(w) : 0;
}

/* Takes one component from `rest`. 1: there are more, 0: that was the last, -errno. */
static long one_step(struct walk *w) {
  char *at = w->rest;
  while (*at == '/') at++;
  size_t n = 0;
  while (at[n] && at[n] != '/') n++;
  if (!n) return 0;
  char *tail = at + n;
  bool slash = *tail == '/';
  while (*tail == '/') tail++;
  const bool last = !*tail;
  size_t before = text_length(w->out);
  long result = n == 1 && at[0] == '.' ? 0 : n == 2 && at[0] == '.' && at[1] == '.' ? step_up(w)
                                                                                    : append_name(w, at, n);
  bool named = !(at[0] == '.' && (n == 1 || (n == 2 && at[1] == '.')));
  for (size_t i = 0; (w->rest[i] = tail[i]); i++) continue;
  if (result < 0 || !named || (last && !slash && w->last_counts)) return result < 0 ? result : !last;
  long length = target_of(w);
  if (length >= 0) return result = follow(w, before, length, slash), result < 0 ? result : 1;
  if (last && slash) append_name(w, "", 0);
  return length == -EINVAL || length == -ENOENT ? !last : length;
}

static long open_resolved(long dirfd, const char *path, const struct open_how_ *how, struct scratch *one, struct scratch *two) {
  struct walk w = {.dirfd = dirfd, .resolve = how->resolve, .out = one->path, .rest = one->link, .link = two->link};
  w.last_counts = how->flags & O_NOFOLLOW || (how->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
  long length = readable_text(path, MAX_PATH);
  if (length < 0) return length;
  if (length == MAX_PATH) return -ENAMETOOLONG;
  bytes_copy(w.rest, path, (size_t)length + 1);
  w.out[0] = 0;
  long result = path[0] == '/' ? from_root(&w) : 0;
  if (result == 0) do
      result = one_step(&w);
    while (result > 0);
  if (result < 0) return result;
  if (!w.out[0]) w.out[0] = '.', w.out[1] = 0;
  long fd = on_open(dirfd, w.out, (long)how->flags, (long)how->mode);
  if (fd == LEFT_MOUNTS) return host_end(), -EXDEV;
  return fd;
}

long on_openat2(long dirfd, const char *path, const void *user, size_t size) {
  struct open_how_ how;
  struct place p;
  /* In RESOLVE_IN_ROOT's root even an absolute path begins at the descriptor. */
  bool in_root = fd_virtual(dirfd) && size >= sizeof how && readable(user, sizeof how) && readable_byte(path) && path[0] == '/' &&
      ((const struct open_how_ *)user)->resolve & RESOLVE_IN_ROOT_;
  if (!in_root && !place_at(dirfd, path, 0, &p)) return NOT_OURS;
  if (size < sizeof how) return -EINVAL;
  if (!readable(user, size)) return -EFAULT;
  bytes_copy(&how, user, sizeof how);
  for (size_t i = sizeof how; i < size; i++)
    if (((const uint8_t *)user)[i]) return -E2BIG;
  long bad = checked(&how);
  if (bad) return bad;
  const uint64_t judged = RESOLVE_NO_XDEV_ | RESOLVE_NO_SYMLINKS_ | RESOLVE_BENEATH_ | RESOLVE_IN_ROOT_;
  if (!(how.resolve & judged)) return on_open(dirfd, path, (long)how.flags, (long)how.mode);
  struct scratch *one = scratch_take(), *two = scratch_take();
  long result = one && two ? open_resolved(dirfd, path, &how, one, two) : -ENOMEM;
  if (one) scratch_give(one);
  if (two) scratch_give(two);
  return result == NOT_OURS ? -EXDEV : result;
}
