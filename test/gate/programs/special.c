/* FIFOs and AF_UNIX sockets in a directory; prints the results, to be compared with those of another directory. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *base;
static char *in(const char *name) {
  static char paths[8][512];
  static int next;
  char *p = paths[next++ % 8];
  snprintf(p, 512, "%s/%s", base, name);
  return p;
}
#define SAY(call) \
  do { \
    errno = 0; \
    long r_ = (long)(call); \
    printf("%d %s: %s %s\n", __LINE__, #call, r_ < 0 ? "-1" : r_ > 0 ? "+" \
                                                                     : "0", \
           r_ < 0 ? strerror(errno) : ""); \
  } while (0)

static volatile int signals;
static void on_signal(int s) {
  signals++;
  (void)s;
}
static void cleanup(void *p) { *(int *)p = 1; }
static int cleaned;
static void *blocked_open(void *path) {
  pthread_cleanup_push(cleanup, &cleaned);
  open(path, O_RDONLY);
  pthread_cleanup_pop(0);
  return NULL;
}

static void stat_line(const char *path) {
  struct stat st;
  if (lstat(path, &st)) printf("stat %s\n", strerror(errno));
  else printf("stat %o size %ld nlink %ld\n", st.st_mode, (long)st.st_size, (long)st.st_nlink);
}

static void fifo(void) {
  char buffer[64];
  struct stat st, ft;
  struct pollfd p;
  int n0;
  SAY(mkfifo(in("p"), 0640));
  SAY(mkfifo(in("p"), 0640));
  stat_line(in("p"));
  SAY(open(in("p"), O_WRONLY | O_NONBLOCK));
  SAY(truncate(in("p"), 0));
  SAY(open(in("p"), O_RDONLY | O_DIRECTORY));
  SAY(execl(in("p"), "p", NULL));
  int r = open(in("p"), O_RDONLY | O_NONBLOCK);
  SAY(r);
  SAY(read(r, buffer, 9));
  int w = open(in("p"), O_WRONLY | O_NONBLOCK | O_TRUNC);
  SAY(w);
  SAY(fstat(r, &st) + fstat(w, &ft));
  printf("same %d type %o\n", st.st_ino == ft.st_ino && st.st_dev == ft.st_dev, st.st_mode & S_IFMT);
  SAY(read(r, buffer, 9));
  SAY(write(w, "hello", 5));
  p = (struct pollfd){r, POLLIN, 0};
  n0 = poll(&p, 1, 0);
  printf("poll %d %x\n", n0, p.revents);
  printf("read %ld\n", (long)read(r, buffer, 9));
  SAY(lseek(r, 0, SEEK_SET));
  SAY(ftruncate(w, 0));
  SAY(fchdir(r));
  SAY(fchmod(w, 0600));
  SAY(rename(in("p"), in("q")));
  SAY(write(w, "x", 1));
  int again = open(in("q"), O_RDONLY | O_NONBLOCK);
  printf("read through the new name %ld\n", (long)read(again, buffer, 9));
  close(again);
  int d = dup(w);
  close(w);
  SAY(unlink(in("q")));
  SAY(write(d, "y", 1));
  fstat(d, &st);
  printf("links %ld\n", (long)st.st_nlink);
  close(d);
  printf("read %ld\n", (long)read(r, buffer, 9));
  printf("then %ld\n", (long)read(r, buffer, 9));
  p = (struct pollfd){r, POLLIN, 0};
  n0 = poll(&p, 1, 0);
  printf("poll %d %x\n", n0, p.revents);
  close(r);

  /* Two processes, the open waits for its partner. */
  SAY(mkfifo(in("two"), 0600));
  fflush(stdout);
  pid_t child = fork();
  if (!child) {
    int fd = open(in("two"), O_WRONLY);
    _exit(write(fd, "from the child", 14) == 14 ? 7 : 8);
  }
  r = open(in("two"), O_RDONLY);
  int n = 0, status;
  for (long k; (k = read(r, buffer + n, sizeof buffer - n)) > 0;) n += k;
  waitpid(child, &status, 0);
  printf("%.*s, %d\n", n, buffer, WEXITSTATUS(status));
  close(r);

  r = open(in("two"), O_RDONLY | O_NONBLOCK);
  w = open(in("two"), O_WRONLY);
  close(r);
  struct sigaction act = {.sa_handler = on_signal};
  sigaction(SIGPIPE, &act, NULL);
  SAY(write(w, "z", 1));
  printf("SIGPIPE %d\n", signals);
  close(w);

  /* A signal ends the wait; so does a cancellation. Others may use the tree meanwhile. */
  sigaction(SIGALRM, &act, NULL);
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
  timer_create(CLOCK_MONOTONIC, &event, &timer);
  struct itimerspec often = {{0, 20000000}, {0, 20000000}}, never = {0};
  timer_settime(timer, 0, &often, NULL);
  SAY(open(in("two"), O_RDONLY));
  timer_settime(timer, 0, &never, NULL);
  pthread_t thread;
  void *result;
  char *path = in("two");
  pthread_create(&thread, NULL, blocked_open, path);
  for (int i = 0; i < 50; i++) stat(in("two"), &st), usleep(500);
  pthread_cancel(thread);
  pthread_join(thread, &result);
  printf("cancelled %d cleaned %d\n", result == PTHREAD_CANCELED, cleaned);
  SAY(open(in("two"), O_WRONLY | O_NONBLOCK));
  SAY(unlink(in("two")));
}

