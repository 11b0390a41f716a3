/* A script's words: names of numbers, descriptors, paths below the script's own directories. */
#pragma once
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define N(prefix, name) {#name, prefix##name}
static const struct {
  const char *name;
  long value;
} numbers[] = {
    N(O_, RDONLY), N(O_, WRONLY), N(O_, RDWR), N(O_, CREAT), N(O_, EXCL), N(O_, TRUNC), N(O_, APPEND), N(O_, DIRECTORY),
    N(O_, NOFOLLOW), N(O_, PATH), N(O_, TMPFILE), N(O_, CLOEXEC), N(O_, NONBLOCK), N(O_, ASYNC), N(O_, SYNC),
    N(IN_, ACCESS), N(IN_, MODIFY), N(IN_, ATTRIB), N(IN_, CLOSE_WRITE), N(IN_, CLOSE_NOWRITE), N(IN_, OPEN),
    N(IN_, MOVED_FROM), N(IN_, MOVED_TO), N(IN_, CREATE), N(IN_, DELETE), N(IN_, DELETE_SELF), N(IN_, MOVE_SELF),
    N(IN_, UNMOUNT), N(IN_, Q_OVERFLOW), N(IN_, IGNORED), N(IN_, CLOSE), N(IN_, MOVE), N(IN_, ONLYDIR), N(IN_, DONT_FOLLOW),
    N(IN_, EXCL_UNLINK), N(IN_, MASK_CREATE), N(IN_, MASK_ADD), N(IN_, ISDIR), N(IN_, ONESHOT), N(IN_, ALL_EVENTS),
    N(, RENAME_NOREPLACE), N(, RENAME_EXCHANGE), N(, S_IFIFO), N(, S_IFREG), N(, S_IFSOCK), N(, AT_SYMLINK_NOFOLLOW),
    N(, AT_SYMLINK_FOLLOW), N(, AT_EMPTY_PATH), N(, AT_REMOVEDIR), N(FALLOC_FL_, KEEP_SIZE), N(FALLOC_FL_, PUNCH_HOLE),
    N(, SIGIO), N(, SIGUSR1), N(, SIGUSR2), N(, EPOLLET), N(, EPOLLONESHOT), N(, SEEK_SET), N(, SEEK_CUR), N(, SEEK_END),
    N(, FD_CLOEXEC)};
#undef N

enum { WORDS = 12,
       SLOTS = 32 };
static char root[PATH_MAX], real_root[PATH_MAX], name_of_script[64];
static char base[PATH_MAX + 128], real_base[PATH_MAX + 128], fence[PATH_MAX + 128];
static int fds[SLOTS];
static char *words[WORDS + 1];
static FILE *out;

/* `@` begins a path in the script's directory, `~` a path in a directory that is always real;
 *N*x stands for N times the letter x. */
static const char *text(int i) {
  static char made[WORDS][3 * PATH_MAX];
  const char *word = words[i] ? words[i] : "";
  char *to = made[i];
  if (!strcmp(word, "NULL")) return NULL;
  if (!strcmp(word, "EMPTY")) return "";
  if (*word == '@') to = stpcpy(to, base), word++;
  else if (*word == '~') to = stpcpy(to, real_base), word++;
  while (*word) {
    if (*word == '*' && word[1] >= '0' && word[1] <= '9') {
      char *end;
      long n = strtol(word + 1, &end, 10);
      while (n--) *to++ = end[1];
      word = end + 2;
    } else *to++ = *word++;
  }
  *to = 0;
  return made[i];
}

static long named_number(const char *word) {
  char copy[256], *save = NULL;
  unsigned long sum = 0;
  snprintf(copy, sizeof copy, "%s", word);
  for (char *part = strtok_r(copy, "|", &save); part; part = strtok_r(NULL, "|", &save)) {
    char *end;
    unsigned long value = strtoul(part, &end, 0);
    for (unsigned k = 0; *end && k < sizeof numbers / sizeof *numbers; k++)
      if (!strcmp(numbers[k].name, part)) value = (unsigned long)numbers[k].value, end = "";
    if (*end) printf("unknown constant %s\n", part), exit(2);
    sum |= value;
  }
  return (long)sum;
}

static int slot(int i) { return atoi(words[i] + 1) % SLOTS; }

static long number(int i) {
  if (!words[i]) return 0;
  if (*words[i] == '%') return fds[slot(i)];
  if (!strcmp(words[i], "cwd")) return AT_FDCWD;
  return named_number(words[i]);
}

/* `otherwise` if the word is missing. */
static long number_or(int i, long otherwise) { return words[i] ? number(i) : otherwise; }

static void split(char *line) {
  int n = 0;
  char *save = NULL;
  memset(words, 0, sizeof words);
  for (char *word = strtok_r(line, " \n", &save); word && n < WORDS; word = strtok_r(NULL, " \n", &save)) words[n++] = word;
}

static long say(long result) {
  if (result < 0) fprintf(out, " %s", strerrorname_np(errno));
  else fprintf(out, " %ld", result);
  return result;
}

/* Prints success only: the number of a new descriptor depends on the descriptors open before. */
static void done(long result) {
  if (result < 0) fprintf(out, " %s", strerrorname_np(errno));
  else fprintf(out, " ok");
}
