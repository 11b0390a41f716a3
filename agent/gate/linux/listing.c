/* Mount points have no name on the real filesystem; the listing of the directory above shows them all the same. */
#define _GNU_SOURCE
#include "../connection.h"
#include "../mounts.h"
#include "../os.h"
#include "../session.h"
#include "../text.h"
#include "calls.h"

struct linux_dirent {
  uint64_t ino, off;
  uint16_t length;
  uint8_t type;
  char name[];
};

/* Of each mount's parent, as seen at the session's start. */
static struct {
  uint64_t device, inode; /* 0: there is no such directory */
  const char *name;
} parents[64];

void listing_start(void) {
  char path[MAX_PATH / 4];
  for (uint32_t i = 0; i < session.mount_count; i++) {
    const struct mount_point *m = &session.mounts[i];
    uint32_t n = m->length;
    struct stat st;
    while (n && m->path[n - 1] != '/') n--;
    if (!n || n >= sizeof path) continue;
    bytes_copy(path, m->path, n);
    path[n] = 0;
    if (under_mount(path) || sys(SYS_newfstatat, AT_FDCWD, path, &st, 0)) continue;
    parents[i].device = st.st_dev;
    parents[i].inode = st.st_ino;
    parents[i].name = m->path + n;
  }
}

static uint64_t inode_of(const char *mount) {
  const struct shimfs_reply *reply;
  struct request q = {.op = OP_STAT, .path = mount, .path_length = (uint32_t)text_length(mount)};
  uint64_t ino = host_begin(&q, &reply, NULL) == 0 ? reply->ino : 0;
  host_end();
  return ino;
}

/* It shares the cookie of the first record: a listing that continues there finds the second record next. */
static long insert(long fd, char *out, long used, size_t size, uint32_t mount) {
  const char *name = parents[mount].name;
  size_t n = text_length(name), length = (offsetof(struct linux_dirent, name) + n + 1 + 7) & ~7ul;
  struct linux_dirent *first = (void *)out;
  long keep = used;
  /* The last ones make room, and come again with the next call. */
  while (keep + length > size) {
    long last = 0, before = 0;
    for (long at = 0; at < keep; at += ((struct linux_dirent *)(void *)(out + at))->length) before = last, last = at;
    if (last == 0) return used;
    keep = last;
    sys(SYS_lseek, fd, ((struct linux_dirent *)(void *)(out + before))->off, SEEK_SET);
  }
  uint64_t ino = inode_of(session.mounts[mount].path);
  if (!ino) return used;
  char *at = out + first->length;
  for (char *p = out + keep; p-- > at;) p[length] = *p;
  struct linux_dirent *d = (void *)at;
  *d = (struct linux_dirent){.ino = ino, .off = first->off, .length = (uint16_t)length, .type = 4 /* DT_DIR */};
  bytes_zero(d->name, length - offsetof(struct linux_dirent, name));
  bytes_copy(d->name, name, n);
  return keep + (long)length;
}

long list_foreign(long fd, char *out, size_t size) {
  long at = sys(SYS_lseek, fd, 0, SEEK_CUR);
  long used = sys(SYS_getdents64, fd, out, size);
  struct stat st;
  /* Only at a listing's beginning it costs a question. */
  if (at || used <= 0 || sys(SYS_fstat, fd, &st)) return used;
  for (uint32_t i = 0; i < session.mount_count; i++) {
    struct stat there;
    if (!parents[i].inode || parents[i].inode != st.st_ino || parents[i].device != st.st_dev) continue;
    if (sys(SYS_newfstatat, fd, parents[i].name, &there, AT_SYMLINK_NOFOLLOW) == -ENOENT) used = insert(fd, out, used, size, i);
  }
  return used;
}
