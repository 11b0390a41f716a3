/*
 * identity BASE MODE: what a process may after it has changed its user, each operation a line with its result. Started as
 * root on an empty directory; the output on a real directory and on a virtual one must be equal.
 *
 * MODE: setuid | seteuid (and back) | groups | fork (the change is the child's) | thread (a second thread makes it)
 *     | exec (a second image acts) | spawn (and one that a third starts) | acting (is that image)
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534,
       FURTHER = 4242 };

static const char *base;
static char paths[4][300];
static const char *at(const char *name) {
  static int next;
  char *path = paths[next++ % 4];
  snprintf(path, sizeof paths[0], "%s/%s", base, name);
  return path;
}

static void tell(const char *what, const char *name, long result) {
  if (result < 0) printf("%s %s: %s\n", what, name, strerrorname_np(errno));
  else printf("%s %s: %ld\n", what, name, result);
}

static long put(const char *name, const char *text, int flags, mode_t mode) {
  int fd = open(at(name), O_WRONLY | flags, mode);
  if (fd < 0) return -1;
  long n = write(fd, text, strlen(text));
  return close(fd) ? -1 : n;
}

static void tell_put(const char *name, int flags) { tell("put", name, put(name, "x", flags, 0640)); }

static void tell_get(const char *name) {
  char text[20] = "";
  int fd = open(at(name), O_RDONLY);
  tell("get", name, fd < 0 ? -1 : read(fd, text, sizeof text - 1));
  if (fd >= 0) close(fd);
}

static void tell_owner(const char *name) {
  struct stat st;
  if (lstat(at(name), &st)) tell("stat", name, -1);
  else printf("stat %s: %o %u %u %u,%u\n", name, st.st_mode, st.st_uid, st.st_gid, major(st.st_rdev), minor(st.st_rdev));
}

/* Sum of the names' lengths: the order differs. */
static long listed(const char *name) {
  DIR *d = opendir(at(name));
  long n = 0;
  if (!d) return -1;
  for (struct dirent *e; (e = readdir(d));) n += (long)strlen(e->d_name);
  return closedir(d), n;
}

static void prepare(void) {
  umask(0);
  mkdir(at("open"), 0777), mkdir(at("closed"), 0700), mkdir(at("sticky"), 01777), mkdir(at("group"), 0770);
  if (chown(at("group"), 0, FURTHER)) exit(3);
  put("open/secret", "secret", O_CREAT, 0600), put("open/public", "public", O_CREAT, 0644);
  put("closed/inside", "inside", O_CREAT, 0666), put("sticky/root", "root", O_CREAT, 0666);
  put("open/setid", "setid", O_CREAT, 06777);
  chmod(at("open/setid"), 06777); /* a write has taken the bits away */
  mkfifo(at("open/fifo"), 0666);
  tell("mknod", "char", mknod(at("open/char"), S_IFCHR | 0600, makedev(1, 3)));
  tell("mknod", "block", mknod(at("open/block"), S_IFBLK | 0600, makedev(7, 300)));
  tell_owner("open/char"), tell_owner("open/block");
  /* Remembered answers of root's. */
  tell_owner("closed/inside"), tell_get("closed/inside");
}

static void through_fifo(void) {
  char text[8] = "";
  pid_t writer = fork();
  if (!writer) {
    int fd = open(at("open/fifo"), O_WRONLY);
    _exit(write(fd, "through", 7) != 7);
  }
  int fd = open(at("open/fifo"), O_RDONLY), status = -1;
  tell("fifo", "read", fd < 0 ? -1 : read(fd, text, 7));
  waitpid(writer, &status, 0);
  tell("fifo", "write", status);
  close(fd);
}

static void through_socket(void) {
  struct sockaddr_un name = {.sun_family = AF_UNIX}, told;
  socklen_t size = sizeof told;
  snprintf(name.sun_path, sizeof name.sun_path, "%s", at("open/socket"));
  int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
  tell("socket", "bind", bind(server, (struct sockaddr *)&name, sizeof name));
  tell("socket", "listen", listen(server, 1));
  tell("socket", "connect", connect(client, (struct sockaddr *)&name, sizeof name));
  int one = accept(server, NULL, NULL);
  tell("socket", "accept", one < 0 ? -1 : 0);
  tell("socket", "getsockname", getsockname(server, (struct sockaddr *)&told, &size));
  printf("socket name: %s\n", told.sun_path + (strlen(told.sun_path) > strlen(base) ? strlen(base) : 0));
  close(one), close(client), close(server);
}

