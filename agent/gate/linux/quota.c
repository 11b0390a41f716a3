/*
 * A session whose bytes are limited: what makes a file longer past the host asks it first.
 *
 * Bytes are promised before they are written, so that several writers cannot each take the last ones. A write that
 * stays inside the file asks nothing.
 */
#define _GNU_SOURCE
#include <sys/uio.h>
#include "../gate.h"
#include "../sys.h"
#include "calls.h"

enum { MOST_PIECES = 1024, KEEP_SIZE = 1, INSERT_RANGE = 0x20, UNKNOWN_SOURCE = 1 << 20 };

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

long quota_refuses(long nr, long fd, const struct arguments *a) {
  const struct fd_entry *e = fd_entry((int)fd);
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
  struct request q = {.op = OP_GROW, .a = e->oid, .b = (uint64_t)end};
  return link_ask(&q);
}
