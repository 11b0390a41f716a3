/*
 * Processes and descriptors: each command does something that a gate could break, and prints `ok` or the failure.
 *
 *     processes COMMAND DIRECTORY
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char dir[PATH_MAX], self[PATH_MAX];

static const char *in(const char *name) {
  static __thread char path[PATH_MAX * 2];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  return path;
}

static void fail(const char *format, ...) {
  va_list list;
  int error = errno;
  va_start(list, format);
  vprintf(format, list);
  printf(" (%s)\n", strerrorname_np(error));
  fflush(stdout);
  _exit(1);
}
#define CHECK(what) \
  do { \
    if (!(what)) fail("line %d: %s", __LINE__, #what); \
  } while (0)

static void put(const char *name, const char *text) {
  int fd = open(in(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  CHECK(fd >= 0);
  CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
  CHECK(close(fd) == 0);
}

static int holds(const char *name, const char *text) {
  char got[200] = "";
  int fd = open(in(name), O_RDONLY);
  ssize_t n = fd < 0 ? -1 : read(fd, got, sizeof got - 1);
  if (fd >= 0) close(fd);
  return n == (ssize_t)strlen(text) && !memcmp(got, text, n);
}

/* Not random(): a fork child would wait for ever for its lock, if another thread held it. */
static long anything(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_nsec;
}

/* Writes and reads a file of its own. */
static void use(const char *name) {
  char text[50];
  snprintf(text, sizeof text, "%s %d %ld", name, getpid(), anything());
  put(name, text);
  CHECK(holds(name, text));
  CHECK(unlink(in(name)) == 0);
  CHECK(access(in(name), F_OK) == -1 && errno == ENOENT);
}

