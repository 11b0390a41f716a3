/* Cancels a blocked thread: prints whether it dies, and which of its handlers run, in which order. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int ends[2], full[2], locked;
static char fifo[100], directory[1000];
static volatile int ready;

static void cleaned(void *what) { printf(" %s", (const char *)what); }

static void block(const char *kind) {
  static char byte[100000];
  struct flock lock = {.l_type = F_WRLCK};
  ready = 1;
  if (!strcmp(kind, "read")) read(ends[0], byte, 1);
  else if (!strcmp(kind, "write")) write(full[1], byte, sizeof byte);
  else if (!strcmp(kind, "writev")) writev(full[1], &(struct iovec){byte, sizeof byte}, 1);
  else if (!strcmp(kind, "open")) open(fifo, O_RDONLY);
  else if (!strcmp(kind, "lock")) fcntl(locked, F_SETLKW, &lock);
  else if (!strcmp(kind, "sleep")) sleep(10);
  else if (!strcmp(kind, "virtual"))
    for (;;) { /* never blocked; every open and close may end it */
      int fd = open(directory, O_RDONLY);
      close(fd);
    }
  printf(" not cancelled (%s)", strerrorname_np(errno));
}

static void inner(const char *kind) {
  pthread_cleanup_push(cleaned, "inner");
  block(kind);
  pthread_cleanup_pop(0);
}

static void *thread(void *kind) {
  pthread_cleanup_push(cleaned, "outer");
  inner(kind);
  pthread_cleanup_pop(0);
  return NULL;
}

static void cancel(const char *kind) {
  pthread_t t;
  void *result = NULL;
  printf("%s:", kind);
  ready = 0;
  pthread_create(&t, NULL, thread, (void *)kind);
  while (!ready) usleep(1000);
  usleep(30000);
  pthread_cancel(t);
  pthread_join(t, &result);
  printf("%s\n", result == PTHREAD_CANCELED ? ", cancelled" : ", returned");
  fflush(stdout);
}

static void *late(void *unused) {
  char byte;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
  ready = 1;
  ssize_t n = read(ends[0], &byte, 1);
  printf(" read %zd while disabled", n);
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
  pthread_testcancel();
  return NULL;
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  alarm(15);
  snprintf(directory, sizeof directory, "%s", argv[1]);
  snprintf(fifo, sizeof fifo, "/tmp/shimfs-cancel-%d", getpid());
  mkfifo(fifo, 0600);
  if (pipe(ends) || pipe(full)) return 1;
  fcntl(full[1], F_SETFL, O_NONBLOCK);
  char bytes[4096] = "";
  while (write(full[1], bytes, sizeof bytes) > 0) {
  }
  fcntl(full[1], F_SETFL, 0);
  char path[1100];
  snprintf(path, sizeof path, "%s/locked", directory);
  locked = open(path, O_RDWR | O_CREAT, 0600);
  int go[2];
  char byte;
  if (pipe(go)) return 1;
  pid_t holder = fork();
  if (!holder) {
    struct flock lock = {.l_type = F_WRLCK};
    fcntl(locked, F_SETLK, &lock);
    if (write(go[1], "x", 1) < 0) return 1;
    pause();
    _exit(0);
  }
  if (read(go[0], &byte, 1) < 0) return 1;
  const char *kinds[] = {"read", "write", "writev", "open", "lock", "sleep", "virtual"};
  for (int i = 0; i < 7; i++) cancel(kinds[i]);
  for (int i = 0; i < 20; i++) cancel("virtual");

  pthread_t t;
  void *result;
  printf("disabled:");
  ready = 0;
  pthread_create(&t, NULL, late, NULL);
  while (!ready) usleep(1000);
  pthread_cancel(t);
  usleep(10000);
  if (write(ends[1], "x", 1) < 0) return 1;
  pthread_join(t, &result);
  printf("%s\n", result == PTHREAD_CANCELED ? ", cancelled" : ", returned");
  kill(holder, SIGKILL);
  waitpid(holder, NULL, 0);
  unlink(fifo);
  struct stat s;
  printf("afterwards: %d\n", stat(path, &s));
  return 0;
}
