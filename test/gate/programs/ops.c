/*
 * Executes a script of file operations, a line each, and prints their results: for a real directory and a virtual
 * directory, the outputs must be equal.
 *
 *     ops BASE < script
 *
 * `@` at a word's start is the script's own directory, `%N` a numbered descriptor, `cwd` AT_FDCWD; numbers may be
 * sums of the names below. `begin NAME` starts a new script in a directory of its own.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <fts.h>
#include <glob.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#define TABLE_ENTRY(name) {#name, name}
static const struct {
  const char *name;
  long value;
} names[] = {
    TABLE_ENTRY(O_RDONLY), TABLE_ENTRY(O_WRONLY), TABLE_ENTRY(O_RDWR), TABLE_ENTRY(O_CREAT), TABLE_ENTRY(O_EXCL),
    TABLE_ENTRY(O_TRUNC), TABLE_ENTRY(O_APPEND), TABLE_ENTRY(O_DIRECTORY), TABLE_ENTRY(O_NOFOLLOW), TABLE_ENTRY(O_PATH),
    TABLE_ENTRY(O_TMPFILE), TABLE_ENTRY(O_CLOEXEC), TABLE_ENTRY(O_NOATIME), TABLE_ENTRY(O_NONBLOCK), TABLE_ENTRY(AT_FDCWD), TABLE_ENTRY(AT_EMPTY_PATH),
    TABLE_ENTRY(AT_SYMLINK_NOFOLLOW), TABLE_ENTRY(AT_SYMLINK_FOLLOW), TABLE_ENTRY(AT_REMOVEDIR), TABLE_ENTRY(AT_EACCESS),
    TABLE_ENTRY(RENAME_NOREPLACE), TABLE_ENTRY(RENAME_EXCHANGE), TABLE_ENTRY(SEEK_SET), TABLE_ENTRY(SEEK_CUR),
    TABLE_ENTRY(SEEK_END), TABLE_ENTRY(SEEK_DATA), TABLE_ENTRY(SEEK_HOLE), TABLE_ENTRY(FALLOC_FL_KEEP_SIZE),
    TABLE_ENTRY(FALLOC_FL_PUNCH_HOLE), TABLE_ENTRY(F_OK), TABLE_ENTRY(R_OK), TABLE_ENTRY(W_OK), TABLE_ENTRY(X_OK),
    TABLE_ENTRY(LOCK_EX), TABLE_ENTRY(LOCK_SH), TABLE_ENTRY(LOCK_NB), TABLE_ENTRY(LOCK_UN), TABLE_ENTRY(XATTR_CREATE),
    TABLE_ENTRY(XATTR_REPLACE), TABLE_ENTRY(F_GETFL), TABLE_ENTRY(F_GETFD), TABLE_ENTRY(F_DUPFD), TABLE_ENTRY(F_DUPFD_CLOEXEC),
    TABLE_ENTRY(F_SETFL), TABLE_ENTRY(F_SETFD), TABLE_ENTRY(UTIME_NOW), TABLE_ENTRY(UTIME_OMIT), TABLE_ENTRY(S_IFIFO),
    TABLE_ENTRY(S_IFREG), TABLE_ENTRY(S_IFDIR), TABLE_ENTRY(PROT_READ), TABLE_ENTRY(PROT_WRITE)};

static char root[PATH_MAX], base[PATH_MAX + 256];
static int fds[32];
static DIR *streams[32];
static long places[32];
static char *words[16];
static int line;

/* A path, with `*N*x` standing for N times the letter x. */
static const char *text(int i) {
  static char out[16][3 * PATH_MAX];
  const char *word = words[i] ? words[i] : "";
  char *to = out[i];
  if (!strcmp(word, "NULL")) return NULL;
  if (!strcmp(word, "EMPTY")) return "";
  if (*word == '@') to = stpcpy(to, base), word++;
  while (*word) {
    if (*word == '*' && word[1] >= '0' && word[1] <= '9') {
      char *end;
      long n = strtol(word + 1, &end, 10);
      while (n--) *to++ = end[1];
      word = end + 2;
    } else *to++ = *word++;
  }
  *to = 0;
  return out[i];
}

