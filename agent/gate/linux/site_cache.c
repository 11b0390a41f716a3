/*
 * Where the call sites of a library are, remembered for the session: the scan of a libc's text costs more than
 * all else at a process's start. A list is used only as a hint; each site's bytes are compared before patching.
 */
#define _GNU_SOURCE
#include "../os.h"
#include "../process.h"
#include "../session.h"
#include "../text.h"
#include "patch.h"

/* `<object dir>/sites.<inode>.<mtime>.<size>` of the library's file. */
static bool cache_path(const struct text_range *text, char *out) {
  struct stat st;
  if (!text->name || !text->name[0] || sys(SYS_newfstatat, AT_FDCWD, text->name, &st, 0)) return false;
  session_object_path(out, "sites.", NULL);
  char *at = text_number(out + text_length(out), st.st_ino);
  *at++ = '.';
  at = text_number(at, (uint64_t)st.st_mtim.tv_sec);
  *at++ = '.';
  text_number(at, (uint64_t)st.st_size);
  return true;
}

int sites_load(const struct text_range *text, struct site_mark *out, int capacity) {
  char path[400];
  if (!cache_path(text, path)) return 0;
  long fd = sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  long n = sys(SYS_read, fd, out, (size_t)capacity * sizeof *out);
  sys(SYS_close, fd);
  return n > 0 ? (int)(n / (long)sizeof *out) : 0;
}

void sites_store(const struct text_range *text, const struct site_mark *marks, int count) {
  char path[400], building[440];
  if (!cache_path(text, path)) return;
  size_t n = text_length(path);
  bytes_copy(building, path, n);
  building[n] = '.';
  text_number(building + n + 1, (uint64_t)self_pid);
  long fd = sys(SYS_openat, AT_FDCWD, building, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return;
  long bytes = count * (long)sizeof *marks;
  long written = sys(SYS_write, fd, marks, bytes);
  sys(SYS_close, fd);
  if (written == bytes) sys(SYS_renameat, AT_FDCWD, building, AT_FDCWD, path);
  else sys(SYS_unlinkat, AT_FDCWD, building, 0);
}