static int status_of(pid_t pid) {
  int status = -1;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

static volatile int stop;
static void *hammer(void *number) {
  char name[50];
  snprintf(name, sizeof name, "hammer%ld", (long)number);
  while (!stop) {
    struct stat s;
    use(name);
    CHECK(stat(in("common"), &s) == 0 && s.st_size == 6);
  }
  return NULL;
}

static void fork_storm(void) {
  pthread_t threads[4];
  put("common", "common");
  for (long i = 0; i < 4; i++) pthread_create(&threads[i], NULL, hammer, (void *)i);
  for (int round = 0; round < 100; round++) {
    pid_t pid = round % 2 ? fork() : (pid_t)syscall(SYS_fork);
    CHECK(pid >= 0);
    if (!pid) {
      char name[50];
      alarm(10);
      snprintf(name, sizeof name, "child%d", round);
      if (round % 10) use(name);
      if (!holds("common", "common")) _exit(3);
      _exit(7);
    }
    int status = status_of(pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 7) fail("round %d: status %x", round, status);
  }
  stop = 1;
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
}

static void vfork_child(void) {
  char text[20] = "";
  struct stat before_a, before_b, now;
  mkdir(in("sub"), 0755);
  put("a", "file a");
  put("b", "file b");
  CHECK(chdir(dir) == 0);
  int a = open("a", O_RDONLY), b = open("b", O_RDONLY);
  fstat(a, &before_a);
  fstat(b, &before_b);
  for (int round = 0; round < 20; round++) {
    pid_t pid = vfork();
    if (!pid) {
      dup2(b, a);
      dup2(b, 40);
      close(b);
      open("sub", O_RDONLY);
      if (chdir("sub")) _exit(2);
      if (round % 2) _exit(5);
      execl("/bin/sh", "sh", "-c", "[ \"$(pwd)\" = \"$0\" ] && exit 5", in("sub"), (char *)NULL);
      _exit(3);
    }
    int status = status_of(pid);
    if (WEXITSTATUS(status) != 5) fail("round %d: status %x", round, status);
    CHECK(fstat(a, &now) == 0 && now.st_ino == before_a.st_ino && now.st_dev == before_a.st_dev);
    CHECK(fstat(b, &now) == 0 && now.st_ino == before_b.st_ino);
    CHECK(fstat(40, &now) == -1 && errno == EBADF);
    CHECK(pread(a, text, 6, 0) == 6 && !strcmp(text, "file a"));
    CHECK(pread(b, text, 6, 0) == 6 && !strcmp(text, "file b"));
    CHECK(access("a", R_OK) == 0); /* the working directory is unchanged */
  }
  CHECK(open("a", O_RDONLY) == 5);
}

static void daemonise(void) {
  int p[2];
  char text[20] = "";
  CHECK(pipe(p) == 0);
  pid_t pid = fork();
  if (!pid) {
    if (fork()) _exit(0);
    setsid();
    umask(077);
    if (chdir("/")) _exit(1);
    for (int fd = 0; fd < 3; fd++) close(fd);
    open("/dev/null", O_RDWR);
    dup(0);
    dup(0);
    put("log", "from the daemon");
    struct stat s;
    int good = holds("log", "from the daemon") && !stat(in("log"), &s) && s.st_mode == (S_IFREG | 0600);
    if (write(p[1], good ? "good" : "bad", 4) < 0) _exit(1);
    _exit(0);
  }
  CHECK(status_of(pid) == 0);
  close(p[1]);
  CHECK(read(p[0], text, sizeof text) == 4);
  CHECK(!strcmp(text, "good"));
  CHECK(holds("log", "from the daemon"));
}

static void inherit(void) {
  char number[4][20];
  struct stat s;
  mkdir(in("cwd"), 0755);
  put("inherited", "0123456789");
  put("cwd/here", "here");
  chmod(in("inherited"), 0604);
  chmod(in("cwd"), 0711);
  int file = open(in("inherited"), O_RDWR), gone = open(in("inherited"), O_RDONLY | O_CLOEXEC), list = open(in("cwd"), O_RDONLY);
  CHECK(lseek(file, 4, SEEK_SET) == 4);
  fstat(file, &s);
  snprintf(number[0], 20, "%d", file);
  snprintf(number[1], 20, "%d", gone);
  snprintf(number[2], 20, "%d", list);
  snprintf(number[3], 20, "%lu", (unsigned long)s.st_ino);
  CHECK(chdir(in("cwd")) == 0);
  execl(self, self, "inherited", dir, number[0], number[1], number[2], number[3], (char *)NULL);
  fail("exec");
}

static void inherited(char **argv) {
  int file = atoi(argv[0]), gone = atoi(argv[1]), list = atoi(argv[2]);
  struct stat s, t;
  char text[PATH_MAX] = "";
  CHECK(fstat(file, &s) == 0 && s.st_mode == (S_IFREG | 0604) && s.st_size == 10 && s.st_nlink == 1);
  CHECK(s.st_ino == strtoul(argv[3], NULL, 10));
  CHECK(stat(in("inherited"), &t) == 0 && t.st_ino == s.st_ino && t.st_dev == s.st_dev);
  CHECK(fstat(gone, &t) == -1 && errno == EBADF);
  CHECK(read(file, text, 3) == 3 && !memcmp(text, "456", 3));
  CHECK(fchmod(file, 0640) == 0 && stat(in("inherited"), &t) == 0 && t.st_mode == (S_IFREG | 0640));
  CHECK(write(file, "X", 1) == 1 && holds("inherited", "0123456X89"));
  CHECK(fstat(list, &s) == 0 && s.st_mode == (S_IFDIR | 0711));
  CHECK(fstatat(list, "here", &s, 0) == 0 && s.st_size == 4);
  DIR *d = fdopendir(list);
  int count = 0;
  while (d && readdir(d)) count++;
  CHECK(count == 3);
  CHECK(getcwd(text, sizeof text) && !strcmp(text, in("cwd")));
  CHECK(access("here", R_OK) == 0 && access("../inherited", R_OK) == 0);
  /* Again, with the inherited descriptors passed on by fork. */
  pid_t pid = fork();
  if (!pid) {
    CHECK(fstat(file, &s) == 0 && s.st_mode == (S_IFREG | 0640));
    CHECK(access("here", R_OK) == 0);
    _exit(0);
  }
  CHECK(status_of(pid) == 0);
}

static void close_all(void) {
  for (int round = 0; round < 3; round++) {
    int fd = open(in("open"), O_RDWR | O_CREAT, 0644), list = open(dir, O_RDONLY);
    struct stat s;
    CHECK(fd == 3 && list == 4);
    if (round == 0) CHECK(syscall(SYS_close_range, 3, ~0u, 0) == 0);
    if (round == 1)
      for (int i = 3; i < 1024; i++) close(i);
    if (round == 2) closefrom(3);
    CHECK(fstat(3, &s) == -1 && errno == EBADF);
    CHECK(fstat(4, &s) == -1 && errno == EBADF);
    use("after");
    pid_t pid = fork();
    if (!pid) {
      use("child");
      syscall(SYS_close_range, 3, ~0u, 0);
      use("child");
      execl(self, self, "use", dir, (char *)NULL);
      _exit(9);
    }
    CHECK(status_of(pid) == 0);
  }
  for (int i = 3; i < 200; i++) CHECK(open(in("open"), O_RDONLY) == i);
  CHECK(syscall(SYS_close_range, 3, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */) == 0);
  struct stat s;
  CHECK(fstat(199, &s) == 0 && fcntl(199, F_GETFD) == FD_CLOEXEC);
  use("after");
}

/* The program may use the number of any descriptor of the gate's connection. */
static void take_every_number(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  int top = limit.rlim_cur < 1100 ? (int)limit.rlim_cur : 1100;
  struct stat s;
  put("f", "f");
  int fd = open(in("f"), O_RDONLY);
  for (int to = 10; to < top; to++) {
    int r = dup2(fd, to);
    if (r != to && errno != EBUSY) fail("dup2 to %d", to);
    CHECK(stat(in("f"), &s) == 0);
    if (r == to) CHECK(fstat(to, &s) == 0 && s.st_size == 1 && close(to) == 0);
  }
  use("after");
}

static void few(int limit) {
  struct rlimit l = {limit, limit};
  char text[20];
  CHECK(setrlimit(RLIMIT_NOFILE, &l) == 0);
  snprintf(text, sizeof text, "%d", limit);
  execl(self, self, "few2", dir, text, (char *)NULL);
  fail("exec");
}

static void few2(int limit) {
  int count = 0, fd, last = -1;
  use("few");
  put("f", "f");
  while ((fd = open(in("f"), O_RDONLY)) >= 0) count++, last = fd;
  CHECK(errno == EMFILE);
  /* A few are ours. */
  if (count < limit - 3 - 5) fail("only %d of %d", count, limit);
  struct stat s;
  CHECK(stat(in("f"), &s) == 0);
  close(last);
  use("few");
}

static void *work(void *number) {
  char name[50], other[50], text[50];
  for (int i = 0; i < 150; i++) {
    struct stat s;
    snprintf(name, sizeof name, "t%ld-%d", (long)number, i % 3);
    snprintf(other, sizeof other, "t%ld-moved", (long)number);
    snprintf(text, sizeof text, "%ld %d", (long)number, i);
    put(name, text);
    CHECK(holds(name, text));
    char to[PATH_MAX * 2];
    snprintf(to, sizeof to, "%s", in(other));
    CHECK(rename(in(name), to) == 0);
    CHECK(stat(in(other), &s) == 0 && s.st_size == (off_t)strlen(text));
    CHECK(unlink(in(other)) == 0);
  }
  return NULL;
}

static void threads(void) {
  pthread_t t[8];
  for (int round = 0; round < 2; round++) {
    for (long i = 0; i < 8; i++) pthread_create(&t[i], NULL, work, (void *)i);
    for (int i = 0; i < 8; i++) pthread_join(t[i], NULL);
  }
  DIR *d = opendir(dir);
  int left = 0;
  while (readdir(d)) left++;
  CHECK(left == 2);
}

static void masks(void) {
  struct stat s;
  CHECK(umask(027) == 022);
  put("masked", "x");
  CHECK(stat(in("masked"), &s) == 0 && s.st_mode == (S_IFREG | 0640));
  pid_t pid = fork();
  if (!pid) {
    mkdir(in("d"), 0777);
    umask(0);
    mkdir(in("e"), 0777);
    setsid();
    execl("/bin/mkdir", "mkdir", in("f"), (char *)NULL);
    _exit(1);
  }
  CHECK(status_of(pid) == 0);
  CHECK(stat(in("d"), &s) == 0 && s.st_mode == (S_IFDIR | 0750));
  CHECK(stat(in("e"), &s) == 0 && s.st_mode == (S_IFDIR | 0777));
  CHECK(stat(in("f"), &s) == 0 && s.st_mode == (S_IFDIR | 0777));
  CHECK(umask(022) == 027);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  const char *command = argv[1];
  snprintf(dir, sizeof dir, "%s", argv[2]);
  self[readlink("/proc/self/exe", self, sizeof self - 1)] = 0;
  alarm(25);
  if (!strcmp(command, "fork")) fork_storm();
  else if (!strcmp(command, "vfork")) vfork_child();
  else if (!strcmp(command, "daemon")) daemonise();
  else if (!strcmp(command, "inherit")) inherit();
  else if (!strcmp(command, "inherited")) inherited(argv + 3);
  else if (!strcmp(command, "closeall")) close_all();
  else if (!strcmp(command, "numbers")) take_every_number();
  else if (!strcmp(command, "few")) few(atoi(argv[3]));
  else if (!strcmp(command, "few2")) few2(atoi(argv[3]));
  else if (!strcmp(command, "threads")) threads();
  else if (!strcmp(command, "masks")) masks();
  else if (!strcmp(command, "use")) return use("used"), 0;
  else return 2;
  printf("ok\n");
  return 0;
}