static socklen_t address(struct sockaddr_un *a, const char *path) {
  memset(a, 0, sizeof *a);
  a->sun_family = AF_UNIX;
  size_t n = strlen(path);
  memcpy(a->sun_path, path, n > 108 ? 108 : n);
  return offsetof(struct sockaddr_un, sun_path) + (n >= 108 ? 108 : n + 1);
}
static int bind_to(int fd, const char *path) {
  struct sockaddr_un a;
  socklen_t n = address(&a, path);
  return bind(fd, (void *)&a, n);
}
static int connect_to(int fd, const char *path) {
  struct sockaddr_un a;
  socklen_t n = address(&a, path);
  return connect(fd, (void *)&a, n);
}
/* Without the directory, whose name differs; its length counts from there, too. */
static void say_name(const char *what, const struct sockaddr_un *a, socklen_t n) {
  size_t skip = !strncmp(a->sun_path, base, strlen(base)) ? strlen(base) : 0;
  if (n <= sizeof(sa_family_t)) printf("%s: unnamed %d\n", what, (int)n);
  else printf("%s: %d %.108s %d\n", what, a->sun_family, a->sun_path + skip, (int)(n - skip));
}
static void names(int fd) {
  char room[200];
  struct sockaddr_un *a = (void *)room;
  socklen_t n = sizeof room;
  memset(room, 0, sizeof room);
  if (!getsockname(fd, (void *)a, &n)) say_name("here", a, n);
  memset(room, 0, sizeof room);
  n = sizeof room;
  if (!getpeername(fd, (void *)a, &n)) say_name("there", a, n);
  else printf("there: %s\n", strerror(errno));
}

static void stream(void) {
  char room[200], buffer[16];
  struct sockaddr_un *a = (void *)room, small;
  umask(027);
  int s = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);
  SAY(connect_to(c, in("s")));
  SAY(bind_to(s, in("none/s")));
  SAY(bind_to(s, in("s")));
  SAY(bind_to(s, in("s2")));
  SAY(access(in("s2"), F_OK));
  int other = socket(AF_UNIX, SOCK_STREAM, 0);
  SAY(bind_to(other, in("s")));
  stat_line(in("s"));
  SAY(open(in("s"), O_RDONLY));
  SAY(connect_to(c, in("s")));
  SAY(listen(s, 5));
  SAY(symlink("s", in("link")));
  SAY(bind_to(other, in("link")));
  SAY(connect_to(c, in("link")));
  socklen_t n = sizeof room;
  int peer = accept(s, (void *)a, &n);
  say_name("accepted", a, n);
  names(s), names(c), names(peer);
  SAY(write(c, "ping", 4));
  printf("read %ld\n", (long)read(peer, buffer, 16));
  int named = socket(AF_UNIX, SOCK_STREAM, 0);
  SAY(bind_to(named, in("client")));
  SAY(connect_to(named, in("s")));
  memset(room, 0, sizeof room);
  n = sizeof room;
  int second = accept4(s, (void *)a, &n, SOCK_CLOEXEC);
  say_name("accepted", a, n);
  names(second);
  n = 2;
  memset(&small, 0, sizeof small);
  SAY(getsockname(s, (void *)&small, &n));
  printf("cut %d %d %d\n", small.sun_family, small.sun_path[0], (int)(n - strlen(base)));
  SAY(rename(in("s"), in("moved")));
  names(s);
  int third = socket(AF_UNIX, SOCK_STREAM, 0);
  SAY(connect_to(third, in("s")));
  SAY(connect_to(third, in("moved")));
  SAY(link(in("moved"), in("hard")));
  SAY(unlink(in("moved")));
  int fourth = socket(AF_UNIX, SOCK_STREAM, 0);
  SAY(connect_to(fourth, in("hard")));
  SAY(unlink(in("hard")));
  names(s), names(fourth);
  int fifth = socket(AF_UNIX, SOCK_STREAM, 0);
  SAY(connect_to(fifth, in("hard")));
  close(creat(in("plain"), 0600));
  SAY(connect_to(fifth, in("plain")));
  SAY(connect_to(fifth, base));
  SAY(connect_to(fifth, in("plain/x")));
  SAY(bind_to(fifth, in("client")));
  SAY(bind_to(1, in("not-a-socket")));
  SAY(bind_to(99, in("not-open")));
  int inet = socket(AF_INET, SOCK_STREAM, 0);
  SAY(bind_to(inet, in("inet")));
  SAY(access(in("inet"), F_OK));
  close(named);
  SAY(connect_to(fifth, in("client")));
  SAY(mknod(in("dead"), S_IFSOCK | 0600, 0));
  SAY(connect_to(fifth, in("dead")));
  SAY(chdir(base));
  int relative = socket(AF_UNIX, SOCK_STREAM, 0);
  SAY(bind_to(relative, "rel"));
  names(relative);
  SAY(listen(relative, 1));
  SAY(connect_to(fifth, "./rel"));
  names(fifth);
  SAY(unlink("rel"));
  SAY(connect(fifth, NULL, 4));
  SAY(bind(fifth, (void *)16, 110));
  umask(022);
}

