/*
 * Real files of an overlay that are read in place, and their readers when a file is copied up.
 *
 * The host raises the inode's counter before it answers the open of a writer. A reader that finds it raised
 * asks, and gets a descriptor of the copy, at its own offset: the same for all holders of its description, in this
 * process and in others. The cost of a read that moves nowhere is a look at that counter.
 */
#define _GNU_SOURCE
#include "../connection.h"
#include "../fd_index.h"
#include "../os.h"
#include "../process.h"
#include "../session.h"
#include "../text.h"
#include "in_place.h"

static uint32_t counter_of(uint64_t ino) {
  return __atomic_load_n(&session.generations[1 + ino % (SHIMFS_GENERATIONS - 1)], __ATOMIC_ACQUIRE);
}

bool read_in_place(long fd) { return fd_kind(fd) == FD_FILE && fd_entry((int)fd)->in_place; }

/* A lock of this process is on the real file, and would be lost with the descriptor. */
static bool is_locked(int fd) {
  char name[40] = "/proc/self/fdinfo/", text[1024];
  text_number(name + 18, (uint64_t)fd);
  long info = sys(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC);
  if (info < 0) return false;
  long n = sys(SYS_read, info, text, sizeof text);
  sys(SYS_close, info);
  for (long i = 0; i + 6 <= n; i++)
    if (text_equal(text + i, "\nlock:", 6)) return true;
  return false;
}

static bool is_part(int fd, uint64_t reader) { return read_in_place(fd) && fd_entry(fd)->oid == reader; }

/* Every descriptor of that description stands on the copy from now on. */
static void move(uint64_t reader, const struct shimfs_reply *copy, int passed) {
  for (int fd = 0; fd <= fd_highest(); fd++) {
    if (!is_part(fd, reader)) continue;
    struct fd_entry *e = fd_entry(fd);
    long kept = sys(SYS_fcntl, fd, F_GETFD);
    if (kept < 0 || sys(SYS_dup3, passed, fd, kept & FD_CLOEXEC ? O_CLOEXEC : 0) < 0) continue;
    e->oid = copy->oid;
    e->slot = copy->slot;
    __atomic_store_n(&e->in_place, 0, __ATOMIC_RELEASE);
  }
}

__attribute__((noinline)) static void ask(int fd, struct fd_entry *e) {
  uint64_t reader = e->oid;
  uint32_t holds = 0, seen = counter_of(e->ino);
  for (int i = 0; i <= fd_highest(); i++) holds += is_part(i, reader);
  long at = sys(SYS_lseek, fd, 0, SEEK_CUR);
  struct shimfs_reply reply;
  struct request q = {.op = OP_REPOINT, .flags = (is_locked(fd) ? REPOINT_FLAG_LOCKED : 0) | (e->mapped ? REPOINT_FLAG_MAPPED : 0), .mode = holds, .dir = e->ino, .a = reader, .b = at < 0 ? 0 : (uint64_t)at};
  int passed = -1;
  long result = host_receive(&q, &reply, &passed);
  if (result >= 0 && passed >= 0) move(reader, &reply, passed);
  else if (result >= 0 && !(reply.reply_flags & REPLY_FLAG_RETRY) && is_part(fd, reader)) e->generation = seen;
  if (passed >= 0) sys(SYS_close, passed);
}

void follow_copy(long fd) {
  if (!read_in_place(fd)) return;
  struct fd_entry *e = fd_entry((int)fd);
  /* A vfork child's table is its parent's, its descriptors are not. */
  if (counter_of(e->ino) != e->generation && !in_vfork_child()) ask((int)fd, e);
}

void follow_copies(void) {
  for (int fd = 0; session.overlays && fd <= fd_highest(); fd++) follow_copy(fd);
}

void mapped_in_place(long fd) {
  if (read_in_place(fd)) fd_entry((int)fd)->mapped = 1;
}

/* An inherited descriptor of a real file: the host knows the other holders of its description. */
void adopt_in_place(int fd, const char *path, uint32_t flags) {
  const struct shimfs_reply *reply;
  struct request q = {.op = OP_ADOPT, .path = path, .path_length = (uint32_t)text_length(path), .a = (uint64_t)fd};
  if (host_begin(&q, &reply, NULL) >= 0) fd_assign_in_place(fd, reply, flags);
  host_end();
}
