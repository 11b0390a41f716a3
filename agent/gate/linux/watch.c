/*
 * inotify and fanotify. A watch of a virtual path is the kernel's own, of the name that the host's mirror has for it
 * (core/inotify): the program's instance, its descriptors, its queue and its numbers need nothing from us.
 */
#define _GNU_SOURCE
#include <sys/inotify.h>
#include "../calls.h"
#include "../connection.h"
#include "../fd_index.h"
#include "../os.h"
#include "../path.h"
#include "../scratch.h"
#include "../session.h"
#include "../text.h"
#include "watch.h"

/* Watches the inode that the path should lead to. -ESTALE: it leads elsewhere by now. */
static long watch_inode(long fd, const char *path, uint64_t ino, uint32_t mask) {
  struct stat st;
  char name[40] = "/proc/self/fd/";
  /* An absolute one leads through /proc to a file without a name. */
  long at = sys(SYS_openat, AT_FDCWD, path, O_PATH | O_CLOEXEC | (path[session.directory_length] == '/' && text_equal(path, session.directory, session.directory_length) ? O_NOFOLLOW : 0));
  if (at < 0) return at == -ENOENT || at == -ENOTDIR ? -ESTALE : at;
  text_number(name + 14, (uint64_t)at);
  /* The descriptor's name is a link to be followed. Flags alone are a mask, too, but none at all are not. */
  mask = mask == IN_DONT_FOLLOW ? IN_EXCL_UNLINK : mask & ~(uint32_t)IN_DONT_FOLLOW;
  long result = sys(SYS_fstat, at, &st) || st.st_ino != ino ? -ESTALE : sys(SYS_inotify_add_watch, fd, name, mask);
  sys(SYS_close, at);
  return result;
}

static long ask_watch(const struct request *q, long fd, uint32_t mask) {
  const struct shimfs_reply *reply;
  const char *data;
  long result = host_begin(q, &reply, &data);
  if (result == 0 && reply->reply_flags & REPLY_FLAG_EXIT) return LEFT_MOUNTS;
  struct scratch *room = result == 0 ? scratch_take() : NULL;
  uint64_t ino = reply->ino;
  if (room) result = session_real_path(room->path, data, reply->data_length);
  else if (result == 0) result = -ENOMEM;
  host_end();
  if (result == 0) result = watch_inode(fd, room->path, ino, mask);
  if (room) scratch_give(room);
  return result;
}

long on_inotify_add_watch(long fd, const char *path, uint32_t mask) {
  struct place p;
  uint32_t how = mask & IN_DONT_FOLLOW ? WIRE_AT_SYMLINK_NOFOLLOW : 0;
  if (!place_at(AT_FDCWD, path, how, &p)) return NOT_OURS;
  /* A bad mask or descriptor comes before a bad path. */
  long result = sys(SYS_inotify_add_watch, fd, "", mask);
  if (result != -ENOENT) return result;
  struct request q = {.op = OP_NOTIFY, .flags = how | (mask & IN_ONLYDIR ? WIRE_O_DIRECTORY : 0), .dir = p.dir, .path = p.path, .path_length = p.length};
  /* Names in a mirror move as the virtual ones do. */
  for (int i = 0; i < 16; i++)
    if ((result = ask_watch(&q, fd, mask)) != -ESTALE) return result;
  return -ENOENT;
}

/* The kernel's errno for a filesystem that cannot be marked: better than a mark without events. */
long on_fanotify_mark(long dirfd, const char *path) {
  struct place p;
  return place_at(dirfd, path, path ? 0 : WIRE_AT_EMPTY_PATH, &p) ? -ENODEV : NOT_OURS;
}

/* ---- after exec: descriptors that were opened by a mirror's name ---- */

static bool in_mirror(const char *target, size_t length) {
  size_t n = session.directory_length;
  return length > n + 3 && text_equal(target, session.directory, n) && target[n] == '/' && session_mirrored(target + n + 1, length - n - 1);
}

/* The name may be longer than the caller's buffer. `link` leads there. */
static long recover(const char *link, struct shimfs_reply *out) {
  struct scratch *room = scratch_take();
  struct stat st;
  long n = room ? sys(SYS_readlinkat, AT_FDCWD, link, room->path, MAX_PATH) : -ENOMEM;
  size_t from = session.directory_length + 1;
  long result = n > (long)from && n < MAX_PATH && !sys(SYS_newfstatat, AT_FDCWD, link, &st, 0) ? 0 : -ENOENT;
  if (result == 0) {
    const struct shimfs_reply *reply;
    struct request q = {.op = OP_RECOVER, .path = room->path + from, .path_length = (uint32_t)(n - (long)from), .a = st.st_ino};
    result = host_begin(&q, &reply, NULL);
    *out = *reply;
    host_end();
  }
  if (room) scratch_give(room);
  return result;
}

bool recover_watched(int fd, const char *target, size_t length) {
  char link[40] = "/proc/self/fd/";
  struct shimfs_reply r;
  if (!in_mirror(target, length)) return false;
  text_number(link + 14, (uint64_t)fd);
  if (recover(link, &r) < 0) return true;
  uint32_t flags = (uint32_t)sys(SYS_fcntl, fd, F_GETFL);
  bool directory = (r.mode & S_IFMT) == S_IFDIR;
  fd_assign(fd, directory ? FD_DIRECTORY : FD_FILE, r.ino, directory ? 0 : r.oid, directory ? 1 : r.slot, flags);
  return true;
}

uint64_t watched_executable(const char *target, size_t length) {
  struct shimfs_reply r;
  return in_mirror(target, length) && recover("/proc/self/exe", &r) >= 0 ? r.ino : 0;
}