static void longest(void) {
  char path[200], room[200];
  for (int n = 107; n <= 108; n++) {
    memset(path, 'n', sizeof path);
    memcpy(path, base, strlen(base));
    path[strlen(base)] = '/';
    path[n] = 0;
    int s = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);
    SAY(bind_to(s, path));
    SAY(listen(s, 1));
    SAY(connect_to(c, path));
    socklen_t size = sizeof room;
    memset(room, 0, sizeof room);
    getsockname(s, (void *)room, &size);
    printf("%d: %d %d\n", n, (int)size, !memcmp(room + 2, path, n));
    SAY(unlink(path));
  }
}

static void datagrams(void) {
  char room[200], text[32];
  struct sockaddr_un *a = (void *)room, to;
  int s = socket(AF_UNIX, SOCK_DGRAM, 0), c = socket(AF_UNIX, SOCK_DGRAM, 0);
  SAY(bind_to(s, in("server")));
  SAY(bind_to(c, in("sender")));
  socklen_t size = address(&to, in("server"));
  SAY(sendto(c, "one", 3, 0, (void *)&to, size));
  struct iovec part = {"second", 6};
  struct msghdr m = {.msg_name = &to, .msg_namelen = size, .msg_iov = &part, .msg_iovlen = 1};
  SAY(sendmsg(c, &m, 0));
  memset(room, 0, sizeof room);
  size = sizeof room;
  printf("got %ld\n", (long)recvfrom(s, text, 32, 0, (void *)a, &size));
  say_name("from", a, size);
  part = (struct iovec){text, 32};
  memset(room, 0, sizeof room);
  m = (struct msghdr){.msg_name = room, .msg_namelen = sizeof room, .msg_iov = &part, .msg_iovlen = 1};
  printf("got %ld\n", (long)recvmsg(s, &m, 0));
  say_name("from", a, m.msg_namelen);
  SAY(connect_to(c, in("server")));
  names(c);
  SAY(send(c, "three", 5, 0));
  SAY(unlink(in("server")));
  size = address(&to, in("server"));
  SAY(sendto(c, "one", 3, 0, (void *)&to, size));
  int wrong = socket(AF_UNIX, SOCK_STREAM, 0);
  SAY(connect_to(wrong, in("sender")));
}

static void others(void) {
  SAY(mknod(in("null"), S_IFCHR | 0666, 0x103));
  SAY(mknod(in("disk"), S_IFBLK | 0666, 0x103));
}

/* As another user: the access that the modes allow. */
static void permissions(void) {
  chmod(base, 0777);
  mkfifo(in("f0"), 0600);
  mkdir(in("private"), 0700);
  int s = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);
  SAY(bind_to(s, in("private/agent")));
  SAY(listen(s, 1));
  SAY(chmod(in("private/agent"), 0));
  SAY(connect_to(c, in("private/agent")));
  stat_line(in("private/agent"));
}

int main(int argc, char **argv) {
  (void)argc;
  base = argv[2];
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  if (!strcmp(argv[1], "fifo")) fifo();
  if (!strcmp(argv[1], "stream")) stream();
  if (!strcmp(argv[1], "longest")) longest();
  if (!strcmp(argv[1], "datagrams")) datagrams();
  if (!strcmp(argv[1], "devices")) others();
  if (!strcmp(argv[1], "permissions")) permissions();
}
