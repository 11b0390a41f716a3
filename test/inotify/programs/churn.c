/*
 * One of several processes that work on one directory at once. Each fails at the first result that a real filesystem
 * would not give.
 *
 *     watch DIR        adds and removes watches on all entries, until SIGTERM
 *     make DIR NAME N  directories and files, each written, read back and removed
 *     save DIR N       replaces `f` by a new file of four equal digits, repeatedly
 *     load DIR N       reads `f`: it exists, is complete, and the descriptor is of the file that was read
 *     append DIR N     opens `f` or `g`, whichever exists, and adds a byte
 *     shuffle DIR N    renames `f` to `g` and back
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile sig_atomic_t ended;
static void end(int signo) { (void)signo, ended = 1; }

#define CHECK(what) \
  do { \
    if (!(what)) { \
      fprintf(stderr, "%s:%d: %s: %s\n", __func__, __LINE__, #what, strerror(errno)); \
      exit(1); \
    } \
  } while (0)

static void watch_all(int fd, const char *directory) {
  char path[512];
  DIR *stream = opendir(directory);
  if (!stream) return;
  inotify_add_watch(fd, directory, IN_ALL_EVENTS);
  for (struct dirent *e; !ended && (e = readdir(stream));) {
    if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
    snprintf(path, sizeof path, "%s/%s", directory, e->d_name);
    if (inotify_add_watch(fd, path, IN_ALL_EVENTS) < 0) CHECK(errno == ENOENT);
    if (e->d_type == DT_DIR) watch_all(fd, path);
  }
  closedir(stream);
}

static void watch(const char *directory) {
  struct sigaction action = {.sa_handler = end};
  char bytes[65536];
  sigaction(SIGTERM, &action, NULL);
  while (!ended) {
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    CHECK(fd >= 0);
    for (int i = 0; i < 5 && !ended; i++) watch_all(fd, directory);
    while (read(fd, bytes, sizeof bytes) > 0) {}
    close(fd);
  }
}

static void make(const char *directory, const char *name, int n) {
  char sub[512], file[600], text[32], back[32];
  for (int i = 0; i < n; i++) {
    snprintf(sub, sizeof sub, "%s/%s%d", directory, name, i), snprintf(file, sizeof file, "%s/f", sub);
    snprintf(text, sizeof text, "%s %d", name, i);
    CHECK(mkdir(sub, 0755) == 0);
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL, 0644);
    CHECK(fd >= 0);
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    struct stat by_fd, by_name;
    CHECK(fstat(fd, &by_fd) == 0 && stat(file, &by_name) == 0);
    CHECK(by_fd.st_ino == by_name.st_ino && by_fd.st_size == by_name.st_size && by_name.st_nlink == 1);
    CHECK(close(fd) == 0);
    fd = open(file, O_RDONLY);
    CHECK(fd >= 0);
    CHECK(read(fd, back, sizeof back) == (ssize_t)strlen(text) && !memcmp(back, text, strlen(text)));
    CHECK(unlink(file) == 0 && rmdir(sub) == 0);
    CHECK(read(fd, back, 1) == 0 && fstat(fd, &by_fd) == 0 && by_fd.st_nlink == 0);
    CHECK(close(fd) == 0);
  }
}

static void save(const char *directory, int n) {
  char next[512], file[512], text[8];
  snprintf(next, sizeof next, "%s/.next", directory), snprintf(file, sizeof file, "%s/f", directory);
  for (int i = 0; i < n; i++) {
    int fd = open(next, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0);
    memset(text, '0' + i % 10, 4);
    CHECK(write(fd, text, 4) == 4 && close(fd) == 0);
    CHECK(rename(next, file) == 0);
  }
}

static void load(const char *directory, int n) {
  char file[512], text[8];
  snprintf(file, sizeof file, "%s/f", directory);
  for (int i = 0; i < n; i++) {
    int fd = open(file, O_RDONLY);
    CHECK(fd >= 0);
    CHECK(read(fd, text, sizeof text) == 4);
    CHECK(text[0] == text[1] && text[1] == text[2] && text[2] == text[3]);
    struct stat s;
    CHECK(fstat(fd, &s) == 0 && s.st_size == 4 && S_ISREG(s.st_mode));
    CHECK(close(fd) == 0);
  }
}

static void append(const char *directory, int n) {
  char f[512], g[512];
  snprintf(f, sizeof f, "%s/f", directory), snprintf(g, sizeof g, "%s/g", directory);
  for (int i = 0; i < n; i++) {
    int fd = -1;
    for (int odd = 0; fd < 0; odd = !odd) {
      fd = open(odd ? g : f, O_WRONLY | O_APPEND);
      CHECK(fd >= 0 || errno == ENOENT);
    }
    CHECK(write(fd, "x", 1) == 1 && close(fd) == 0);
  }
}

static void shuffle(const char *directory, int n) {
  char f[512], g[512];
  snprintf(f, sizeof f, "%s/f", directory), snprintf(g, sizeof g, "%s/g", directory);
  for (int i = 0; i < n; i++) CHECK(rename(i % 2 ? g : f, i % 2 ? f : g) == 0);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  const char *what = argv[1], *directory = argv[2];
  if (!strcmp(what, "watch")) watch(directory);
  else if (!strcmp(what, "make")) make(directory, argv[3], atoi(argv[4]));
  else if (!strcmp(what, "save")) save(directory, atoi(argv[3]));
  else if (!strcmp(what, "load")) load(directory, atoi(argv[3]));
  else if (!strcmp(what, "append")) append(directory, atoi(argv[3]));
  else if (!strcmp(what, "shuffle")) shuffle(directory, atoi(argv[3]));
  else return 2;
  return 0;
}
