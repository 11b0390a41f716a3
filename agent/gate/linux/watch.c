/*
 * inotify and fanotify. A watch of a virtual path is the kernel's own, of the name that the host's mirror has for it
 * (core/inotify): the program's instance, its descriptors, its queue and its numbers need nothing from us.
 */
#define _GNU_SOURCE
#include <sys/inotify.h>
#include "../gate.h"
#include "../sys.h"
#include "calls.h"

long on_inotify_add_watch(long fd, const char *path, uint32_t mask) {
  struct place p;
  uint32_t how = mask & IN_DONT_FOLLOW ? WIRE_AT_SYMLINK_NOFOLLOW : 0;
  if (!place_at(AT_FDCWD, path, how, &p)) return NOT_OURS;
  /* A bad mask or descriptor comes before a bad path. */
  long bad = sys(SYS_inotify_add_watch, fd, "", mask);
  if (bad != -ENOENT) return bad;
  struct request q = {.op = OP_NOTIFY, .flags = how | (mask & IN_ONLYDIR ? WIRE_O_DIRECTORY : 0), .dir = p.dir, .path = p.path, .path_length = p.length};
  const struct shimfs_reply *reply;
  const char *data;
  long result = link_begin(&q, &reply, &data);
  if (result == 0 && reply->reply_flags & REPLY_FLAG_EXIT) return LEFT_MOUNTS;
  struct scratch *room = result == 0 ? scratch_take() : NULL;
  if (room) result = session_real_path(room->path, data, reply->data_length);
  else if (result == 0) result = -ENOMEM;
  bool leads = result == 0 && data[0] == '/';
  link_end();
  /* An absolute one leads to a file without a name. */
  if (result == 0) result = sys(SYS_inotify_add_watch, fd, room->path, leads ? mask & ~(uint32_t)IN_DONT_FOLLOW : mask | IN_DONT_FOLLOW);
  if (room) scratch_give(room);
  return result;
}

/* What the kernel says of a filesystem that cannot be marked: better than a mark that never hears anything. */
long on_fanotify_mark(long dirfd, const char *path) {
  struct place p;
  return place_at(dirfd, path, path ? 0 : WIRE_AT_EMPTY_PATH, &p) ? -ENODEV : NOT_OURS;
}

/* ---- after exec: descriptors that were opened by a mirror's name ---- */

static bool in_mirror(const char *target, size_t length) {
  size_t n = session.directory_length;
  return length > n + 3 && text_equal(target, session.directory, n) && target[n] == '/' && session_mirrored(target + n + 1, length - n - 1);
}

/* The name may be longer than what the caller has read of it. `link` leads there. */
static long recover(const char *link, struct shimfs_reply *out) {
  struct scratch *room = scratch_take();
  struct stat st;
  long n = room ? sys(SYS_readlinkat, AT_FDCWD, link, room->path, MAX_PATH) : -ENOMEM;
  size_t from = session.directory_length + 1;
  long result = n > (long)from && n < MAX_PATH && !sys(SYS_newfstatat, AT_FDCWD, link, &st, 0) ? 0 : -ENOENT;
  if (result == 0) {
    const struct shimfs_reply *reply;
    struct request q = {.op = OP_RECOVER, .path = room->path + from, .path_length = (uint32_t)(n - (long)from), .a = st.st_ino};
    result = link_begin(&q, &reply, NULL);
    *out = *reply;
    link_end();
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
