/*
 * Runs watch scripts and prints the result of each line: on tmpfs and on a virtual tree the outputs must be equal.
 *
 *     watchscript [--other] [--mask BITS] ROOT REAL < scripts
 *
 * A line is a verb and its words (operations.h, and the table below). `@` is the script's own directory below ROOT,
 * `~` its directory below REAL, which is not virtual; `%N` a descriptor, `iN` an inotify instance. The default is i0,
 * which exists in every script, non-blocking. `begin NAME` starts a script, `again NAME` a script whose directories
 * exist already, `end` ends it; `sync` prints an acknowledgement. With --other another process makes the changes;
 * --mask removes bits from all watch masks.
 *
 * Numbers of watches and cookies are printed as aliases. `drain` moves a fence, a file that every instance watches, and
 * reads up to it: every event before the fence has then been delivered.
 */
#include "operations.h"
#include "waiting.h"

enum { LIMIT_S = 60 };
static FILE *other_in, *other_out;
static uint32_t unwanted;
static const char *self;

static void forget_instances(void) {
  if (reading) {
    interrupt_readers();
    join_readers(&instances[0]);
  }
  for (int i = 0; i < INSTANCES; i++) {
    if (instances[i].fd >= 0) close(instances[i].fd);
    instances[i].fd = -1;
  }
  for (int i = 0; i < 4; i++) {
    if (epolls[i] >= 0) close(epolls[i]);
    epolls[i] = -1;
  }
  known_cookies = 0;
}

static void directories(const char *name) {
  snprintf(name_of_script, sizeof name_of_script, "%s", name);
  snprintf(base, sizeof base, "%s/%s", root, name);
  snprintf(real_base, sizeof real_base, "%s/%s", real_root, name);
  snprintf(fence, sizeof fence, "%s/%s.fence", root, name);
}

/* The other process: answers each line. */
static _Noreturn void serve(FILE *in) {
  char line[8192];
  while (fgets(line, sizeof line, in)) {
    split(line);
    if (!words[0]) continue;
    if (!strcmp(words[0], "begin")) forget_files(), directories(words[1]), done(chdir(base));
    else if (!operate()) fprintf(out, " unknown verb %s", words[0]);
    fputc('\n', out), fflush(out);
  }
  exit(0);
}

static void elsewhere(const char *line) {
  char answer[8192];
  fprintf(other_out, "%s\n", line), fflush(other_out);
  if (!fgets(answer, sizeof answer, other_in)) {
    fprintf(out, " the other process has gone");
    return;
  }
  answer[strcspn(answer, "\n")] = 0;
  fputs(answer, out);
}

static void start_other(void) {
  int to[2], from[2];
  char a[16], b[16];
  if (pipe(to) || pipe(from)) exit(2);
  pid_t pid = fork();
  if (pid == 0) {
    close(to[1]), close(from[0]);
    snprintf(a, sizeof a, "%d", to[0]), snprintf(b, sizeof b, "%d", from[1]);
    execl(self, self, "--serve", a, b, root, real_root, NULL);
    _exit(127);
  }
  close(to[0]), close(from[1]);
  fcntl(to[1], F_SETFD, FD_CLOEXEC), fcntl(from[0], F_SETFD, FD_CLOEXEC);
  other_out = fdopen(to[1], "w"), other_in = fdopen(from[0], "r");
}

static void begin(const char *name, int made) {
  forget_instances(), forget_files();
  directories(name);
  if (!made && (mkdir(base, 0755) || mkdir(real_base, 0755))) printf("%s: %s\n", base, strerror(errno)), exit(2);
  int fd = open(fence, O_CREAT | O_WRONLY, 0644);
  if (fd < 0 || close(fd) || chdir(base)) printf("%s: %s\n", fence, strerror(errno)), exit(2);
  start_instance(&instances[0], IN_NONBLOCK | IN_CLOEXEC);
  alarm(LIMIT_S);
  if (other_out) {
    char line[128], answer[256];
    snprintf(line, sizeof line, "begin %s\n", name);
    fputs(line, other_out), fflush(other_out);
    if (!fgets(answer, sizeof answer, other_in)) exit(2);
  }
}

