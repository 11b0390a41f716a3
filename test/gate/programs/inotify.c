/*
 * inotify watch PATH...     says `ready`, then each event as `PATH'S NUMBER MASK [NAME]`, and `end` when all watches have
 * inotify inherit DIR       a child by exec continues with descriptors of DIR/f and DIR, and prints their paths
 * inotify fanotify PATH     prints the result of a mark
 * inotify chdir DIR         uses names in a watched directory that is its working directory
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALL(call) printf("%s: %s\n", #call, (call) < 0 ? strerrorname_np(errno) : "ok")

static const char *name_of(uint32_t mask) {
  static const struct {
    uint32_t bit;
    const char *name;
  } names[] = {{IN_ACCESS, "ACCESS"}, {IN_MODIFY, "MODIFY"}, {IN_ATTRIB, "ATTRIB"}, {IN_CLOSE_WRITE, "CLOSE_WRITE"}, {IN_CLOSE_NOWRITE, "CLOSE_NOWRITE"}, {IN_OPEN, "OPEN"}, {IN_MOVED_FROM, "MOVED_FROM"}, {IN_MOVED_TO, "MOVED_TO"}, {IN_CREATE, "CREATE"}, {IN_DELETE, "DELETE"}, {IN_DELETE_SELF, "DELETE_SELF"}, {IN_MOVE_SELF, "MOVE_SELF"}, {IN_IGNORED, "IGNORED"}, {IN_Q_OVERFLOW, "Q_OVERFLOW"}};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (mask & names[i].bit) return names[i].name;
  return "?";
}

static int watch(int count, char **paths) {
  char events[4096] __attribute__((aligned(8)));
  int in = inotify_init1(IN_CLOEXEC), left = count, wds[64];
  for (int i = 0; i < count; i++)
    if ((wds[i] = inotify_add_watch(in, paths[i], IN_ALL_EVENTS)) < 0) {
      printf("%s: %s\n", paths[i], strerrorname_np(errno));
      return 1;
    }
  puts("ready");
  while (left) {
    long n = read(in, events, sizeof events);
    if (n <= 0) return 1;
    for (char *at = events; at < events + n;) {
      struct inotify_event *e = (void *)at;
      int i = 0;
      while (i < count && wds[i] != e->wd) i++;
      printf("%d %s%s%s%s\n", i, name_of(e->mask), e->mask & IN_ISDIR ? "|ISDIR" : "", e->len ? " " : "", e->len ? e->name : "");
      if (e->mask & IN_IGNORED) left--;
      at += sizeof *e + e->len;
    }
  }
  puts("end");
  return 0;
}

static void tell_file(int fd) {
  char link[64], path[512];
  struct stat st;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  long n = readlink(link, path, sizeof path - 1);
  path[n > 0 ? n : 0] = 0;
  int bad = fstat(fd, &st);
  printf("%s, %s of %ld bytes, %d names\n", path, bad ? "nothing" : S_ISDIR(st.st_mode) ? "directory"
                                                                                        : "file",
         bad || S_ISDIR(st.st_mode) ? 0L : (long)st.st_size,
         bad || S_ISDIR(st.st_mode) ? 0 : (int)st.st_nlink);
}

static int inherited(int file, int directory) {
  char cwd[512];
  tell_file(file);
  tell_file(directory);
  CALL(write(file, "more", 4) - 4);
  tell_file(file);
  int made = openat(directory, "made", O_CREAT | O_WRONLY, 0644);
  tell_file(made);
  CALL(fchdir(directory));
  puts(getcwd(cwd, sizeof cwd) ? cwd : strerrorname_np(errno));
  CALL(access("made", F_OK));
  return 0;
}

static int inherit(char *self, const char *path) {
  char file[512], numbers[2][12];
  int in = inotify_init();
  snprintf(file, sizeof file, "%s/f", path);
  inotify_add_watch(in, path, IN_ALL_EVENTS);
  int f = open(file, O_RDWR | O_APPEND), d = open(path, O_RDONLY | O_DIRECTORY);
  snprintf(numbers[0], 12, "%d", f), snprintf(numbers[1], 12, "%d", d);
  execl(self, self, "inherited", numbers[0], numbers[1], NULL);
  return 1;
}

static int mark(const char *path) {
  int fan = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY);
  if (fan < 0) {
    printf("fanotify_init: %s\n", strerrorname_np(errno));
    return 0;
  }
  CALL(fanotify_mark(fan, FAN_MARK_ADD, FAN_MODIFY, AT_FDCWD, path));
  CALL(fanotify_mark(fan, FAN_MARK_ADD, FAN_MODIFY, open(path, O_RDONLY), NULL));
  CALL(fanotify_mark(fan, FAN_MARK_ADD, FAN_MODIFY, AT_FDCWD, "/tmp"));
  return 0;
}

static int stand(const char *path) {
  char cwd[512];
  CALL(inotify_add_watch(inotify_init(), path, IN_ALL_EVENTS));
  int d = open(path, O_RDONLY | O_DIRECTORY);
  CALL(fchdir(d));
  puts(getcwd(cwd, sizeof cwd) ? cwd : strerrorname_np(errno));
  tell_file(open("f", O_RDONLY));
  CALL(open("../f", O_RDONLY));
  CALL(mkdir("s", 0755));
  CALL(chdir("s"));
  puts(getcwd(cwd, sizeof cwd) ? cwd : strerrorname_np(errno));
  CALL(rename("../f", "g"));
  CALL(chdir(".."));
  int count = 0;
  DIR *list = opendir(".");
  for (struct dirent *e; (e = readdir(list));) count++;
  printf("%d names\n", count);
  return 0;
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc < 3) return 2;
  if (!strcmp(argv[1], "watch")) return watch(argc - 2, argv + 2);
  if (!strcmp(argv[1], "inherit")) return inherit(argv[0], argv[2]);
  if (!strcmp(argv[1], "inherited")) return inherited(atoi(argv[2]), atoi(argv[3]));
  if (!strcmp(argv[1], "fanotify")) return mark(argv[2]);
  if (!strcmp(argv[1], "chdir")) return stand(argv[2]);
  return 2;
}
