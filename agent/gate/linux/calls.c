/* Handlers of Linux's system calls: the short ones, and the switch over all. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "../attributes.h"
#include "../cache.h"
#include "../calls.h"
#include "../connection.h"
#include "../cwd.h"
#include "../exec.h"
#include "../fd_index.h"
#include "../file.h"
#include "../memory.h"
#include "../namespace.h"
#include "../os.h"
#include "../path.h"
#include "../process.h"
#include "../session.h"
#include "call_table.h"
#include "calls.h"
#include "in_place.h"
#include "numbers.h"
#include "raw_calls.h"
#include "watch.h"

__attribute__((unused)) static long set_times(long dirfd, const char *path, const void *times, bool micro, long flags) {
  if (!micro || !times) return on_utimens(dirfd, path, times, flags);
  if (!readable(times, 32)) return -EFAULT;
  const struct timeval {
    long sec, usec;
  } *t = times;
  struct timespec exact[2] = {{t[0].sec, t[0].usec * 1000}, {t[1].sec, t[1].usec * 1000}};
  return on_utimens(dirfd, path, exact, flags);
}

__attribute__((unused)) static long set_seconds(const char *path, const long *t) {
  struct timespec exact[2] = {{t ? t[0] : 0, t ? 0 : UTIME_NOW}, {t ? t[1] : 0, t ? 0 : UTIME_NOW}};
  return on_utimens(AT_FDCWD, path, exact, 0);
}

static long write_to(long nr, long fd, const struct arguments *a) { return fd_kind(fd) == FD_FILE ? write_within_quota(nr, fd, a) : NOT_OURS; }

static long write_from(long nr, long from, long to, const struct arguments *a) {
  follow_copy(from);
  return write_to(nr, to, a);
}

static long read_from(long fd) {
  follow_copy(fd);
  return NOT_OURS;
}

static long truncate_descriptor(long fd, long size) {
  bool file = fd_kind(fd) == FD_FILE && !(fd_entry((int)fd)->flags & O_PATH);
  if (file && (fd_entry((int)fd)->flags & O_ACCMODE) == O_RDONLY) return -EINVAL;
  return on_fd_op(OP_TRUNCATE, fd, 0, (uint64_t)size, 0);
}

static long change_directory(long nr, const struct arguments *a) {
  struct place p;
  if (place_at(AT_FDCWD, P1, 0, &p)) return on_chdir(P1);
  long result = native_call(nr, a);
  if (result == 0) cwd_changed(0);
  return result == -ENOENT || result == -ENOTDIR ? NOT_OURS : result;
}

static long change_umask(long mask) {
  if (!in_vfork_child()) process_umask = (uint32_t)mask & 0777;
  return NOT_OURS;
}

/* setfsuid(2) returns the former id also when it fails, so it always counts as a change. */
static long change_credentials(long nr, const struct arguments *a) {
  long result = native_call(nr, a);
  if (result < 0 || in_vfork_child()) return result;
  struct request q = {.op = OP_CREDENTIALS, .a = (uint64_t)sys(SYS_gettid)};
  host_ask(&q);
  cache_forget(); /* another user has other rights */
  return result;
}

static bool is_error(long result) { return result < 0 && result > -4096; }

static long map_file(long nr, const struct arguments *a) {
  if (session.overlays && !(a->a4 & MAP_ANONYMOUS)) follow_copy(a->a5), mapped_in_place(a->a5);
  bool code = a->a3 & PROT_EXEC && a->a3 & PROT_READ && !(a->a4 & MAP_ANONYMOUS);
  if (fd_kind(a->a5) != FD_FILE && !(a->a4 & MAP_FIXED) && !code) return NOT_OURS;
  if (a->a4 & MAP_FIXED) {
    mapping_gone((uintptr_t)a->a1, (size_t)a->a2);
    memory_changed();
  }
  long at = native_call(nr, a);
  if (code && !is_error(at)) {
    long refused = cover_mapped_code((uint8_t *)at, (size_t)a->a2, (int)a->a5, (uint64_t)a->a6);
    if (refused) return sys(SYS_munmap, at, a->a2), refused;
  }
  bool shared = (a->a4 & MAP_TYPE) == MAP_SHARED || (a->a4 & MAP_TYPE) == MAP_SHARED_VALIDATE;
  if (!is_error(at) && shared && a->a3 & PROT_WRITE && !(a->a4 & MAP_ANONYMOUS) && fd_kind(a->a5) == FD_FILE)
    mapping_made(at, (size_t)a->a2, (int)a->a5);
  return at;
}

static long unmap(long start, long length) {
  mapping_gone((uintptr_t)start, (size_t)length);
  memory_changed();
  return NOT_OURS;
}

static long remap(long start, long length) {
  mapping_synced((uintptr_t)start, (size_t)length);
  memory_changed();
  return NOT_OURS;
}

static long end_process(void) {
  if (!in_vfork_child()) mapping_end();
  return NOT_OURS;
}

#define CASE(name, dir, path, dir2, path2, fd, follow, flags, unfollowed, bits, handler) \
  case SYS_##name: return handler;

long handle_call(long nr, struct arguments *a) {
  switch (nr) {
#ifdef SYS_open
    LEGACY_CALLS(CASE)
#endif
    GENERAL_CALLS(CASE)
    default: return NOT_OURS;
  }
}