#define DO(verb, ...) \
  if (!strcmp(words[0], verb)) { \
    __VA_ARGS__; \
    return 1; \
  }

static int observe(void) {
  struct instance *one = instance(1);
  int k = given(1) ? 2 : 1;
  DO("init", int i = given(1) ? words[1][1] - '0' : 0; if (instances[i].fd >= 0) close(instances[i].fd);
     start_instance(&instances[i], (int)number_or(k, 0)); done(instances[i].fd))
  DO("init-bad", done(inotify_init1((int)number(1))))
  DO("watch", add_watch(one, words[k], text(k + 1), (uint32_t)number(k + 2) & ~unwanted))
  DO("watch-bits", add_watch(one, words[k], text(k + 1), (uint32_t)number(k + 2)))
  DO("watch-fd", char path[64]; snprintf(path, sizeof path, "/proc/self/fd/%ld", number(k + 1));
     add_watch(one, words[k], path, (uint32_t)number(k + 2) & ~unwanted))
  DO("watch-on", done(inotify_add_watch((int)number(1), text(2), (uint32_t)number(3))))
  DO("rm", remove_watch(one, words[k]))
  DO("rm-on", done(inotify_rm_watch((int)number(1), (int)number(2))))
  DO("collect", collect(one))
  DO("now", now(one))
  DO("overflow", overflow(one))
  DO("take", one_read(one, number(k)))
  DO("takev", vector_read(one, number(k), number(k + 1)))
  DO("take-null", say(syscall(SYS_read, one->fd, NULL, 4096L)))
  DO("avail", int n = -1; say(ioctl(one->fd, FIONREAD, &n)); fprintf(out, " %d", n))
  DO("poll", polled(one, PATIENCE_MS))
  DO("poll-now", polled(one, 0))
  DO("select", selected(one, PATIENCE_MS))
  DO("select-now", selected(one, 0))
  DO("epoll", make_epoll(words[1][0] - '0', instance(2), number_or(given(2) ? 3 : 2, 0)))
  DO("epoll-wait", epolled(words[1][0] - '0', PATIENCE_MS))
  DO("epoll-now", epolled(words[1][0] - '0', 0))
  DO("readers", start_readers(one, number(k), number(k + 1)))
  DO("asleep", await_sleep())
  DO("interrupt", interrupt_readers())
  DO("join", join_readers(one))
  DO("sigio", ask_signal(one, number_or(k, SIGIO)))
  DO("signal", await_signal(number_or(1, SIGIO)))
  DO("getfl", say(fcntl(one->fd, F_GETFL) & (O_NONBLOCK | O_ASYNC | O_ACCMODE)))
  DO("getfd", say(fcntl(one->fd, F_GETFD)))
  DO("setfl", done(fcntl(one->fd, F_SETFL, number(k))))
  DO("setfd", done(fcntl(one->fd, F_SETFD, number(k))))
  DO("fionbio", int on = (int)number(k); done(ioctl(one->fd, FIONBIO, &on)))
  DO("fstat", struct stat s; say(fstat(one->fd, &s)); fprintf(out, " %o %ld", s.st_mode, (long)s.st_size))
  DO("link-of", char path[64], to[256] = ""; snprintf(path, sizeof path, "/proc/self/fd/%d", one->fd);
     say(readlink(path, to, sizeof to - 1)); fprintf(out, " %s", to))
  DO("write-to", say(write(one->fd, "x", 1)))
  DO("lseek-on", say(lseek(one->fd, 0, SEEK_CUR)))
  DO("pread-from", say(pread(one->fd, event_buffer(), 4096, 0)))
  DO("dup-instance", struct instance *to = instance(2); *to = *one; to->fd = dup(one->fd); done(to->fd))
  DO("close-instance", done(close(one->fd)); one->fd = -1)
  DO("fork-read", child_read(one, number(k), NULL))
  DO("exec-read", child_read(one, number(k), self))
  DO("die-watching", die_watching(text(1)))
  DO("fanotify", int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_CLOEXEC, O_RDONLY);
     if (fd < 0) fprintf(out, " init %s", strerrorname_np(errno));
     else done(fanotify_mark(fd, FAN_MARK_ADD, FAN_MODIFY, AT_FDCWD, text(1))), close(fd))
  DO("cwd", done(chdir(text(1))))
  return 0;
}
#undef DO

