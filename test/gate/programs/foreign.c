/*
 * Failures and bad addresses, for real and for virtual files: the same errno, and the process survives.
 *
 *     foreign DIRECTORY REAL-DIRECTORY
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

static char file[1000], sub[1000];

#define SAY(call) \
  do { \
    errno = 0; \
    long r = (long)(call); \
    printf("%-60.60s %ld %s\n", #call, r, r < 0 ? strerrorname_np(errno) : ""); \
    fflush(stdout); \
  } while (0)

static void bad_addresses(const char *dir) {
  char *hole = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *readonly = hole;
  munmap(hole + 4096, 4096);
  char *none = hole + 4096, *edge = hole + 4096 - 3; /* three bytes, then nothing */
  void *bad[] = {NULL, (void *)-1, (void *)1, none, (void *)0x7fffffffffff, (void *)0xdeadbeef000};
  struct stat s;
  char text[100];
  snprintf(file, sizeof file, "%s/f", dir);
  char *last = hole + 4096 - strlen(file) - 1;
  memcpy(last, file, strlen(file) + 1);
  int fd = open(file, O_RDWR | O_CREAT, 0644);
  int list = open(dir, O_RDONLY);
  SAY(write(fd, "hello", 5));
  for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
    char *p = bad[i];
    printf("address %u\n", i);
    SAY(open(p, O_RDONLY));
    SAY(openat(list, p, O_RDONLY));
    SAY(syscall(SYS_newfstatat, AT_FDCWD, p, &s, 0));
    SAY(syscall(SYS_newfstatat, AT_FDCWD, file, p, 0));
    SAY(syscall(SYS_newfstatat, list, "f", p, 0));
    SAY(syscall(SYS_fstat, fd, p));
    SAY(syscall(SYS_stat, file, p));
    SAY(syscall(SYS_lstat, p, &s));
    SAY(syscall(SYS_statx, AT_FDCWD, file, 0, STATX_ALL, p));
    SAY(syscall(SYS_statx, AT_FDCWD, p, 0, STATX_ALL, text));
    SAY(statfs(file, (void *)p));
    SAY(access(p, R_OK));
    SAY(mkdir(p, 0700));
    SAY(unlink(p));
    SAY(rename(p, file));
    SAY(rename(file, p));
    SAY(link(file, p));
    SAY(symlink(p, file));
    SAY(symlink("x", p));
    SAY(readlink(p, text, sizeof text));
    SAY(syscall(SYS_getdents64, list, p, 4096));
    lseek(list, 0, SEEK_SET);
    SAY(syscall(SYS_getcwd, p, 4096));
    SAY(chdir(p));
    SAY(truncate(p, 5));
    SAY(chmod(p, 0600));
    if (p) SAY(syscall(SYS_utimensat, AT_FDCWD, file, p, 0));
    SAY(syscall(SYS_utimensat, AT_FDCWD, p ? p : file, NULL, 0));
    SAY(setxattr(file, p, "v", 1, 0));
    SAY(getxattr(p, "user.x", text, 10));
    SAY(setxattr(file, "user.x", p, p ? 4 : 0, 0));
    SAY(write(fd, p, 10));
    SAY(read(fd, p, 10));
    lseek(fd, 0, SEEK_SET);
    SAY(execve(p, NULL, NULL));
  }
  printf("at the edge of a page\n");
  SAY(stat(last, &s));
  memcpy(edge, "/aa", 3);
  SAY(open(edge, O_RDONLY));
  SAY(syscall(SYS_stat, file, hole + 4096 - 8));
  SAY(symlink("target", strcat(strcpy(sub, file), ".l")));
  SAY(readlink(sub, edge, 3));
  SAY(readlink(sub, edge, 4));
  SAY(syscall(SYS_getcwd, edge, 3));
  mprotect(readonly, 4096, PROT_READ);
  SAY(syscall(SYS_stat, file, readonly + 512));
  SAY(readlink(sub, readonly + 100, 2));
  SAY(unlink(sub));
  SAY(unlink(file));
  close(list);
  close(fd);
}

static void failures(void) {
  struct stat s;
  int p[2];
  SAY(open("/no/such/file", O_RDONLY));
  SAY(open("/etc", O_WRONLY));
  SAY(open("/etc/passwd/x", O_RDONLY));
  SAY(stat("", &s));
  SAY(rmdir("/etc"));
  SAY(mkdir("/etc", 0700));
  SAY(unlink("/no/such"));
  SAY(rename("/no/such", "/no/other"));
  SAY(readlink("/etc/passwd", (char *)&s, 10));
  SAY(close(777));
  SAY(dup(777));
  SAY(dup2(777, 5));
  SAY(fcntl(777, F_GETFD));
  SAY(ftruncate(777, 0));
  SAY(lseek(0x7fffffff, 0, SEEK_SET));
  SAY(close(-1));
  SAY(syscall(9999));
  SAY(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY | O_CLOEXEC));
  SAY(fcntl(3, F_GETFD));
  SAY(pipe2(p, O_CLOEXEC));
  SAY(p[0]);
  SAY(p[1]);
  SAY(close(3) + close(4) + close(5));
  SAY(dup(2));
  SAY(close(3));
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  printf("virtual\n");
  bad_addresses(argv[1]);
  printf("real\n");
  bad_addresses(argv[2]);
  printf("failures\n");
  failures();
  return 0;
}
