/*
 * Every way into the kernel that a program has to a file: stdio, raw numbers, fortified names, spawn, exec, dlopen,
 * /proc. Run bare on a real directory and covered on a virtual directory, it must print the same.
 *
 *     entries DIRECTORY PLUGIN
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *dir;
static char self[PATH_MAX];

static const char *in(const char *name) {
  static char paths[8][PATH_MAX];
  static int next;
  char *out = paths[next++ % 8];
  snprintf(out, PATH_MAX, "%s/%s", dir, name);
  return out;
}

static void say(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
  fflush(stdout);
}

/* With the directory's name taken out. */
static void say_text(const char *what, const char *text) {
  const char *at = text ? strstr(text, dir) : NULL;
  if (at) printf("%s: %.*s@%s\n", what, (int)(at - text), text, at + strlen(dir));
  else printf("%s: %s\n", what, text ? text : strerrorname_np(errno));
  fflush(stdout);
}

static void say_file(const char *what, const char *name) {
  char text[200] = "";
  int fd = open(in(name), O_RDONLY);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (n < 0) return say(what, -1);
  text[n] = 0;
  close(fd);
  for (char *p = text; *p; p++)
    if (*p == '\n') *p = '|';
  say_text(what, text);
}

static void put(const char *name, const char *text, int mode) {
  int fd = open(in(name), O_WRONLY | O_CREAT | O_TRUNC, mode);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) say("put", -1);
  close(fd);
}

static void copy(const char *from, const char *to, int mode) {
  char bytes[65536];
  int a = open(from, O_RDONLY), b = open(to, O_WRONLY | O_CREAT | O_TRUNC, mode);
  for (ssize_t n; a >= 0 && b >= 0 && (n = read(a, bytes, sizeof bytes)) > 0;)
    if (write(b, bytes, n) != n) break;
  if (a < 0 || b < 0) say("copy", -1);
  close(a);
  close(b);
}

static void wait_for(const char *what, pid_t pid) {
  int status = -1;
  waitpid(pid, &status, 0);
  printf("%s: status %d signal %d\n", what, WEXITSTATUS(status), WTERMSIG(status));
  fflush(stdout);
}

static void stdio(void) {
  char line[100];
  FILE *f = fopen(in("stdio"), "w");
  fprintf(f, "first\nsecond\n");
  say("fclose", fclose(f));
  f = fopen64(in("stdio"), "r+");
  say_text("fgets", fgets(line, sizeof line, f));
  f = freopen(in("again"), "w", f);
  say("freopen", f ? fputs("freopened", f) : -1);
  fclose(f);
  say_file("again", "again");
  int fd = open64(in("stdio"), O_RDWR | O_APPEND);
  f = fdopen(fd, "a");
  fputs("third\n", f);
  fclose(f);
  say_file("stdio", "stdio");
  say("fopen of nothing", fopen(in("none/x"), "w") ? 0 : -1);
  f = tmpfile();
  say("tmpfile", f ? fputs("x", f) : -1);
}

static void numbers(void) {
  struct stat s;
  char text[20] = "";
  int fd = (int)syscall(SYS_openat, AT_FDCWD, in("raw"), O_RDWR | O_CREAT, 0600);
  say("syscall write", syscall(SYS_write, fd, "raw", 3));
  say("syscall pread", syscall(SYS_pread64, fd, text, 3, 0));
  say_text("syscall text", text);
  say("syscall newfstatat", syscall(SYS_newfstatat, AT_FDCWD, in("raw"), &s, 0));
  say("size", s.st_size);
  say("syscall mkdir", syscall(SYS_mkdir, in("rawdir"), 0700));
  say("syscall rename", syscall(SYS_rename, in("rawdir"), in("rawdir2")));
  say("syscall close", syscall(SYS_close, fd));
  fd = (int)syscall(SYS_open, in("raw"), O_RDONLY);
  say("syscall fstat", syscall(SYS_fstat, fd, &s));
  say("mode", s.st_mode);
  close(fd);
  /* Fortified: the compiler sees no mode, and cannot know the flags. */
  volatile int flags = O_RDONLY;
  fd = open(in("raw"), flags);
  say("open through __open_2", fd < 0 ? fd : read(fd, text, 3));
  close(fd);
  fd = openat(AT_FDCWD, in("raw"), flags);
  say("openat through __openat_2", fd < 0 ? fd : read(fd, text, 3));
  close(fd);
  fd = creat64(in("created"), 0604);
  say("creat64", fd < 0 ? fd : fstat(fd, &s));
  say("mode", s.st_mode);
  close(fd);
}

