/*
 * Lives on when the host has died: virtual calls fail with EIO at once, all others go on.
 *
 *     death DIRECTORY        says `ready`, `blocked`, and on each line of its input goes on
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char file[1000], fresh[1000];
static const char *dir;

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}
#define SAY(call) \
  do { \
    errno = 0; \
    double t = seconds(); \
    long r = (long)(call); \
    printf("%s %d %s%s\n", #call, r < 0 ? -1 : r > 0 ? 1 \
                                                     : 0, \
           r < 0 ? strerrorname_np(errno) : "-", seconds() - t > 0.5 ? " late" : ""); \
    fflush(stdout); \
  } while (0)

static void *blocked(void *unused) {
  struct stat s;
  printf("blocked\n");
  fflush(stdout);
  errno = 0;
  int r = stat(file, &s);
  printf("blocked stat %d %s\n", r, errno ? strerrorname_np(errno) : "-");
  fflush(stdout);
  return NULL;
}

static void calls(int fd, int list) {
  struct stat s;
  char text[100];
  SAY(stat(file, &s));
  SAY(lstat(dir, &s));
  SAY(access(dir, F_OK));
  SAY(open(file, O_RDONLY));
  SAY(open(fresh, O_RDWR | O_CREAT, 0600));
  SAY(mkdir(fresh, 0700));
  SAY(rename(file, fresh));
  SAY(chdir(dir));
  SAY(fstat(fd, &s));
  SAY(fstatat(list, "f", &s, 0));
  SAY(openat(list, "f", O_RDONLY));
  /* Bytes of open files, and everything else, continue to work. */
  SAY(write(fd, "more", 4));
  SAY(pread(fd, text, 5, 0));
  SAY(lseek(fd, 0, SEEK_SET));
  SAY(stat("/etc/passwd", &s));
  SAY(open("/no/such", O_RDONLY));
  SAY(close(open("/etc/passwd", O_RDONLY)));
  SAY(system("cat /etc/passwd > /dev/null"));
  SAY(close(dup(fd)));
}

int main(int argc, char **argv) {
  char line[100];
  pthread_t t;
  if (argc < 2) return 2;
  dir = argv[1];
  alarm(20);
  snprintf(file, sizeof file, "%s/f", dir);
  snprintf(fresh, sizeof fresh, "%s/new", dir);
  int fd = open(file, O_RDWR | O_CREAT, 0644), list = open(dir, O_RDONLY);
  SAY(write(fd, "bytes", 5));
  printf("ready\n");
  fflush(stdout);
  if (!fgets(line, sizeof line, stdin)) return 1;
  pthread_create(&t, NULL, blocked, NULL); /* the host is stopped now */
  if (!fgets(line, sizeof line, stdin)) return 1;
  pthread_join(t, NULL); /* and now it is dead */
  calls(fd, list);
  pid_t pid = fork();
  if (!pid) {
    printf("child\n");
    fflush(stdout);
    calls(fd, list);
    _exit(0);
  }
  waitpid(pid, NULL, 0);
  printf("end\n");
  return 0;
}