static void act(void) {
  tell_get("open/secret"), tell_get("open/public"), tell_put("open/public", 0);
  tell_put("open/mine", O_CREAT), tell_owner("open/mine"), tell_get("open/mine"), tell_put("open/mine", O_APPEND);
  tell_put("closed/mine", O_CREAT), tell_owner("closed/inside"), tell_get("closed/inside");
  tell_put("group/mine", O_CREAT), tell_owner("group/mine"), tell("list", "group", listed("group"));
  tell("access", "secret", access(at("open/secret"), R_OK)), tell("eaccess", "secret", eaccess(at("open/secret"), R_OK));
  tell("chmod", "secret", chmod(at("open/secret"), 0777)), tell("chown", "mine", chown(at("open/mine"), 0, 0));
  tell("unlink", "sticky", unlink(at("sticky/root"))), tell("unlink", "secret", unlink(at("open/secret")));
  tell_put("open/setid", 0), tell_owner("open/setid");
  tell("mkdir", "dir", mkdir(at("open/dir"), 0755)), tell("list", "open", listed("open"));
  tell("chdir", "dir", chdir(at("open/dir"))), tell("creat", "relative", close(creat("relative", 0600)));
  tell("chdir", "closed", chdir(at("closed")));
  int fd = open(at("open"), O_RDONLY | O_DIRECTORY), named = open(at("open/mine"), O_PATH);
  tell("fchdir", "open", fchdir(fd)), tell("openat", "mine", close(openat(fd, "mine", O_RDWR)));
  tell("fchmod", "open", fchmod(fd, 0700)), tell("readlinkat", "named", fstatat(named, "", &(struct stat){0}, AT_EMPTY_PATH));
  close(fd), close(named);
  tell("mknod", "char", mknod(at("open/char2"), S_IFCHR | 0600, makedev(1, 3)));
  through_fifo(), through_socket();
}

static void become(int real) {
  if (setgroups(0, NULL)) exit(3);
  if (real ? setgid(NOBODY) || setuid(NOBODY) : setegid(NOBODY) || seteuid(NOBODY)) exit(3);
}

static void *become_in_thread(void *argument) { return become(1), argument; }

static int again(char *program, const char *mode) { return execl(program, program, base, mode, (char *)NULL); }

int main(int argc, char **argv) {
  const char *mode = argc > 2 ? argv[2] : "";
  base = argv[1];
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (!strcmp(mode, "acting")) return act(), 0;
  if (!strcmp(mode, "starting")) {
    int status;
    pid_t child = vfork();
    if (!child) again(argv[0], "acting"), _exit(9);
    return waitpid(child, &status, 0), printf("child: %d\n", status), 0;
  }
  prepare();
  if (!strcmp(mode, "exec")) become(1), tell("exec", "self", again(argv[0], "acting"));
  else if (!strcmp(mode, "spawn")) {
    int status;
    pid_t child = vfork();
    if (!child) become(1), again(argv[0], "starting"), _exit(9);
    waitpid(child, &status, 0);
    printf("child: %d\n", status), tell_get("closed/inside"), tell_owner("open/mine");
  } else if (!strcmp(mode, "setuid")) become(1), act();
  else if (!strcmp(mode, "seteuid")) {
    become(0), act();
    if (seteuid(0) || setegid(0)) return 3;
    puts("back"), tell_get("closed/inside"), tell("unlink", "inside", unlink(at("closed/inside")));
  } else if (!strcmp(mode, "groups")) {
    gid_t further = FURTHER;
    if (setgroups(1, &further) || setgid(NOBODY) || setuid(NOBODY)) return 3;
    act();
  } else if (!strcmp(mode, "fork")) {
    int status;
    pid_t child = fork();
    if (!child) become(1), act(), exit(0);
    waitpid(child, &status, 0);
    printf("child: %d\n", status), tell_get("closed/inside"), tell_owner("open/mine");
  } else if (!strcmp(mode, "thread")) {
    pthread_t thread;
    pthread_create(&thread, NULL, become_in_thread, NULL), pthread_join(thread, NULL);
    act();
  } else return 2;
}