static void spawn(void) {
  extern char **environ;
  posix_spawn_file_actions_t a;
  pid_t pid;
  char *sh[] = {"sh", "-c", "cat; echo to-stderr >&2; pwd -P; cat here", NULL};
  mkdir(in("spawn"), 0755);
  put("spawn/here", "in the directory\n", 0644);
  put("spawn/input", "the input\n", 0644);
  posix_spawn_file_actions_init(&a);
  posix_spawn_file_actions_addopen(&a, 0, in("spawn/input"), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&a, 1, in("spawn/output"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  posix_spawn_file_actions_adddup2(&a, 1, 2);
  posix_spawn_file_actions_addchdir_np(&a, in("spawn"));
  int r = posix_spawn(&pid, "/bin/sh", &a, NULL, sh, environ);
  say("posix_spawn", r ? (errno = r, -1) : 0);
  wait_for("posix_spawn", pid);
  say_file("its output", "spawn/output");
  posix_spawn_file_actions_destroy(&a);
  posix_spawn_file_actions_init(&a);
  posix_spawn_file_actions_addopen(&a, 0, in("spawn/none"), O_RDONLY, 0);
  r = posix_spawn(&pid, "/bin/sh", &a, NULL, sh, environ);
  say("posix_spawn of nothing", r ? (errno = r, -1) : 0);
  posix_spawn_file_actions_destroy(&a);
  r = posix_spawn(&pid, in("missing"), NULL, NULL, sh, environ);
  say("posix_spawn of a missing program", r ? (errno = r, -1) : 0);

  char line[200], command[PATH_MAX * 2];
  snprintf(command, sizeof command, "cd %s && cat spawn/here && echo written > popened", dir);
  FILE *p = popen(command, "r");
  say_text("popen", fgets(line, sizeof line, p));
  say("pclose", pclose(p));
  say_file("popened", "popened");
  snprintf(command, sizeof command, "cp %s %s", in("popened"), in("copied"));
  say("system", system(command));
  say_file("copied", "copied");
}

static void load(const char *plugin) {
  copy(plugin, in("plugin.so"), 0755);
  void *library = dlopen(in("plugin.so"), RTLD_NOW);
  int (*answer)(void) = library ? (int (*)(void))dlsym(library, "plugin_answer") : NULL;
  say("dlopen", answer ? answer() : -1);
  setenv("LD_LIBRARY_PATH", dir, 1);
  say("dlopen of nothing", dlopen(in("none.so"), RTLD_NOW) ? 1 : 0);
}

static void run(const char *what, void (*become)(void)) {
  fflush(stdout);
  pid_t pid = fork();
  if (!pid) {
    become();
    printf("%s: exec: %s\n", what, strerrorname_np(errno));
    fflush(stdout);
    _exit(99);
  }
  wait_for(what, pid);
}

static void by_path(void) { execl(in("bin/prog"), "prog", "child", dir, "by path", (char *)NULL); }
static void by_search(void) {
  setenv("PATH", in("bin"), 1);
  execlp("prog", "prog", "child", dir, "by PATH", (char *)NULL);
}
static void without_environment(void) {
  char *none[] = {NULL}, *args[] = {"prog", "child", (char *)dir, "without environment", NULL};
  execve(in("bin/prog"), args, none);
}
static void foreign_without_environment(void) {
  char *none[] = {NULL}, *args[] = {"entries", "child", (char *)dir, "foreign, without environment", NULL};
  execve(self, args, none);
}
static void by_descriptor(void) {
  char *args[] = {"prog", "child", (char *)dir, "by fexecve", NULL};
  extern char **environ;
  fexecve(open(in("bin/prog"), O_RDONLY), args, environ);
}
static void by_execveat(void) {
  char *args[] = {"prog", "child", (char *)dir, "by execveat", NULL};
  extern char **environ;
  syscall(SYS_execveat, open(in("bin"), O_RDONLY), "prog", args, environ, 0);
}
static void script(void) { execl(in("bin/script"), "script", "one", "two words", (char *)NULL); }
static void nested_script(void) { execl(in("bin/nested"), "nested", "x", (char *)NULL); }
static void relative_script(void) {
  if (chdir(in("bin"))) return;
  execl("./script", "script", "relative", (char *)NULL);
}
static void no_permission(void) { execl(in("stdio"), "stdio", (char *)NULL); }
static void no_format(void) { execl(in("bin/nonsense"), "nonsense", (char *)NULL); }
static void directory(void) { execl(in("bin"), "bin", (char *)NULL); }
static void missing(void) { execl(in("bin/none"), "none", (char *)NULL); }
static void bad_interpreter(void) { execl(in("bin/bad"), "bad", (char *)NULL); }

static void exec_all(void) {
  char text[PATH_MAX * 2];
  mkdir(in("bin"), 0755);
  copy(self, in("bin/prog"), 0755);
  put("bin/script", "#!/bin/sh -e\nfor a in \"$@\"; do echo \"script got $a\"; done\necho \"$(basename \"$0\")\"; cat \"$0\" | head -1\n", 0755);
  snprintf(text, sizeof text, "#! %s with-argument\n", in("bin/script"));
  put("bin/nested", text, 0755);
  put("bin/nonsense", "\x7f"
                      "ELFnot really",
      0755);
  snprintf(text, sizeof text, "#!%s\n", in("bin/nowhere"));
  put("bin/bad", text, 0755);
  run("by path", by_path);
  run("by PATH", by_search);
  run("without environment", without_environment);
  run("foreign without environment", foreign_without_environment);
  run("by descriptor", by_descriptor);
  run("execveat", by_execveat);
  run("script", script);
  run("nested script", nested_script);
  run("relative script", relative_script);
  run("no permission", no_permission);
  run("no format", no_format);
  run("directory", directory);
  run("missing", missing);
  run("bad interpreter", bad_interpreter);
}

static void own_names(void) {
  char name[64], text[PATH_MAX];
  struct stat s, t;
  int fd = open(in("stdio"), O_RDWR);
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  text[readlink(name, text, sizeof text)] = 0;
  say_text("readlink of /proc/self/fd/N", text);
  say_text("realpath of it", realpath(name, NULL));
  say("stat of it", stat(name, &s));
  say("lstat", lstat(name, &t));
  say("is a link", S_ISLNK(t.st_mode));
  fstat(fd, &t);
  say("same file", s.st_ino == t.st_ino && s.st_dev == t.st_dev);
  int again = open(name, O_RDONLY);
  say("open of it", again < 0 ? -1 : read(again, text, 5));
  fstat(again, &t);
  say("same file", s.st_ino == t.st_ino && s.st_dev == t.st_dev);
  close(again);
  say("chmod by it", chmod(name, 0640));
  stat(in("stdio"), &t);
  say("mode", t.st_mode);
  snprintf(name, sizeof name, "/proc/%d/fd/%d", getpid(), fd);
  text[readlink(name, text, sizeof text)] = 0;
  say_text("readlink of /proc/PID/fd/N", text);
  snprintf(name, sizeof name, "/dev/fd/%d", fd);
  say("access /dev/fd/N", access(name, R_OK));
  int saved = dup(0);
  dup2(fd, 0);
  FILE *f = fopen("/dev/stdin", "r");
  say_text("/dev/stdin", f ? fgets(text, 10, f) : NULL);
  if (f) fclose(f);
  dup2(saved, 0);
  close(saved);
  unlink(in("stdio"));
  text[readlink(name, text, sizeof text)] = 0;
  say_text("readlink when it is deleted", text);
  close(fd);
  fd = open(dir, O_RDONLY);
  snprintf(name, sizeof name, "/proc/self/fd/%d/again", fd);
  say("stat behind a directory's descriptor", stat(name, &s));
  close(fd);
  say("chdir", chdir(in("spawn")));
  text[readlink("/proc/self/cwd", text, sizeof text)] = 0;
  say_text("/proc/self/cwd", text);
  say("stat /proc/self/cwd/here", stat("/proc/self/cwd/here", &s));
  say_text("get_current_dir_name", get_current_dir_name());
  say("chdir to /proc/self/cwd/..", chdir("/proc/self/cwd/.."));
  say_text("getcwd", getcwd(text, sizeof text));
  int p[2];
  say("pipe", pipe(p));
  snprintf(name, sizeof name, "/proc/self/fd/%d", p[1]);
  fd = open(name, O_WRONLY);
  say("open of a pipe's name", write(fd, "x", 1));
  close(fd);
}

static int child(char **argv) {
  char text[PATH_MAX];
  dir = argv[2];
  printf("child %s: argv0 %s\n", argv[3], argv[0]);
  say_file("child sees", "again");
  ssize_t n = readlink("/proc/self/exe", text, sizeof text - 1);
  text[n < 0 ? 0 : n] = 0;
  if (strstr(text, dir)) say_text("/proc/self/exe", text);
  extern char **environ;
  int count = 0;
  for (char **e = environ; e && *e; e++) count += strncmp(*e, "LD_PRELOAD=", 11) && strncmp(*e, "SHIMFS", 6);
  if (strstr(argv[3], "without")) printf("child's environment: %d\n", count);
  return 7;
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc > 3 && !strcmp(argv[1], "child")) return child(argv);
  if (argc < 3) return 2;
  dir = argv[1];
  self[readlink("/proc/self/exe", self, sizeof self - 1)] = 0;
  stdio();
  numbers();
  spawn();
  load(argv[2]);
  exec_all();
  own_names();
  say("lowest free descriptor", dup(0));
  return 0;
}
