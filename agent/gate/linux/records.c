/* The kernel's structures, filled from a reply. */
#define _GNU_SOURCE
#include <linux/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include "../os.h"
#include "../session.h"
#include "../text.h"

void fill_stat(struct stat *out, const struct shimfs_reply *r) {
  bytes_zero(out, sizeof *out);
  out->st_dev = session.shared->device;
  out->st_ino = r->ino;
  out->st_mode = r->mode;
  out->st_nlink = r->nlink;
  out->st_uid = r->uid;
  out->st_gid = r->gid;
  out->st_rdev = r->rdev;
  out->st_size = (off_t)r->size;
  out->st_blksize = 4096;
  out->st_blocks = (blkcnt_t)r->blocks;
  out->st_atim = (struct timespec){r->atime_sec, r->atime_nsec};
  out->st_mtim = (struct timespec){r->mtime_sec, r->mtime_nsec};
  out->st_ctim = (struct timespec){r->ctime_sec, r->ctime_nsec};
}

static struct statx_timestamp stamp(int64_t sec, uint32_t nsec) {
  return (struct statx_timestamp){.tv_sec = sec, .tv_nsec = nsec};
}

void fill_statx(void *to, const struct shimfs_reply *r) {
  struct statx *out = to;
  bytes_zero(out, sizeof *out);
  out->stx_mask = STATX_BASIC_STATS | STATX_BTIME;
  out->stx_blksize = 4096;
  out->stx_nlink = r->nlink;
  out->stx_uid = r->uid;
  out->stx_gid = r->gid;
  out->stx_mode = (uint16_t)r->mode;
  out->stx_ino = r->ino;
  out->stx_size = r->size;
  out->stx_blocks = r->blocks;
  out->stx_atime = stamp(r->atime_sec, r->atime_nsec);
  out->stx_btime = stamp(r->btime_sec, r->btime_nsec);
  out->stx_ctime = stamp(r->ctime_sec, r->ctime_nsec);
  out->stx_mtime = stamp(r->mtime_sec, r->mtime_nsec);
  out->stx_rdev_major = major(r->rdev);
  out->stx_rdev_minor = minor(r->rdev);
  out->stx_dev_major = major(session.shared->device);
  out->stx_dev_minor = minor(session.shared->device);
}

void fill_statfs(void *out, const struct shimfs_reply *r) {
  struct statfs *s = out;
  bytes_zero(s, sizeof *s);
  s->f_type = 0x01021994; /* TMPFS_MAGIC: its semantics are the nearest */
  s->f_bsize = 4096;
  s->f_frsize = 4096;
  s->f_blocks = r->blocks;
  s->f_bfree = s->f_bavail = r->size / 4096;
  s->f_files = r->ino;
  s->f_ffree = ~0u;
  s->f_namelen = 255;
}

struct linux_dirent {
  uint64_t ino, off;
  uint16_t length;
  uint8_t type;
  char name[];
};

size_t put_entry(char *at, size_t room, const struct shimfs_dirent *e) {
  size_t length = (offsetof(struct linux_dirent, name) + e->name_length + 1 + 7) & ~7ul;
  if (length > room) return 0;
  struct linux_dirent *d = (void *)at;
  d->ino = e->ino;
  d->off = e->next;
  d->length = (uint16_t)length;
  d->type = e->type;
  bytes_copy(d->name, (const char *)(e + 1), e->name_length);
  bytes_zero(d->name + e->name_length, length - offsetof(struct linux_dirent, name) - e->name_length);
  return length;
}