static long number(int i) {
  char *word = words[i], copy[256], *save = NULL;
  long sum = 0;
  if (!word) return 0;
  if (*word == '%') return fds[atoi(word + 1)];
  if (!strcmp(word, "cwd")) return AT_FDCWD;
  snprintf(copy, sizeof copy, "%s", word);
  for (char *part = strtok_r(copy, "|", &save); part; part = strtok_r(NULL, "|", &save)) {
    char *end;
    long value = strtol(part, &end, 0);
    for (unsigned k = 0; *end && k < sizeof names / sizeof *names; k++)
      if (!strcmp(names[k].name, part)) value = names[k].value, end = "";
    if (*end) printf("unknown constant %s\n", part), exit(2);
    sum |= value;
  }
  return sum;
}

static int slot(int i) { return atoi(words[i] + 1); }

/* Anything printed has the root's name taken out of it. */
static void say_text(const char *s) {
  const char *at;
  while ((at = strstr(s, root))) {
    printf("%.*s@@", (int)(at - s), s);
    s = at + strlen(root);
  }
  printf("%s", s);
}

static long say(long result) {
  if (result < 0) printf(" -1 %s", strerrorname_np(errno));
  else printf(" %ld", result);
  return result;
}

static void keep(int i, long fd) {
  say(fd);
  if (fd >= 0) fds[slot(i)] = (int)fd;
}

static void say_stat(long result, const struct stat *s) {
  if (say(result) < 0) return;
  printf(" %o nlink=%ld uid=%d gid=%d", s->st_mode, (long)s->st_nlink, s->st_uid, s->st_gid);
  if (!S_ISDIR(s->st_mode)) printf(" size=%ld", (long)s->st_size);
}

static void say_bytes(const char *bytes, long n) {
  if (n > 60) {
    unsigned sum = 0;
    for (long i = 0; i < n; i++) sum = sum * 31 + (unsigned char)bytes[i];
    printf(" sum=%u", sum);
    return;
  }
  printf(" '");
  for (long i = 0; i < n; i++)
    if (bytes[i] >= 32 && bytes[i] < 127) putchar(bytes[i]);
    else printf("\\%02x", (unsigned char)bytes[i]);
  printf("'");
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static char *gathered[4096];
static int gathered_count;
static void gather(const char *kind, const char *name) {
  char whole[PATH_MAX * 2];
  snprintf(whole, sizeof whole, "%s:%s", kind, name);
  if (gathered_count < 4096) gathered[gathered_count++] = strdup(whole);
}
static void say_gathered(void) {
  qsort(gathered, (size_t)gathered_count, sizeof *gathered, by_text);
  for (int i = 0; i < gathered_count; i++) {
    putchar(' ');
    say_text(gathered[i]);
    free(gathered[i]);
  }
  gathered_count = 0;
}

static const char *type_name(int type) {
  return type == DT_DIR ? "d" : type == DT_REG ? "f"
      : type == DT_LNK                         ? "l"
      : type == DT_FIFO                        ? "p"
      : type == DT_SOCK                        ? "s"
                                               : "?";
}

static int visit(const char *path, const struct stat *s, int flag, struct FTW *f) {
  char kind[32];
  snprintf(kind, sizeof kind, "%d.%d.%o", flag, f->level, s->st_mode);
  gather(kind, path);
  return 0;
}

static void list_stream(DIR *d) {
  struct dirent *e;
  errno = 0;
  while ((e = readdir(d))) gather(type_name(e->d_type), e->d_name);
  if (errno) printf(" %s", strerrorname_np(errno));
  say_gathered();
}

/* Raw records in a buffer of the given size: every name once, with the inode numbers of stat. */
static void list_raw(int fd, size_t size) {
  char buffer[65536] __attribute__((aligned(8)));
  long n, wrong = 0;
  while ((n = syscall(SYS_getdents64, fd, buffer, size)) > 0)
    for (long at = 0; at < n;) {
      struct dirent64 *e = (void *)(buffer + at);
      struct stat s;
      gather(type_name(e->d_type), e->d_name);
      if (strcmp(e->d_name, "..") && !fstatat(fd, e->d_name, &s, AT_SYMLINK_NOFOLLOW) && s.st_ino != e->d_ino) wrong++;
      at += e->d_reclen;
    }
  if (n < 0) printf(" -1 %s", strerrorname_np(errno));
  if (wrong) printf(" %ld wrong inode numbers", wrong);
  say_gathered();
}

static void walk_fts(const char *path) {
  char *paths[] = {(char *)path, NULL};
  FTS *f = fts_open(paths, FTS_PHYSICAL, NULL);
  for (FTSENT *e; f && (e = fts_read(f));) {
    char kind[32];
    snprintf(kind, sizeof kind, "%d.%d", e->fts_info, e->fts_level);
    gather(kind, e->fts_path);
  }
  if (f) fts_close(f);
  say_gathered();
}

static struct timespec remembered[2];
static const char *changed(struct timespec a, struct timespec b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec ? "same" : a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec) ? "later"
                                                                                                                                          : "earlier";
}

