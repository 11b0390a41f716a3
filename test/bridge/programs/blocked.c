/*
 * blocked CALL main|thread [handler|restart]: a thread sleeps in CALL until standard input says "go".
 *
 * It prints "asleep", then "CALL VALUE ERRNO" for each time that the call returns. The call is made again for each
 * "go", so a process that has been attached to meanwhile makes it through the patched site. With `handler` (or `restart`,
 * SA_RESTART) a signal interrupts the call before the first "go", and its handler runs until the first "go" arrives: the
 * frame that it returns to was made before.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *call;
static char fifo[200];
static int pipes[2], pair[2], server, control[2], held, file;
static pid_t locker;
static char big[1 << 20];
static pthread_t sleeper;
static volatile sig_atomic_t in_handler;
static volatile int sleeper_tid;

static struct sockaddr_un address(void) {
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  snprintf(a.sun_path + 1, sizeof a.sun_path - 1, "blocked-%d", (int)getpid());
  return a;
}

static int is(const char *name) { return !strcmp(call, name); }

/* Fills a pipe or a socket until a write would wait. */
static void fill(int fd) {
  int flags = fcntl(fd, F_GETFL);
  fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  while (write(fd, big, sizeof big) > 0) continue;
  while (write(fd, big, 1) > 0) continue;
  fcntl(fd, F_SETFL, flags);
}

static void prepare(void) {
  struct sockaddr_un a = address();
  if (pipe(pipes) || pipe(control) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) exit(3);
  server = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(server, (struct sockaddr *)&a, sizeof a) || listen(server, 0)) exit(3);
  snprintf(fifo, sizeof fifo, "/tmp/blocked-fifo-%d", (int)getpid());
  unlink(fifo); /* of an earlier program with this number, which was killed */
  if (mkfifo(fifo, 0600)) exit(3);
  char name[] = "/tmp/blocked-file-XXXXXX";
  file = mkstemp(name);
  unlink(name);
  if (write(file, big, 4096) != 4096) exit(3);
}

/* Closed again: with an end that stays open, the other end's open would not wait for the next call. */
static int open_once(int flags) {
  int fd = open(fifo, flags);
  return fd >= 0 && close(fd) == 0;
}

/* What the call waits for is not there yet. */
static void obstruct(void) {
  if (is("write") || is("writev") || is("sendfile")) fill(pipes[1]);
  if (is("sendto") || is("sendmsg")) fill(pair[0]);
  if (is("connect")) {
    struct sockaddr_un a = address();
    held = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(held, (struct sockaddr *)&a, sizeof a)) exit(3); /* the backlog of 0 takes one */
  }
  if (is("fcntl")) {
    locker = fork();
    if (!locker) {
      prctl(PR_SET_PDEATHSIG, SIGKILL); /* it must not outlive a program that ends just now */
      if (getppid() == 1) _exit(1);
      struct flock lock = {.l_type = F_WRLCK};
      if (fcntl(file, F_SETLK, &lock)) _exit(1);
      if (write(control[1], "x", 1) != 1) _exit(1);
      pause();
      _exit(0);
    }
    char byte;
    if (read(control[0], &byte, 1) != 1) exit(3);
  }
}

static void release(void) {
  struct sockaddr_un a = address();
  if (is("accept") || is("accept4")) {
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    connect(s, (struct sockaddr *)&a, sizeof a);
    close(s);
  } else if (is("recvfrom") || is("recvmsg")) {
    write(pair[1], "abcde", 5);
  } else if (is("open")) {
    close(open(fifo, O_WRONLY));
  } else if (is("open-w")) {
    close(open(fifo, O_RDONLY));
  } else if (is("read") || is("readv") || is("splice")) {
    write(pipes[1], "abcde", 5);
  } else if (is("write") || is("writev") || is("sendfile")) {
    /* A writer of up to PIPE_BUF bytes waits for all of its room. */
    for (int n = 0; n < 65536;) n += (int)read(pipes[0], big, 65536);
  } else if (is("sendto") || is("sendmsg")) {
    for (int n = 0; n < 100000;) n += (int)read(pair[1], big, sizeof big);
  } else if (is("connect")) {
    close(accept(server, NULL, NULL));
  } else if (is("fcntl")) {
    kill(locker, SIGKILL);
    waitpid(locker, NULL, 0);
  }
}

