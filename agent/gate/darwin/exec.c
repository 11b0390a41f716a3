/*
 * exec and spawn: the child must come up covered, and a virtual program must be found.
 *
 * The kernel resolves the path and reads `#!` itself, so a virtual script is started as its interpreter would
 * be, with the virtual path as the script's name; a virtual binary is started from its object.
 */
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "../attributes.h"
#include "../binding.h"
#include "../calls.h"
#include "../connection.h"
#include "../fd_index.h"
#include "../file.h"
#include "../memory.h"
#include "../mounts.h"
#include "../os.h"
#include "../path.h"
#include "../process.h"
#include "../scratch.h"
#include "../session.h"
#include "../text.h"
#include "entry.h"
#include "signature.h"

enum { MAX_SCRIPT_DEPTH = 4,
       HEAD = 1024 };
#define INSERT "DYLD_INSERT_LIBRARIES="
#define SESSION SHIMFS_SESSION_VARIABLE "="

/* How a program is started: by replacing this one, or beside it. */
struct start {
  bool spawn;
  pid_t *pid;
  const posix_spawn_file_actions_t *actions;
  const posix_spawnattr_t *attributes;
};

static int native_start(const struct start *s, const char *path, char *const *argv, char *const *env) {
  if (s->spawn) return posix_spawn(s->pid, path, s->actions, s->attributes, argv, env);
  execve(path, argv, env);
  return errno;
}

static const char *value_of(char *const *env, const char *name, size_t n) {
  for (; env && *env; env++)
    if (text_equal(*env, name, n)) return *env + n;
  return NULL;
}

static char *append(char *at, const char *text) {
  size_t n = text_length(text);
  bytes_copy(at, text, n + 1);
  return at + n;
}

static bool names_us(const char *list) {
  size_t n = text_length(gate_path), length = text_length(list);
  for (size_t i = 0; i + n <= length; i++)
    if (text_equal(list + i, gate_path, n)) return true;
  return false;
}

