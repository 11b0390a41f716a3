/*
 * Directory streams. A virtual one is libc's own DIR on the placeholder's descriptor, so dirfd, closedir and the
 * lock are libc's; only the entries in its buffer are ours. (libc's readdir calls __getdirentries64, which is interposed
 * too; that reaches it only where dyld could patch libsystem_c.)
 */
#include <errno.h>
#include <pthread.h>
#include <unistd.h>
#include "../fd_index.h"
#include "../file.h"
#include "../namespace.h"
#include "../path.h"
#include "../session.h"
#include "../text.h"
#include "entry.h"
#include "listing.h"

static bool ours(const DIR *d) { return session.active && fd_kind(d->__dd_fd) == FD_DIRECTORY; }
static pthread_mutex_t *lock_of(DIR *d) { return (pthread_mutex_t *)(void *)&d->__dd_lock; }

DIR *my_fdopendir(int fd) { return fdopendir(fd); }

DIR *my_opendir(const char *path) {
  if (!session.active) return opendir(path);
  struct place p;
  if (!place_of(AT_FDCWD, path, &p)) {
    DIR *d = opendir(path);
    if (d || (errno != ENOENT && errno != ENOTDIR)) return d;
  }
  /* Ours; or a path that may lead to us by a symlink, which the dispatcher finds out. */
  int fd = (int)darwin_call(CALL_open_nocancel, ARGUMENTS(path, O_RDONLY | O_NONBLOCK | O_DIRECTORY | O_CLOEXEC));
  if (fd < 0) return NULL;
  DIR *d = fdopendir(fd);
  if (!d) {
    int why = errno;
    darwin_call(CALL_close_nocancel, ARGUMENTS(fd));
    errno = why;
  }
  return d;
}

/* With the stream's lock held. NULL at the end, and on an error, which sets errno. */
static struct dirent *next(DIR *d) {
  if (d->__dd_loc >= d->__dd_size) {
    int before = errno;
    long n = on_getdents(d->__dd_fd, d->__dd_buf, (size_t)d->__dd_len);
    errno = n < 0 ? (int)-n : before; /* only errno distinguishes the end from an error */
    d->__dd_loc = 0;
    d->__dd_size = n > 0 ? (size_t)n : 0;
    if (n <= 0) return NULL;
  }
  struct dirent *e = (void *)(d->__dd_buf + d->__dd_loc);
  d->__dd_loc += e->d_reclen;
  d->__dd_seek = (long)e->d_seekoff;
  return e;
}

struct dirent *my_readdir(DIR *d) {
  if (!ours(d)) return readdir(d);
  pthread_mutex_lock(lock_of(d));
  struct dirent *e = next(d);
  pthread_mutex_unlock(lock_of(d));
  return e;
}

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
int my_readdir_r(DIR *d, struct dirent *entry, struct dirent **result) {
  if (!ours(d)) return readdir_r(d, entry, result);
  int before = errno, why = 0;
  pthread_mutex_lock(lock_of(d));
  errno = 0;
  struct dirent *e = next(d);
  if (e) bytes_copy(entry, e, e->d_reclen);
  else why = errno;
  *result = e ? entry : NULL;
  pthread_mutex_unlock(lock_of(d));
  errno = before;
  return why;
}
#pragma clang diagnostic pop

int my_closedir(DIR *d) {
  if (ours(d)) on_close(d->__dd_fd); /* libc closes the descriptor from inside */
  return closedir(d);
}

long my_telldir(DIR *d) { return ours(d) ? d->__dd_seek : telldir(d); }

void my_seekdir(DIR *d, long place) {
  if (!ours(d)) return seekdir(d, place);
  pthread_mutex_lock(lock_of(d));
  lseek(d->__dd_fd, place, SEEK_SET);
  d->__dd_loc = d->__dd_size = 0;
  d->__dd_seek = place;
  pthread_mutex_unlock(lock_of(d));
}

void my_rewinddir(DIR *d) {
  if (!ours(d)) return rewinddir(d);
  my_seekdir(d, 0);
}