static long make_call(void) {
  char bytes[64];
  struct iovec v = {bytes, 5};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
  struct sockaddr_un a = address();
  if (is("accept")) return accept(server, NULL, NULL) >= 0;
  if (is("accept4")) return accept4(server, NULL, NULL, SOCK_CLOEXEC) >= 0;
  if (is("recvfrom")) return recvfrom(pair[0], bytes, 5, 0, NULL, NULL);
  if (is("recvmsg")) return recvmsg(pair[0], &m, 0);
  if (is("open")) return open_once(O_RDONLY);
  if (is("open-w")) return open_once(O_WRONLY);
  if (is("read")) return read(pipes[0], bytes, 5);
  if (is("readv")) return readv(pipes[0], &v, 1);
  if (is("splice")) {
    int other[2];
    if (pipe(other)) return -2;
    long n = splice(pipes[0], NULL, other[1], NULL, 5, 0);
    int before = errno;
    close(other[0]), close(other[1]);
    errno = before;
    return n;
  }
  if (is("write")) return write(pipes[1], "abcde", 5);
  if (is("writev")) return v.iov_base = "abcde", writev(pipes[1], &v, 1);
  if (is("sendfile")) return lseek(file, 0, SEEK_SET), sendfile(pipes[1], file, NULL, 5);
  if (is("sendto")) return sendto(pair[0], "abcde", 5, 0, NULL, 0);
  if (is("sendmsg")) return v.iov_base = "abcde", sendmsg(pair[0], &m, 0);
  if (is("connect")) {
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    int result = connect(s, (struct sockaddr *)&a, sizeof a), before = errno;
    if (!result) close(accept(server, NULL, NULL));
    close(s), close(held);
    errno = before;
    return result;
  }
  if (is("fcntl")) {
    struct flock lock = {.l_type = F_WRLCK};
    int result = fcntl(file, F_SETLKW, &lock), before = errno;
    lock.l_type = F_UNLCK;
    fcntl(file, F_SETLK, &lock);
    errno = before;
    return result;
  }
  fprintf(stderr, "no call %s\n", call);
  exit(2);
}

static void handler(int signal) {
  (void)signal;
  char byte;
  int before = errno;
  in_handler = 1;
  while (read(control[0], &byte, 1) != 1) continue;
  in_handler = 0;
  errno = before;
}

static void *sleep_in_call(void *argument) {
  for (;;) {
    sleeper_tid = gettid();
    obstruct();
    if (write(1, "asleep\n", 7) != 7) exit(3);
    errno = 0;
    long value = make_call();
    char line[100];
    int n = snprintf(line, sizeof line, "%s %ld %d\n", call, value, value < 0 ? errno : 0);
    if (write(1, line, (size_t)n) != n) exit(3);
  }
  return argument;
}

/* Is the other thread in this system call? proc(5), /proc/PID/task/TID/syscall. */
static int asleep_in(long nr) {
  char path[64], text[32] = "";
  snprintf(path, sizeof path, "/proc/self/task/%d/syscall", sleeper_tid);
  int fd = open(path, O_RDONLY);
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  return n > 0 && text[0] != 'r' && atol(text) == nr;
}

static void *obey(void *argument) {
  const char *mode = argument;
  char line[16];
  if (mode) {
    /* The call is entered by now, or will be: its thread says so first, and the handler interrupts either. */
    struct sigaction act = {.sa_handler = handler, .sa_flags = strcmp(mode, "restart") ? 0 : SA_RESTART};
    sigaction(SIGUSR1, &act, NULL);
  }
  while (fgets(line, sizeof line, stdin)) {
    if (!strcmp(line, "signal\n")) {
      while (!asleep_in(SYS_read)) usleep(1000); /* there is no event for that */
      pthread_kill(sleeper, SIGUSR1);
      while (!in_handler) usleep(1000);
      puts("handling");
      fflush(stdout);
    } else if (!strcmp(line, "leave\n")) {
      if (write(control[1], "x", 1) != 1) exit(3);
    } else if (!strcmp(line, "go\n")) {
      release();
    }
  }
  unlink(fifo);
  if (locker > 0) kill(locker, SIGKILL);
  exit(0);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  call = argv[1];
  prepare();
  void *mode = argc > 3 ? argv[3] : NULL;
  pthread_t other;
  if (!strcmp(argv[2], "main")) {
    sleeper = pthread_self();
    pthread_create(&other, NULL, obey, mode);
    sleep_in_call(NULL);
  } else {
    pthread_create(&sleeper, NULL, sleep_in_call, NULL);
    obey(mode);
  }
}
