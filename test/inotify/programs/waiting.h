/* The ways to wait for an instance to be readable, and to pass its descriptor on. */
#pragma once
#include <sys/prctl.h>
#include "instances.h"

enum { THREADS = 8 };
static struct reader {
  pthread_t thread;
  int fd, tid;
  size_t size;
  long got;
  int error;
  char bytes[4096];
} readers[THREADS];
static int reading;
static int epolls[4] = {-1, -1, -1, -1};

static void *blocked_read(void *arg) {
  struct reader *me = arg;
  __atomic_store_n(&me->tid, gettid(), __ATOMIC_RELEASE);
  me->got = read(me->fd, me->bytes, me->size);
  me->error = errno;
  return NULL;
}

static void start_readers(struct instance *one, long count, long size) {
  reading = (int)count;
  for (int i = 0; i < reading; i++) {
    readers[i] = (struct reader){.fd = one->fd, .size = (size_t)size};
    pthread_create(&readers[i].thread, NULL, blocked_read, &readers[i]);
  }
  fprintf(out, " ok");
}

/* Waits until every reader sleeps in the kernel. */
static void await_sleep(void) {
  for (int i = 0; i < reading; i++)
    for (char path[64], line[512], state = 0; state != 'S'; sched_yield()) {
      int tid = __atomic_load_n(&readers[i].tid, __ATOMIC_ACQUIRE);
      if (!tid) continue;
      snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
      FILE *f = fopen(path, "r");
      if (!f) break;
      char *end = fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
      state = end ? end[2] : 0;
      fclose(f);
    }
  fprintf(out, " ok");
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Sorted: which reader received which events is chance. */
static void join_readers(struct instance *one) {
  char *texts[THREADS];
  size_t sizes[THREADS];
  for (int i = 0; i < reading; i++) {
    pthread_join(readers[i].thread, NULL);
    FILE *to = open_memstream(&texts[i], &sizes[i]);
    if (readers[i].got < 0) fprintf(to, "  %s\n", strerrorname_np(readers[i].error));
    else write_events(to, one, readers[i].bytes, readers[i].got);
    fclose(to);
  }
  qsort(texts, (size_t)reading, sizeof *texts, by_text);
  fputc('\n', out);
  for (int i = 0; i < reading; i++) fputs(texts[i], out), free(texts[i]);
  fprintf(out, "  .");
  reading = 0;
}

static void polled(struct instance *one, int ms) {
  struct pollfd p = {.fd = one->fd, .events = POLLIN | POLLOUT | POLLPRI};
  int n = poll(&p, 1, ms);
  fprintf(out, " %d %#x", n, n > 0 ? (unsigned)p.revents : 0);
}

static void selected(struct instance *one, int ms) {
  fd_set set;
  struct timeval limit = {ms / 1000, ms % 1000 * 1000};
  FD_ZERO(&set);
  FD_SET(one->fd, &set);
  fprintf(out, " %d", select(one->fd + 1, &set, NULL, NULL, &limit));
}

static void make_epoll(int i, struct instance *one, long flags) {
  struct epoll_event e = {.events = EPOLLIN | (uint32_t)flags, .data.u64 = 7};
  if (epolls[i] < 0) epolls[i] = epoll_create1(EPOLL_CLOEXEC);
  done(epoll_ctl(epolls[i], EPOLL_CTL_ADD, one->fd, &e));
}

static void epolled(int i, int ms) {
  struct epoll_event e[4];
  int n = epoll_wait(epolls[i], e, 4, ms);
  fprintf(out, " %d", n);
  for (int k = 0; k < n; k++) fprintf(out, " %#x", e[k].events);
}

static void await_signal(long signo) {
  sigset_t set;
  siginfo_t info = {0};
  struct timespec limit = {PATIENCE_MS / 1000, 0};
  sigemptyset(&set), sigaddset(&set, (int)signo);
  int got = sigtimedwait(&set, &info, &limit);
  while (sigtimedwait(&set, NULL, &(struct timespec){0}) > 0) {} /* a burst of them is one */
  fprintf(out, " %s", got > 0 ? sigabbrev_np(got) : strerrorname_np(errno));
}

static void ask_signal(struct instance *one, long signo) {
  long flags = fcntl(one->fd, F_GETFL);
  fcntl(one->fd, F_SETOWN, getpid());
  if (signo != SIGIO) fcntl(one->fd, F_SETSIG, signo);
  done(fcntl(one->fd, F_SETFL, flags | O_ASYNC));
}

/* Prints the events that a child read: after fork, or in a program that it executes. */
static void child_read(struct instance *one, long size, const char *program) {
  int pipes[2], status;
  char count[32], number_of[16];
  if (pipe(pipes)) {
    done(-1);
    return;
  }
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    dup2(pipes[1], 1);
    close(pipes[0]), close(pipes[1]);
    snprintf(count, sizeof count, "%ld", size), snprintf(number_of, sizeof number_of, "%d", one->fd);
    if (program) execl(program, program, "--read", number_of, count, NULL);
    long n = program ? -1 : read(one->fd, event_buffer(), (size_t)size);
    if (n > 0) n = write(1, event_buffer(), (size_t)n) - n;
    _exit(n < 0 ? errno : 0);
  }
  close(pipes[1]);
  long n = 0;
  for (long more; (more = read(pipes[0], event_buffer() + n, 65536)) > 0;) n += more;
  close(pipes[0]);
  waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) fprintf(out, " killed by %d", WTERMSIG(status));
  else if (WEXITSTATUS(status)) fprintf(out, " %s", strerrorname_np(WEXITSTATUS(status)));
  else fprintf(out, " %ld\n", n), write_events(out, one, event_buffer(), n), fprintf(out, "  .");
}

/* A child with an instance of its own dies with events queued. */
static void die_watching(const char *path) {
  int pipes[2], status;
  char byte = 0;
  if (pipe(pipes)) {
    done(-1);
    return;
  }
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    close(pipes[1]);
    int fd = inotify_init1(0);
    if (inotify_add_watch(fd, path, IN_ALL_EVENTS) < 0 || chmod(path, 0700)) _exit(1);
    kill(getpid(), SIGKILL);
  }
  close(pipes[1]);
  long n = read(pipes[0], &byte, 1);
  close(pipes[0]);
  waitpid(pid, &status, 0);
  fprintf(out, " %ld %s", n, WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : "ended");
}

static void on_signal(int signo) { (void)signo; }

static void interrupt_readers(void) {
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGUSR2, &action, NULL);
  for (int i = 0; i < reading; i++) pthread_kill(readers[i].thread, SIGUSR2);
  fprintf(out, " ok");
}
