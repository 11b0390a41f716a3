/* Darwin's structures, filled from a reply. */
#include <dirent.h>
#include <sys/mount.h>
#include "../os.h"
#include "../session.h"
#include "../text.h"

void fill_stat(struct stat *out, const struct shimfs_reply *r) {
  bytes_zero(out, sizeof *out);
  out->st_dev = (dev_t)session.shared->device;
  out->st_ino = r->ino;
  out->st_mode = (mode_t)r->mode;
  out->st_nlink = (nlink_t)(r->nlink < 0x7fff ? r->nlink : 0x7fff);
  out->st_uid = r->uid;
  out->st_gid = r->gid;
  out->st_rdev = (dev_t)r->rdev;
  out->st_size = (off_t)r->size;
  out->st_blksize = 4096;
  out->st_blocks = (blkcnt_t)r->blocks;
  out->st_atimespec = (struct timespec){r->atime_sec, r->atime_nsec};
  out->st_mtimespec = (struct timespec){r->mtime_sec, r->mtime_nsec};
  out->st_ctimespec = (struct timespec){r->ctime_sec, r->ctime_nsec};
  out->st_birthtimespec = (struct timespec){r->btime_sec, r->btime_nsec};
}

void fill_statfs(void *out, const struct shimfs_reply *r) {
  static const char name[] = "shimfs";
  struct statfs *s = out;
  bytes_zero(s, sizeof *s);
  s->f_bsize = 4096;
  s->f_iosize = 65536;
  s->f_blocks = r->blocks;
  s->f_bfree = s->f_bavail = r->size / 4096;
  s->f_files = r->ino;
  s->f_ffree = ~0u;
  s->f_fsid.val[0] = (int32_t)session.shared->device;
  bytes_copy(s->f_fstypename, name, sizeof name);
  bytes_copy(s->f_mntfromname, name, sizeof name);
  size_t n = session.mounts[0].length;
  if (n >= sizeof s->f_mntonname) n = sizeof s->f_mntonname - 1;
  bytes_copy(s->f_mntonname, session.mounts[0].path, n);
}

/* A record of __getdirentries64 and readdir. d_seekoff continues behind the entry. */
size_t put_entry(char *at, size_t room, const struct shimfs_dirent *e) {
  size_t name = e->name_length < sizeof((struct dirent *)0)->d_name ? e->name_length : sizeof((struct dirent *)0)->d_name - 1;
  size_t length = (offsetof(struct dirent, d_name) + name + 1 + 7) & ~7ul;
  if (length > room) return 0;
  struct dirent *d = (void *)at;
  bytes_zero(d, length);
  d->d_ino = e->ino;
  d->d_seekoff = e->next;
  d->d_reclen = (uint16_t)length;
  d->d_namlen = (uint16_t)name;
  d->d_type = e->type;
  bytes_copy(d->d_name, (const char *)(e + 1), name);
  return length;
}
_Static_assert(offsetof(struct dirent, d_seekoff) == 8 && offsetof(struct dirent, d_reclen) == 16 && offsetof(struct dirent, d_namlen) == 18 &&
                   offsetof(struct dirent, d_type) == 20 && offsetof(struct dirent, d_name) == 21,
               "the 64-bit-inode dirent");