static void carry_out(char *line) {
  char whole[8192];
  int here = !strncmp(line, "me ", 3);
  snprintf(whole, sizeof whole, "%s", line + (here ? 3 : 0));
  char copy[8192];
  strcpy(copy, whole);
  split(copy);
  if (!words[0]) return;
  if (!strcmp(words[0], "begin") || !strcmp(words[0], "again")) {
    printf("== %s\n", words[1]);
    begin(words[1], words[0][0] == 'a');
    return;
  }
  if (!strcmp(words[0], "sync")) {
    printf("== sync\n"), fflush(stdout);
    return;
  }
  if (!strcmp(words[0], "end")) {
    forget_instances(), forget_files();
    printf("== end\n"), fflush(stdout);
    return;
  }
  if (!strcmp(words[0], "drain")) {
    printf("%s:", whole), fflush(stdout);
    static char moved[8192];
    FILE *hidden = fmemopen(moved, sizeof moved, "w"), *shown = out;
    out = hidden;
    if (other_out && !here) elsewhere("fence");
    else {
      char fenced[] = "fence";
      split(fenced);
      operate();
      strcpy(copy, whole);
      split(copy);
    }
    fclose(hidden), out = shown;
    if (!strstr(moved, "ok")) printf(" fence%s", moved);
    collect(instance(1));
  } else {
    printf("%s:", whole), fflush(stdout);
    if (!observe()) {
      if (other_out && !here) elsewhere(whole);
      else if (!operate()) printf(" unknown verb"), exit(2);
    }
  }
  printf("\n"), fflush(stdout);
}

int main(int argc, char **argv) {
  char line[8192];
  int other = 0, k = 1;
  for (int i = 0; i < SLOTS; i++) fds[i] = -1;
  for (int i = 0; i < INSTANCES; i++) instances[i].fd = -1;
  out = stdout;
  self = argv[0];
  if (argc == 4 && !strcmp(argv[1], "--read")) {
    long n = read(atoi(argv[2]), event_buffer(), (size_t)atol(argv[3]));
    if (n > 0) n = write(1, event_buffer(), (size_t)n) - n;
    return n < 0 ? errno : 0;
  }
  if (argc == 6 && !strcmp(argv[1], "--serve")) {
    strcpy(root, argv[4]), strcpy(real_root, argv[5]);
    out = fdopen(atoi(argv[3]), "w");
    serve(fdopen(atoi(argv[2]), "r"));
  }
  for (; k < argc && *argv[k] == '-'; k++) {
    if (!strcmp(argv[k], "--other")) other = 1;
    else if (!strcmp(argv[k], "--mask") && k + 1 < argc) unwanted = (uint32_t)named_number(argv[++k]);
  }
  if (argc - k != 2) return fprintf(stderr, "watchscript [--other] [--mask BITS] ROOT REAL\n"), 2;
  strcpy(root, argv[k]), strcpy(real_root, argv[k + 1]);
  sigset_t blocked;
  sigemptyset(&blocked), sigaddset(&blocked, SIGIO), sigaddset(&blocked, SIGUSR1);
  sigprocmask(SIG_BLOCK, &blocked, NULL);
  signal(SIGPIPE, SIG_IGN);
  if (other) start_other();
  while (fgets(line, sizeof line, stdin)) line[strcspn(line, "\n")] = 0, carry_out(line);
  return 0;
}
