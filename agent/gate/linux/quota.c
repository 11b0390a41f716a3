/*
 * A session with limited bytes: a call that makes a file longer asks the host first.
 *
 * Bytes are promised before they are written, so that several writers cannot each take the last ones. A write that
 * stays inside the file asks nothing. One that does not fit is a short write, as on a full disk.
 */
#define _GNU_SOURCE
#include <sys/uio.h>
#include "../connection.h"
#include "../fd_index.h"
#include "../file.h"
#include "../memory.h"
#include "../os.h"
#include "../session.h"
#include "calls.h"

enum { MOST_PIECES = 1024,
       KEEP_SIZE = 1,
       INSERT_RANGE = 0x20,
       UNKNOWN_SOURCE = 1 << 20 };

static size_t pieces_length(const struct iovec *piece, size_t count) {
  size_t sum = 0;
  if (count > MOST_PIECES || !readable(piece, count * sizeof *piece)) return 0;
  for (size_t i = 0; i < count; i++) sum += piece[i].iov_len;
  return sum;
}

static long offset_at(long pointer) { return pointer && readable((const void *)pointer, sizeof(long)) ? *(const long *)pointer : -1; }

/* Programs ask to copy far more than there is. */
static long rest_of(long fd, long at, long wanted) {
  struct stat st;
  long most = UNKNOWN_SOURCE;
  if (sys(SYS_fstat, fd, &st)) return 0;
  if (S_ISREG(st.st_mode)) {
    if (at < 0) at = sys(SYS_lseek, fd, 0, SEEK_CUR);
    most = st.st_size > at ? st.st_size - at : 0;
  } else if (S_ISFIFO(st.st_mode)) {
    most = sys(SYS_fcntl, fd, F_GETPIPE_SZ, 0);
  }
  return wanted < 0 || wanted > most ? most : wanted;
}

/* The first `most` bytes of a write of pieces, or of as many pieces as are looked at: a write may always be short. */
static long write_pieces(long nr, long fd, const struct arguments *a, size_t most) {
  const struct iovec *piece = (const struct iovec *)a->a2;
  struct iovec some[16];
  struct arguments changed = *a;
  int n = 0;
  for (; n < 16 && n < a->a3 && most; n++) {
    some[n] = piece[n];
    if (some[n].iov_len > most) some[n].iov_len = most;
    most -= some[n].iov_len;
  }
  changed.a2 = (long)some;
  changed.a3 = n;
  return native_write(nr, fd, &changed);
}

/* `most`: how many bytes of the write there is room for, -1 for all. Returns 0, or why there is none for any. */
static long admitted(long nr, long fd, const struct arguments *a, long *most) {
  const struct fd_entry *e = fd_entry((int)fd);
  *most = -1;
  if (!(session.shared->session_flags & SHARED_FLAG_QUOTA) || !e->oid) return 0;
  struct stat st;
  if (sys(SYS_fstat, fd, &st)) return 0;
  long at = -1, n = a->a3;
  switch (nr) {
    case SYS_write: break;
    case SYS_pwrite64: at = a->a4; break;
    case SYS_pwritev:
    case SYS_pwritev2: at = a->a4; /* fall through */
    case SYS_writev: n = (long)pieces_length((const struct iovec *)a->a2, (size_t)a->a3); break;
    case SYS_fallocate:
      if (a->a2 & KEEP_SIZE) return 0;
      at = a->a2 & INSERT_RANGE ? st.st_size : a->a3;
      n = a->a4;
      break;
    case SYS_sendfile: n = rest_of(a->a2, offset_at(a->a3), a->a4); break;
    default:
      at = offset_at(a->a4);
      n = rest_of(a->a1, offset_at(a->a2), a->a5);
  }
  if (nr != SYS_fallocate && sys(SYS_fcntl, fd, F_GETFL, 0) & O_APPEND) at = st.st_size;
  if (at < 0) at = sys(SYS_lseek, fd, 0, SEEK_CUR);
  long end;
  if (n <= 0 || at < 0 || __builtin_add_overflow(at, n, &end) || end <= st.st_size) return 0;
  const struct shimfs_reply *reply;
  struct request q = {.op = OP_GROW, .flags = nr != SYS_fallocate ? GROW_FLAG_PARTIAL : 0, .dir2 = (uint64_t)at, .a = e->oid, .b = (uint64_t)end};
  long result = host_begin(&q, &reply, NULL);
  if (result >= 0 && reply->ino < (uint64_t)end) *most = (long)reply->ino - at;
  host_end();
  return result < 0 ? result : 0;
}

long write_within_quota(long nr, long fd, const struct arguments *a) {
  long most, refused = admitted(nr, fd, a, &most);
  if (refused) return refused;
  if (most < 0) return native_write(nr, fd, a);
  struct arguments changed = *a;
  switch (nr) {
    case SYS_write:
    case SYS_pwrite64: changed.a3 = most; break;
    case SYS_sendfile: changed.a4 = most; break;
    case SYS_copy_file_range:
    case SYS_splice: changed.a5 = most; break;
    default: return write_pieces(nr, fd, a, (size_t)most);
  }
  return native_write(nr, fd, &changed);
}
