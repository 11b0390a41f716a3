/*
 * The names under which a process finds its own descriptors: /proc/self/fd/N, /dev/fd/N, /dev/stdin, /proc/self/cwd.
 *
 * Behind a virtual descriptor the kernel would show the object or the placeholder it stands on.
 */
#define _GNU_SOURCE
#include "cwd.h"
#include "fd_index.h"
#include "os.h"
#include "proc_path.h"
#include "process.h"
#include "text.h"

static bool starts(const char **at, const char *word) {
  const char *p = *at;
  while (*word)
    if (*p++ != *word++) return false;
  *at = p;
  return true;
}

/* Past `/proc/self/`, under whichever name we are meant. */
static bool own_directory(const char **at) {
  const char *p = *at;
  uint64_t pid;
  if (!starts(&p, "/proc/")) return false;
  if (!starts(&p, "self/") && !starts(&p, "thread-self/")) {
    if (!text_parse(&p, &pid) || (int)pid != self_pid || *p++ != '/') return false;
  }
  *at = p;
  return true;
}

uint64_t executable_ino;

bool proc_executable(const char *path) {
  const char *at = path;
  return executable_ino && path[0] == '/' && path[1] == 'p' && own_directory(&at) && starts(&at, "exe") && !*at;
}

uint64_t proc_inode(const char *path, const char **rest) {
  uint64_t fd = ~0ull;
  const char *at = path;
  if (path[0] != '/' || (path[1] != 'p' && path[1] != 'd')) return 0;
  bool own = own_directory(&at);
  if (own && starts(&at, "cwd")) {
    *rest = at;
    return *at && *at != '/' ? 0 : cwd_inode();
  }
  if (starts(&at, own ? "fd/" : "/dev/fd/")) {
    if (!text_parse(&at, &fd)) return 0;
  } else if (!own && starts(&at, "/dev/std")) {
    fd = starts(&at, "in") ? 0 : starts(&at, "out") ? 1
        : starts(&at, "err")                        ? 2
                                                    : ~0ull;
  }
  *rest = at;
  if ((*at && *at != '/') || fd >= MAX_FDS || !fd_virtual((long)fd)) return 0;
  return fd_entry((int)fd)->ino;
}