static void lock_in_child(int fd, int exclusive) {
  fflush(stdout);
  pid_t child = fork();
  if (!child) {
    struct flock l = {.l_type = exclusive ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};
    _exit(fcntl(fd, F_SETLK, &l) ? errno : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  printf(" child %d", WEXITSTATUS(status));
}

static void begin(void) {
  for (int i = 0; i < 32; i++) {
    if (streams[i]) closedir(streams[i]), streams[i] = NULL;
    if (fds[i] > 2) close(fds[i]);
    fds[i] = -1;
  }
  umask(022);
  snprintf(base, sizeof base, "%s/%.200s", root, words[1]);
  mkdir(base, 0755);
  if (chdir(base)) printf(" chdir %s", strerrorname_np(errno));
}

static void step(const char *op) {
  char buffer[65536];
  struct stat s;
  long n;
#define IS(name) if (!strcmp(op, name))
  IS("begin")
  return begin();
  /* opening and closing */
  IS("open")
  return keep(1, open(text(2), number(3), number(4)));
  IS("openat")
  return keep(1, openat(number(2), text(3), number(4), number(5)));
  IS("creat")
  return keep(1, creat(text(2), number(3)));
  IS("close")
  return (void)say(close(number(1)));
  IS("dup")
  return keep(1, dup(number(2)));
  IS("dup2")
  return (void)say(dup2(number(1), number(2)));
  IS("dup3")
  return (void)say(dup3(number(1), number(2), number(3)));
  IS("fcntl")
  return (void)say(fcntl(number(1), number(2), number(3)));
  IS("dupfd")
  return keep(1, fcntl(number(2), F_DUPFD, number(3)));
  IS("pipe") {
    int p[2];
    say(pipe(p));
    fds[slot(1)] = p[0];
    fds[slot(2)] = p[1];
    return;
  }
  /* bytes */
  IS("read")
  return n = say(read(number(1), buffer, number(2))),
         say_bytes(buffer, n);
  IS("pread")
  return n = say(pread(number(1), buffer, number(2), number(3))),
         say_bytes(buffer, n);
  IS("readv") {
    struct iovec v[2] = {{buffer, 3}, {buffer + 3, 100}};
    return n = say(readv(number(1), v, 2)), say_bytes(buffer, n);
  }
  IS("write")
  return (void)say(write(number(1), text(2), strlen(text(2))));
  IS("fill")
  return memset(buffer, 'x', sizeof buffer), (void)say(write(number(1), buffer, number(2)));
  IS("pwrite")
  return (void)say(pwrite(number(1), text(2), strlen(text(2)), number(3)));
  IS("writev") {
    struct iovec v[2] = {{(void *)text(2), strlen(text(2))}, {(void *)text(3), strlen(text(3))}};
    return (void)say(writev(number(1), v, 2));
  }
  IS("pwritev") {
    struct iovec v[1] = {{(void *)text(2), strlen(text(2))}};
    return (void)say(pwritev(number(1), v, 1, number(3)));
  }
  IS("lseek")
  return (void)say(lseek(number(1), number(2), number(3)));
  IS("ftruncate")
  return (void)say(ftruncate(number(1), number(2)));
  IS("truncate")
  return (void)say(truncate(text(1), number(2)));
  IS("fallocate")
  return (void)say(fallocate(number(1), number(2), number(3), number(4)));
  IS("posix_fallocate")
  return errno = posix_fallocate(number(1), number(2), number(3)),
         (void)say(errno ? -1 : 0);
  IS("fsync")
  return (void)say(fsync(number(1)));
  IS("sendfile")
  return (void)say(sendfile(number(1), number(2), NULL, number(3)));
  IS("copy_file_range")
  return (void)say(copy_file_range(number(1), NULL, number(2), NULL, number(3), 0));
  IS("splice")
  return (void)say(splice(number(1), NULL, number(2), NULL, number(3), 0));
  IS("cat") {
    int fd = open(text(1), O_RDONLY);
    if (fd < 0) return (void)say(-1);
    n = say(read(fd, buffer, sizeof buffer));
    say_bytes(buffer, n);
    close(fd);
    return;
  }
  IS("put") {
    int fd = open(text(1), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd < 0) return (void)say(-1);
    say(write(fd, text(2), strlen(text(2))));
    close(fd);
    return;
  }
  IS("map") { /* fd, text: written through a shared map */
    char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, number(1), 0);
    if (p == MAP_FAILED) return (void)say(-1);
    memcpy(p, text(2), strlen(text(2)));
    say(msync(p, 4096, MS_SYNC));
    munmap(p, 4096);
    return;
  }
  /* attributes */
  IS("stat")
  return n = stat(text(1), &s),
         say_stat(n, &s);
  IS("lstat")
  return n = lstat(text(1), &s),
         say_stat(n, &s);
  IS("fstat")
  return n = fstat(number(1), &s),
         say_stat(n, &s);
  IS("fstatat")
  return n = fstatat(number(1), text(2), &s, number(3)),
         say_stat(n, &s);
  IS("statx") {
    struct statx x;
    if (say(syscall(SYS_statx, number(1), text(2), number(3), STATX_BASIC_STATS, &x)) < 0) return;
    printf(" %o nlink=%u uid=%u gid=%u", x.stx_mode, x.stx_nlink, x.stx_uid, x.stx_gid);
    if (!S_ISDIR(x.stx_mode)) printf(" size=%lld", (long long)x.stx_size);
    return;
  }
  IS("same") { /* whether two paths are the same file */
    struct stat t;
    if (lstat(text(1), &s) || lstat(text(2), &t)) return (void)say(-1);
    printf(" %s", s.st_ino == t.st_ino && s.st_dev == t.st_dev ? "same" : "different");
    return;
  }
  IS("times") {
    if (say(lstat(text(1), &s)) < 0) return;
    printf(" %ld.%09ld %ld.%09ld", (long)s.st_atim.tv_sec, s.st_atim.tv_nsec, (long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
    return;
  }
  IS("remember") { /* times of a path, and some time passes */
    say(lstat(text(1), &s));
    remembered[0] = s.st_mtim;
    remembered[1] = s.st_ctim;
    usleep(12000);
    return;
  }
  IS("compare") {
    if (say(lstat(text(1), &s)) < 0) return;
    printf(" mtime %s ctime %s", changed(remembered[0], s.st_mtim), changed(remembered[1], s.st_ctim));
    return;
  }
  IS("statfs") {
    struct statfs f;
    if (say(statfs(text(1), &f)) == 0) printf(" namelen=%ld", (long)f.f_namelen);
    return;
  }
  IS("access")
  return (void)say(access(text(1), number(2)));
  IS("faccessat")
  return (void)say(faccessat(number(1), text(2), number(3), number(4)));
  IS("faccessat2")
  return (void)say(syscall(SYS_faccessat2, number(1), text(2), number(3), number(4)));
  IS("chmod")
  return (void)say(chmod(text(1), number(2)));
  IS("fchmod")
  return (void)say(fchmod(number(1), number(2)));
  IS("fchmodat")
  return (void)say(fchmodat(number(1), text(2), number(3), number(4)));
  IS("chown")
  return (void)say(chown(text(1), number(2), number(3)));
  IS("lchown")
  return (void)say(lchown(text(1), number(2), number(3)));
  IS("fchown")
  return (void)say(fchown(number(1), number(2), number(3)));
  IS("fchownat")
  return (void)say(fchownat(number(1), text(2), number(3), number(4), number(5)));
  IS("utimensat") {
    struct timespec t[2] = {{number(3), number(4)}, {number(5), number(6)}};
    return (void)say(utimensat(number(1), text(2), t, number(7)));
  }
  IS("futimens") {
    struct timespec t[2] = {{number(2), 5}, {number(3), 6}};
    return (void)say(futimens(number(1), t));
  }
  IS("utimes") {
    struct timeval t[2] = {{number(2), 7}, {number(3), 8}};
    return (void)say(utimes(text(1), t));
  }
  IS("lutimes") {
    struct timeval t[2] = {{number(2), 7}, {number(3), 8}};
    return (void)say(lutimes(text(1), t));
  }
  IS("utime") {
    struct utimbuf t = {number(2), number(3)};
    return (void)say(utime(text(1), &t));
  }
  IS("umask")
  return (void)printf(" %o", umask(number(1)));
  /* names */
  IS("mkdir")
  return (void)say(mkdir(text(1), number(2)));
  IS("mkdirat")
  return (void)say(mkdirat(number(1), text(2), number(3)));
  IS("rmdir")
  return (void)say(rmdir(text(1)));
  IS("unlink")
  return (void)say(unlink(text(1)));
  IS("unlinkat")
  return (void)say(unlinkat(number(1), text(2), number(3)));
  IS("remove")
  return (void)say(remove(text(1)));
  IS("rename")
  return (void)say(rename(text(1), text(2)));
  IS("renameat")
  return (void)say(renameat(number(1), text(2), number(3), text(4)));
  IS("renameat2")
  return (void)say(renameat2(number(1), text(2), number(3), text(4), number(5)));
  IS("link")
  return (void)say(link(text(1), text(2)));
  IS("linkat")
  return (void)say(linkat(number(1), text(2), number(3), text(4), number(5)));
  IS("symlink")
  return (void)say(symlink(text(1), text(2)));
  IS("symlinkat")
  return (void)say(symlinkat(text(1), number(2), text(3)));
  IS("mkfifo")
  return (void)say(mkfifo(text(1), number(2)));
  IS("mknod")
  return (void)say(mknod(text(1), number(2), 0));
  IS("readlink") {
    n = say(readlink(text(1), buffer, number(2) ? number(2) : (long)sizeof buffer));
    if (n >= 0) buffer[n] = 0, putchar(' '), say_text(buffer);
    return;
  }
  IS("readlinkat") {
    n = say(readlinkat(number(1), text(2), buffer, sizeof buffer));
    if (n >= 0) buffer[n] = 0, putchar(' '), say_text(buffer);
    return;
  }
  IS("realpath") {
    char *r = realpath(text(1), buffer);
    if (!r) return (void)say(-1);
    putchar(' ');
    return say_text(r);
  }
  IS("chdir")
  return (void)say(chdir(text(1)));
  IS("fchdir")
  return (void)say(fchdir(number(1)));
  IS("getcwd") {
    char *r = getcwd(buffer, number(1) ? number(1) : (long)sizeof buffer);
    if (!r) return (void)say(-1);
    putchar(' ');
    return say_text(r);
  }
  /* listing */
  IS("ls") {
    DIR *d = opendir(text(1));
    if (!d) return (void)say(-1);
    list_stream(d);
    closedir(d);
    return;
  }
  IS("opendir")
  return streams[slot(1)] = opendir(text(2)),
         (void)say(streams[slot(1)] ? 0 : -1);
  IS("fdopendir")
  return streams[slot(1)] = fdopendir(number(2)),
         (void)say(streams[slot(1)] ? 0 : -1);
  IS("readdir") { /* how many entries */
    for (n = 0; n < number(2) && readdir(streams[slot(1)]);) n++;
    return (void)printf(" %ld", n);
  }
  IS("rest")
  return list_stream(streams[slot(1)]);
  IS("telldir")
  return (void)(places[slot(1)] = telldir(streams[slot(1)]));
  IS("seekdir")
  return seekdir(streams[slot(1)], places[slot(1)]);
  IS("rewinddir")
  return rewinddir(streams[slot(1)]);
  IS("closedir") {
    say(closedir(streams[slot(1)]));
    streams[slot(1)] = NULL;
    return;
  }
  IS("getdents")
  return list_raw(number(1), number(2));
  IS("list")
  return lseek(number(1), 0, SEEK_SET), list_raw(number(1), 4096);
  IS("seek") { /* each filesystem numbers positions in a directory in its own way */
    if (fstat(number(1), &s) == 0 && S_ISDIR(s.st_mode)) return;
    return (void)say(lseek(number(1), number(2), number(3)));
  }
  IS("scandir") {
    struct dirent **list;
    n = say(scandir(text(1), &list, NULL, alphasort));
    for (long i = 0; i < n; i++) printf(" %s", list[i]->d_name), free(list[i]);
    if (n >= 0) free(list);
    return;
  }
  IS("nftw")
  return n = nftw(text(1), visit, 4, FTW_PHYS | number(2)),
         say_gathered(), (void)say(n);
  IS("fts")
  return walk_fts(text(1));
  IS("glob") {
    glob_t g;
    int r = glob(text(1), GLOB_MARK, NULL, &g);
    printf(" %d", r);
    for (size_t i = 0; !r && i < g.gl_pathc; i++) putchar(' '), say_text(g.gl_pathv[i]);
    if (!r) globfree(&g);
    return;
  }
  /* extended attributes */
  IS("setxattr")
  return (void)say(setxattr(text(1), text(2), text(3), strlen(text(3)), number(4)));
  IS("fsetxattr")
  return (void)say(fsetxattr(number(1), text(2), text(3), strlen(text(3)), number(4)));
  IS("getxattr")
  return n = say(getxattr(text(1), text(2), buffer, number(3))),
         say_bytes(buffer, number(3) ? n : 0);
  IS("lgetxattr")
  return n = say(lgetxattr(text(1), text(2), buffer, number(3))),
         say_bytes(buffer, number(3) ? n : 0);
  IS("fgetxattr")
  return n = say(fgetxattr(number(1), text(2), buffer, 100)),
         say_bytes(buffer, n);
  IS("listxattr")
  return n = say(listxattr(text(1), buffer, number(2))),
         say_bytes(buffer, number(2) ? n : 0);
  IS("flistxattr")
  return n = say(flistxattr(number(1), buffer, 100)),
         say_bytes(buffer, n);
  IS("removexattr")
  return (void)say(removexattr(text(1), text(2)));
  IS("fremovexattr")
  return (void)say(fremovexattr(number(1), text(2)));
  /* locks */
  IS("flock")
  return (void)say(flock(number(1), number(2)));
  IS("lock") {
    struct flock l = {.l_type = number(2) ? F_WRLCK : F_UNLCK, .l_whence = SEEK_SET};
    return (void)say(fcntl(number(1), F_SETLK, &l));
  }
  IS("lock_in_child")
  return lock_in_child(number(1), number(2));
  /* libc's own makers of files */
  IS("mkstemp") {
    snprintf(buffer, sizeof buffer, "%s", text(2));
    keep(1, mkstemp(buffer));
    n = strlen(buffer);
    printf(" %s", n >= 6 && strcmp(buffer + n - 6, "XXXXXX") ? "replaced" : "left");
    return;
  }
  IS("mkdtemp") {
    snprintf(buffer, sizeof buffer, "%s", text(1));
    return (void)say(mkdtemp(buffer) ? 0 : -1);
  }
  IS("stdio") { /* path, mode, text: written and read again by stdio */
    FILE *f = fopen(text(1), words[2]);
    if (!f) return (void)say(-1);
    if (words[3]) say(fputs(text(3), f) < 0 ? -1 : 0);
    rewind(f);
    n = (long)fread(buffer, 1, 100, f);
    say_bytes(buffer, n);
    return (void)say(fclose(f));
  }
  printf("unknown operation %s\n", op);
  exit(2);
}

int main(int argc, char **argv) {
  static char script[1 << 20];
  if (argc < 2) return 2;
  size_t n = fread(script, 1, sizeof script - 1, stdin);
  script[n] = 0;
  snprintf(root, sizeof root, "%s", argv[1]);
  signal(SIGPIPE, SIG_IGN);
  char *save = NULL, *inner;
  for (char *l = strtok_r(script, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
    memset(words, 0, sizeof words);
    int k = 0;
    char copy[1024];
    snprintf(copy, sizeof copy, "%s", l);
    for (char *w = strtok_r(l, " ", &inner); w && k < 16; w = strtok_r(NULL, " ", &inner)) words[k++] = w;
    if (!k) continue;
    line++;
    if (!strcmp(words[0], "begin")) printf("== %s", words[1]);
    else printf("%s ->", copy);
    step(words[0]);
    putchar('\n');
    fflush(stdout);
  }
  return 0;
}
