/*
 * A careful recursive watcher: watches a directory, then lists it, and merges the listing with the events. It cannot
 * miss a file created in between.
 *
 *     crawler DIR N      prints `found N` once it knows N regular files; `missed …` after a timeout
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

enum { DIRECTORIES = 4096,
       FILES = 8192,
       PATIENCE_MS = 20000 };
static int fd, directories, files;
static struct {
  int wd;
  char path[128];
} watched[DIRECTORIES];
static char found[FILES][160];

static void crawl(const char *path);

static void meet(const char *directory, const char *name) {
  char path[160];
  struct stat s;
  snprintf(path, sizeof path, "%s/%s", directory, name);
  if (lstat(path, &s)) {
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(1);
  }
  if (S_ISDIR(s.st_mode)) {
    crawl(path);
    return;
  }
  for (int i = 0; i < files; i++)
    if (!strcmp(found[i], path)) return;
  strcpy(found[files++], path);
}

static void crawl(const char *path) {
  int wd = inotify_add_watch(fd, path, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
  if (wd < 0) {
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(1);
  }
  int known = 0;
  for (int i = 0; i < directories; i++) known |= watched[i].wd == wd;
  if (!known) watched[directories].wd = wd, snprintf(watched[directories++].path, sizeof watched->path, "%s", path);
  DIR *stream = opendir(path);
  for (struct dirent *e; (e = readdir(stream));)
    if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..")) meet(path, e->d_name);
  closedir(stream);
}

int main(int argc, char **argv) {
  static _Alignas(struct inotify_event) char bytes[65536];
  if (argc != 3) return 2;
  int wanted = atoi(argv[2]);
  fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  setbuf(stdout, NULL);
  puts("crawling");
  crawl(argv[1]);
  while (files < wanted) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, PATIENCE_MS) != 1) return printf("missed %d of %d\n", wanted - files, wanted), 1;
    long n = read(fd, bytes, sizeof bytes);
    for (long at = 0; at < n;) {
      const struct inotify_event *e = (const void *)(bytes + at);
      at += (long)sizeof *e + e->len;
      for (int i = 0; i < directories; i++)
        if (watched[i].wd == e->wd && e->len) {
          meet(watched[i].path, e->name);
          break;
        }
    }
  }
  return printf("found %d\n", files), 0;
}