static void *map(size_t bytes) {
  long at = sys(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
  return at < 0 && at > -4096 ? NULL : (void *)at;
}

/* Restores our two variables in the environment, which the program may have changed. */
static int start_covered(const struct start *s, const char *path, char *const *argv, char *const *env) {
  binding_refresh();
  const char *insert = value_of(env, INSERT, sizeof INSERT - 1), *ours = value_of(env, SESSION, sizeof SESSION - 1);
  if (insert && names_us(insert) && ours && text_equal(ours, session_value, text_length(session_value) + 1))
    return native_start(s, path, argv, env);
  size_t n = 3, rest = insert ? text_length(insert) : 0;
  for (char *const *e = env; e && *e; e++) n++;
  size_t texts = sizeof INSERT + sizeof gate_path + rest + 2 + sizeof SESSION + sizeof session_value, bytes = n * sizeof(char *) + texts;
  char **list = map(bytes);
  if (!list) return ENOMEM;
  char *text = (char *)(list + n), *at = append(append(text, INSERT), gate_path);
  if (rest && !names_us(insert)) at = append(append(at, ":"), insert);
  else if (rest) at = append(append(text, INSERT), insert);
  char *session_text = at + 1;
  append(append(session_text, SESSION), session_value);
  n = 0;
  for (char *const *e = env; e && *e; e++)
    if (!text_equal(*e, INSERT, sizeof INSERT - 1) && !text_equal(*e, SESSION, sizeof SESSION - 1)) list[n++] = *e;
  list[n++] = text;
  list[n++] = session_text;
  list[n] = NULL;
  int result = native_start(s, path, argv, list);
  sys(SYS_munmap, (long)list, bytes);
  return result;
}

#if defined(__x86_64__)
static const uint32_t CPU = CPU_X64;
#else
static const uint32_t CPU = CPU_ARM64;
#endif

/* `#!interpreter argument`, cut in place. */
static bool parse_script(char *head, long n, char **interpreter, char **argument) {
  if (n < 3 || head[0] != '#' || head[1] != '!') return false;
  char *p = head + 2, *end = head + 2;
  while (end < head + n && *end != '\n') end++;
  *end = 0;
  while (end > p && (end[-1] == ' ' || end[-1] == '\t')) *--end = 0;
  while (*p == ' ' || *p == '\t') p++;
  if (!*p) return false;
  *interpreter = p;
  while (*p && *p != ' ' && *p != '\t') p++;
  *argument = NULL;
  if (*p) {
    *p++ = 0;
    while (*p == ' ' || *p == '\t') p++;
    if (*p) *argument = p;
  }
  return true;
}

/* dyld ignores an insertion into these, silently. Of a script its interpreter counts. */
static const char *uncoverable(const char *path, int depth) {
  struct stat st;
  if (stat(path, &st) || !S_ISREG(st.st_mode)) return NULL; /* the kernel will say */
  if (st.st_mode & S_ISUID && st.st_uid != geteuid()) return "it is set-user-ID";
  if (st.st_mode & S_ISGID && st.st_gid != getegid()) return "it is set-group-ID";
  long fd = sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return NULL;
  char head[HEAD + 8], *interpreter, *argument;
  bool script = parse_script(head, sys(SYS_pread64, fd, head, HEAD, 0), &interpreter, &argument);
  const char *why = script ? NULL : not_inserted(fd, CPU);
  sys(SYS_close, fd);
  return script && depth < MAX_SCRIPT_DEPTH && !under_mount(interpreter) ? uncoverable(interpreter, depth + 1) : why;
}

static int start_foreign(const struct start *s, const char *path, char *const *argv, char *const *env) {
  const char *why = uncoverable(path, 0);
  if (why && !(session.shared->session_flags & SHARED_FLAG_ALLOW_UNCOVERED)) {
    gate_log(path);
    gate_log(why);
    gate_log("so it would not see the virtual files. Start the run with --allow-uncovered to let it go on without them.");
    return EACCES;
  }
  return start_covered(s, path, argv, env);
}

static int start_anywhere(const struct start *s, const char *path, char *const *argv, char *const *env, int depth);

static int start_script(const struct start *s, const char *path, char *interpreter, char *argument, char *const *argv, char *const *env, int depth) {
  size_t count = 0, k = 0;
  if (depth >= MAX_SCRIPT_DEPTH) return ELOOP;
  while (argv && argv[count]) count++;
  size_t bytes = (count + 4) * sizeof(char *);
  const char **list = map(bytes);
  if (!list) return ENOMEM;
  list[k++] = interpreter;
  if (argument) list[k++] = argument;
  list[k++] = path;
  for (size_t i = 1; i < count; i++) list[k++] = argv[i];
  int result = start_anywhere(s, interpreter, (char *const *)(const void *)list, env, depth + 1);
  sys(SYS_munmap, (long)list, bytes);
  return result;
}

/* The path leads out of the mounts; the connection is held. */
static int start_outside(const struct start *s, char *const *argv, char *const *env, struct scratch *room) {
  uint32_t n;
  const char *text = host_exit_path(&n);
  if (n >= sizeof room->path) n = sizeof room->path - 1;
  bytes_copy(room->path, text, n);
  room->path[n] = 0;
  host_end();
  return start_foreign(s, room->path, argv, env);
}

static int start_opened(const struct start *s, long fd, const char *path, char *const *argv, char *const *env, int depth, struct scratch *room) {
  char *interpreter, *argument, *head = room->link;
  long n = fd_kind(fd) == FD_DIRECTORY ? -EACCES : sys(SYS_pread64, fd, head, HEAD, 0);
  if (n < 0) return (int)-n;
  if (parse_script(head, n, &interpreter, &argument)) return start_script(s, path, interpreter, argument, argv, env, depth);
  size_t length = descriptor_path((int)fd, room->path, sizeof room->path - 1);
  room->path[length] = 0;
  return start_covered(s, room->path, argv, env);
}

static int start_anywhere(const struct start *s, const char *path, char *const *argv, char *const *env, int depth) {
  struct place p;
  if (!place_of(AT_FDCWD, path, &p)) return start_foreign(s, path, argv, env);
  long allowed = on_access(AT_FDCWD, path, X_OK, WIRE_AT_EACCESS), fd = -1;
  if (allowed < 0 && allowed != LEFT_MOUNTS) return (int)-allowed;
  struct scratch *room = scratch_take();
  int result = ENOMEM;
  if (allowed == LEFT_MOUNTS) {
    if (room) result = start_outside(s, argv, env, room);
    else host_end();
  } else if (room) {
    fd = on_open(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd == LEFT_MOUNTS) host_end(), fd = -ENOENT;
    result = fd < 0 ? (int)-fd : start_opened(s, fd, path, argv, env, depth, room);
  }
  if (fd >= 0) on_close(fd), sys(SYS_close, fd);
  if (room) scratch_give(room);
  return result;
}

int shimfs_execve(const char *path, char *const argv[], char *const envp[]) {
  const struct start here = {.spawn = false};
  if (!session.active || !plausible(path)) return execve(path, argv, envp);
  errno = start_anywhere(&here, path, argv, envp, 0);
  return -1;
}

int shimfs_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
                       char *const argv[], char *const envp[]) {
  const struct start beside = {true, pid, actions, attributes};
  if (!session.active || !plausible(path)) return posix_spawn(pid, path, actions, attributes, argv, envp);
  return start_anywhere(&beside, path, argv, envp ? envp : process_environment(), 0);
}

/* One directory of PATH. Returns -1 where the file is not there, or may not be executed (EACCES in errno). */
static int spawn_in(const struct start *s, const char *directory, size_t n, const char *file, char *const argv[], char *const envp[], struct scratch *room) {
  size_t name = text_length(file);
  char *end = room->plain;
  if (n + name + 3 > sizeof room->plain) return -1;
  if (!n) *end++ = '.';
  bytes_copy(end, directory, n);
  end += n;
  *end++ = '/';
  bytes_copy(end, file, name + 1);
  if (darwin_call(CALL_access, ARGUMENTS(room->plain, X_OK)) != 0) return -1;
  return start_anywhere(s, room->plain, argv, envp ? envp : process_environment(), 0);
}

/* libc's own search would call libc's own posix_spawn, behind our back. */
int shimfs_posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
                        char *const argv[], char *const envp[]) {
  if (!session.active || !plausible(file)) return posix_spawnp(pid, file, actions, attributes, argv, envp);
  bool slash = false;
  for (const char *c = file; *c; c++) slash |= *c == '/';
  if (slash) return shimfs_posix_spawn(pid, file, actions, attributes, argv, envp);
  const char *path = gate_environment("PATH");
  const struct start beside = {true, pid, actions, attributes};
  struct scratch *room = scratch_take();
  int result = room ? ENOENT : ENOMEM;
  for (const char *at = path ? path : "/usr/bin:/bin"; room && *at;) {
    size_t n = 0;
    while (at[n] && at[n] != ':') n++;
    int started = spawn_in(&beside, at, n, file, argv, envp, room);
    if (started >= 0) {
      result = started;
      break;
    }
    if (errno == EACCES) result = EACCES;
    at += at[n] ? n + 1 : n;
  }
  if (room) scratch_give(room);
  return result;
}
