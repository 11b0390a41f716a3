/*
 * kqtable with further calls that change a tree:
 *
 *   chown PATH | utimes PATH | setxattr PATH | removexattr PATH | exchange A B | rmall F...
 *   opentrunc PATH          open(O_TRUNC) and close
 *   put PATH OFFSET TEXT | empty PATH          open, pwrite (of no bytes), close
 *   appendfd F PATH | directory F PATH | linkitself F PATH          further ways to open
 *   repeat N COMMAND...          the same command, N times; the last answer
 *   status N | abort | fault          ends by _exit, abort, or a null pointer
 *   blockread F          a blocking read on a separate thread
 *   forget          closes all named descriptors, and forgets the names
 *   cd PATH
 *   child          a child continues with the script | endchild          the parent takes over again
 *   closerange | exec PROGRAM ARGUMENT
 */
#define main kqtable_main
#include "../../../fixtures/programs/kqtable.c"
#undef main

#include <sys/syscall.h>
#include <sys/xattr.h>

enum { EXCHANGE = 2 };

static void *blocking_read(void *fd) {
  char byte;
  ssize_t unused = read((int)(intptr_t)fd, &byte, 1);
  (void)unused;
  return NULL;
}

static int more(char *line, char *answer) {
  char copy[LINE], *rest;
  snprintf(copy, sizeof copy, "%s", line);
  const char *command = strtok_r(copy, " ", &rest), *a = NULL, *b = NULL;
  if (!command) return 0;
  if (IS("repeat")) {
    long times = strtol(strtok_r(NULL, " ", &rest), NULL, 0);
    while (times-- > 0) {
      run(rest, answer);
      if (strcmp(answer, "ok") != 0) break;
    }
    return 1;
  }
  a = strtok_r(NULL, " ", &rest);
  b = strtok_r(NULL, " ", &rest);
  if (IS("chown")) result(answer, chown(a, getuid(), getgid()));
  else if (IS("utimes")) result(answer, utimes(a, NULL));
  else if (IS("setxattr")) result(answer, setxattr(a, "user.note", "x", 1, 0));
  else if (IS("removexattr")) result(answer, removexattr(a, "user.note"));
  else if (IS("exchange")) result(answer, syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, EXCHANGE));
  else if (IS("opentrunc")) {
    int fd = open(a, O_WRONLY | O_TRUNC);
    result(answer, fd);
    if (fd >= 0) close(fd);
  } else if (IS("put") || IS("empty")) {
    int fd = open(a, O_WRONLY);
    const char *text = IS("put") ? strtok_r(NULL, " ", &rest) : "";
    result(answer, fd < 0 ? -1 : pwrite(fd, text, strlen(text), b ? (off_t)value_of(b) : 0));
    if (fd >= 0) close(fd);
  } else if (IS("appendfd")) descriptor(answer, a, open(b, O_WRONLY | O_APPEND | O_CLOEXEC));
  else if (IS("directory")) descriptor(answer, a, open(b, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  else if (IS("linkitself")) descriptor(answer, a, open(b, O_SYMLINK | O_EVTONLY | O_CLOEXEC));
  else if (IS("blockread")) {
    pthread_t thread;
    errno = pthread_create(&thread, NULL, blocking_read, (void *)(intptr_t)value_of(a));
    result(answer, errno ? -1 : 0);
  } else if (IS("status")) _exit((int)value_of(a));
  else if (IS("abort")) abort();
  else if (IS("fault")) *(volatile int *)value_of("0") = 1;
  else if (IS("child")) {
    pid_t child = fork();
    int status = 0;
    if (child > 0) {
      waitpid(child, &status, 0);
      snprintf(answer, ANSWER, "child ended with %d", status);
    } else result(answer, child);
  } else if (IS("endchild")) _exit(0);
  else if (IS("cd")) result(answer, chdir(a));
  else if (IS("forget")) {
    for (int i = 0; i < name_count; i++) close(names[i].fd);
    name_count = 0;
    while (thread_count && !threads[thread_count - 1].answer) thread_count--;
    family = FAMILY_KEVENT;
    snprintf(answer, ANSWER, "ok");
  } else if (IS("closerange")) result(answer, syscall(SYS_close_range, 3u, ~0u, 0u));
  else if (IS("exec")) {
    execl(a, a, b, (char *)NULL);
    result(answer, -1);
  } else return 0;
  return 1;
}

int main(int argc, char **argv) {
  static char line[LINE], answer[ANSWER];
  /* The program that called exec waits for this line: lines sent before are lost with the old image's buffer. */
  if (argc > 1) print_line("%s", argv[1]);
  signal(SIGPIPE, SIG_IGN);
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    if (!*line || *line == '#') continue;
    if (!more(line, answer)) run(line, answer);
    print_line("%s", answer);
  }
  return 0;
}
