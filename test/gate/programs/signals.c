/*
 * Signals in the midst of virtual and foreign calls. Each command prints `ok` or the failure.
 *
 *     signals COMMAND DIRECTORY
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static char a[PATH_MAX], missing[PATH_MAX], made[PATH_MAX], up[PATH_MAX + 20];
static const char *dir;

#define CHECK(what) \
  do { \
    if (!(what)) { \
      printf("line %d: %s (%s)\n", __LINE__, #what, strerrorname_np(errno)); \
      fflush(stdout); \
      _exit(1); \
    } \
  } while (0)

static void each_half_millisecond(void) {
  struct itimerval every = {{0, 500}, {0, 500}};
  setitimer(ITIMER_REAL, &every, NULL);
}
static void silence(void) {
  struct itimerval none = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &none, NULL);
}

static void handle(void (*handler)(int), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigaction(SIGALRM, &action, NULL);
}

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static volatile long calls, wrong, last_wrong;
#define COUNT(what) \
  do { \
    calls++; \
    if (!(what)) wrong++, last_wrong = __LINE__; \
  } while (0)

/* Everything a handler may do, with results that only the virtual file gives. */
static void touch_all(void) {
  struct stat s;
  char text[4];
  int fd;
  COUNT(stat(a, &s) == 0 && s.st_size == 3);
  COUNT(access(missing, F_OK) == -1 && errno == ENOENT);
  COUNT((fd = open(a, O_RDONLY)) >= 0 && read(fd, text, 3) == 3 && !memcmp(text, "abc", 3) && fstat(fd, &s) == 0 && s.st_size == 3);
  close(fd);
  COUNT((fd = open("/etc/passwd", O_RDONLY)) >= 0 && fstat(fd, &s) == 0 && s.st_size > 3);
  close(fd);
  COUNT(stat("/no/such/path", &s) == -1 && errno == ENOENT);
  COUNT(stat(up, &s) == 0 && s.st_size == 3);
}

static volatile long handled;
static void on_timer(int number) {
  int error = errno;
  handled++;
  touch_all();
  errno = error;
}

static void nested(void) {
  handle(on_timer, SA_RESTART);
  each_half_millisecond();
  for (double end = seconds() + 1; seconds() < end;) {
    int fd;
    touch_all();
    COUNT((fd = open(made, O_RDWR | O_CREAT, 0600)) >= 0 && write(fd, "x", 1) == 1);
    close(fd);
    COUNT(unlink(made) == 0);
  }
  silence();
  if (wrong) printf("%ld of %ld calls, the last on line %ld\n", wrong, calls, last_wrong);
  CHECK(handled > 50 && !wrong);
}

static void *hammer(void *end) {
  while (seconds() < *(double *)end) touch_all();
  return NULL;
}

/* The same with threads that wait for each other meanwhile. */
static void nested_threads(void) {
  pthread_t threads[3];
  double end = seconds() + 0.8;
  handle(on_timer, SA_RESTART);
  each_half_millisecond();
  for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, hammer, &end);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  silence();
  if (wrong) printf("%ld of %ld calls, the last on line %ld\n", wrong, calls, last_wrong);
  CHECK(handled > 50 && !wrong);
}

static sigjmp_buf out;
static volatile int jumps;
static volatile sig_atomic_t may_jump;
static void jump(int number) {
  if (!may_jump) return;
  jumps++;
  siglongjmp(out, 1);
}

static void jump_out(void) {
  handle(jump, 0);
  each_half_millisecond();
  double end = seconds() + 1;
  while (seconds() < end) {
    if (sigsetjmp(out, 1) == 0) {
      may_jump = 1;
      for (;;) touch_all();
    }
    may_jump = 0;
    for (int fd = 3; fd < 40; fd++) close(fd); /* descriptors that the jump left open */
  }
  silence();
  CHECK(jumps > 100);
  wrong = 0;
  for (int i = 0; i < 100; i++) touch_all();
  CHECK(!wrong);
}

static volatile int done;
static void on_small_stack(int number) {
  int error = errno;
  struct stat s;
  DIR *d = NULL;
  touch_all();
  COUNT(lstat(a, &s) == 0);
  COUNT(readlink("/proc/self/cwd", (char[64]){0}, 64) > 0);
  (void)d;
  done++;
  errno = error;
}

static void small_stack(void) {
  size_t least = getauxval(51 /* AT_MINSIGSTKSZ */), size = 8192;
  if (size < least + 4096) size = (least + 4096 + 4095) & ~4095ul;
  char *memory = mmap(NULL, size + 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(memory, 4096, PROT_NONE);
  mprotect(memory + 4096 + size, 4096, PROT_NONE);
  stack_t stack = {.ss_sp = memory + 4096, .ss_size = size};
  CHECK(sigaltstack(&stack, NULL) == 0);
  handle(on_small_stack, SA_ONSTACK | SA_RESTART);
  for (int i = 0; i < 20; i++) raise(SIGALRM);
  each_half_millisecond();
  for (double end = seconds() + 1; seconds() < end;) touch_all();
  silence();
  if (wrong) printf("%ld of %ld calls, the last on line %ld\n", wrong, calls, last_wrong);
  CHECK(done > 100 && !wrong);
}

static void nothing(int number) {}

static void interrupted(void) {
  int p[2];
  char byte;
  CHECK(pipe(p) == 0);
  handle(nothing, 0);
  struct itimerval once = {{0, 0}, {0, 20000}};
  setitimer(ITIMER_REAL, &once, NULL);
  CHECK(read(p[0], &byte, 1) == -1 && errno == EINTR);
  setitimer(ITIMER_REAL, &once, NULL);
  struct timespec t = {5, 0};
  CHECK(nanosleep(&t, &t) == -1 && errno == EINTR && t.tv_sec == 4);
  setitimer(ITIMER_REAL, &once, NULL);
  mkfifo("/tmp/shimfs-test-fifo", 0600);
  CHECK(open("/tmp/shimfs-test-fifo", O_RDONLY) == -1 && errno == EINTR);
  unlink("/tmp/shimfs-test-fifo");
  setitimer(ITIMER_REAL, &once, NULL);
  int fd = open(a, O_RDWR);
  struct flock l = {.l_type = F_WRLCK};
  pid_t pid = fork();
  if (!pid) {
    fcntl(fd, F_SETLK, &l);
    pause();
    _exit(0);
  }
  struct flock seen = l;
  while (fcntl(fd, F_GETLK, &seen) == 0 && seen.l_type == F_UNLCK) {
    seen = l;
    usleep(1000);
  }
  setitimer(ITIMER_REAL, &once, NULL);
  CHECK(fcntl(fd, F_SETLKW, &l) == -1 && errno == EINTR);
  kill(pid, SIGKILL);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  dir = argv[2];
  snprintf(a, sizeof a, "%s/a", dir);
  snprintf(missing, sizeof missing, "%s/missing", dir);
  snprintf(made, sizeof made, "%s/made", dir);
  snprintf(up, sizeof up, "/tmp/..%s/a", dir);
  int fd = open(a, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  CHECK(fd >= 0 && write(fd, "abc", 3) == 3);
  close(fd);
  if (!strcmp(argv[1], "nested")) nested();
  else if (!strcmp(argv[1], "threads")) nested_threads();
  else if (!strcmp(argv[1], "jump")) jump_out();
  else if (!strcmp(argv[1], "stack")) small_stack();
  else if (!strcmp(argv[1], "interrupted")) interrupted();
  else return 2;
  printf("ok\n");
  return 0;
}
