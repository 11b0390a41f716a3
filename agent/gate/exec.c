/*
 * exec: the child must come up covered, and a virtual program must be found.
 *
 * The kernel resolves the path and reads `#!` itself, so a virtual script is started as its interpreter would
 * be, with the virtual path as the script's name; a virtual binary is started from its object.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "attributes.h"
#include "binding.h"
#include "calls.h"
#include "connection.h"
#include "exec.h"
#include "fd_index.h"
#include "file.h"
#include "memory.h"
#include "os.h"
#include "overlay.h"
#include "path.h"
#include "process.h"
#include "real.h"
#include "scratch.h"
#include "session.h"
#include "text.h"
#if defined(__linux__)
#include "linux/coverage.h"
#include "linux/handover.h"
#include "linux/in_place.h"
#include "linux/loader.h"
#endif

enum { MAX_SCRIPT_DEPTH = 4,
       SMALL_ENVIRONMENT = 512 };

static const char *value_of(char *const *env, const char *name) {
  size_t n = text_length(name);
  for (; env && *env; env++)
    if (text_equal(*env, name, n) && (*env)[n] == '=') return *env + n + 1;
  return NULL;
}

static bool contains(const char *text, const char *part) {
  size_t n = text_length(part), length = text_length(text);
  for (size_t i = 0; i + n <= length; i++)
    if (text_equal(text + i, part, n)) return true;
  return false;
}

static char *append(char *at, const char *text) {
  size_t n = text_length(text);
  bytes_copy(at, text, n + 1);
  return at + n;
}

/* A list of libraries, or of auditors, behind the gate's own entry, which stands first where there is one. */
static const char *behind_gate(const char *list) {
  size_t own = text_length(gate_path);
  if (!list || !text_equal(list, gate_path, own) || (list[own] && list[own] != ':')) return list;
  return list[own] ? list + own + 1 : list + own;
}

/* The environment with ours in it; `out` has room for the list's length and four more. */
static void complete_environment(char *const *env, const struct handover *h, char **out, char *preload, char *session_text, char *audit, char *page) {
  const char *before = behind_gate(value_of(env, "LD_PRELOAD"));
  char *at = append(append(preload, "LD_PRELOAD="), h->library);
  if (before && *before) append(append(at, ":"), before);
  append(append(session_text, SHIMFS_SESSION_VARIABLE "="), session_value);
  size_t n = 0;
  const char *audits = audit ? behind_gate(value_of(env, "LD_AUDIT")) : NULL;
  for (; env && *env; env++)
    if (!text_equal(*env, "LD_PRELOAD=", 11) && !text_equal(*env, SHIMFS_SESSION_VARIABLE "=", sizeof SHIMFS_SESSION_VARIABLE) &&
        !text_equal(*env, SHIMFS_PAGE_VARIABLE "=", sizeof SHIMFS_PAGE_VARIABLE) && !(audit && text_equal(*env, "LD_AUDIT=", 9)))
      out[n++] = *env;
  out[n++] = preload;
  out[n++] = session_text;
  if (h->page >= 0) {
    text_number(append(page, SHIMFS_PAGE_VARIABLE "="), (uint64_t)h->page);
    out[n++] = page;
  }
  if (audit) {
    at = append(append(audit, "LD_AUDIT="), h->library);
    if (audits && *audits) append(append(at, ":"), audits);
    out[n++] = audit;
  }
  out[n] = NULL;
}

static bool environment_complete(char *const *env, const struct handover *h) {
  const char *preload = value_of(env, "LD_PRELOAD"), *ours = value_of(env, SHIMFS_SESSION_VARIABLE);
  size_t n = text_length(session_value);
  return h->page < 0 && preload && ours && contains(preload, gate_path) && text_equal(ours, session_value, n + 1);
}

static long native_exec(long dirfd, const char *path, char *const *argv, char *const *env, long flags) {
  if ((int)dirfd == AT_FDCWD && !flags) return sys(SYS_execve, path, argv, env);
  return sys(SYS_execveat, dirfd, path, argv, env, flags);
}

__attribute__((noinline)) static long exec_completed(long dirfd, const char *path, char *const *argv, char *const *env, long flags, bool early, const struct handover *h) {
  size_t n = 5;
  for (char *const *e = env; e && *e; e++) n++;
  /* No larger than they must be: this may run on a signal's small stack, and a vfork child can give nothing back. */
  const char *before = value_of(env, "LD_PRELOAD");
  char page[sizeof SHIMFS_PAGE_VARIABLE + 24], preload[text_length(h->library) + (before ? text_length(before) : 0) + 16];
  char session_text[sizeof SHIMFS_SESSION_VARIABLE + sizeof session_value + 1];
  const char *audits = early ? value_of(env, "LD_AUDIT") : NULL;
  char audit[early ? text_length(h->library) + (audits ? text_length(audits) : 0) + 16 : 1];
  char *few[n < SMALL_ENVIRONMENT ? n : 1], **list = few;
  if (n >= SMALL_ENVIRONMENT) {
    long at = sys(SYS_mmap, 0, n * sizeof *list, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at < 0 && at > -4096) return at;
    list = (char **)at;
  }
  complete_environment(env, h, list, preload, session_text, early ? audit : NULL, page);
  long result = native_exec(dirfd, path, argv, list, flags);
  if (list != few) sys(SYS_munmap, list, n * sizeof *list);
  return result;
}

/* One line on standard error; -EACCES, unless the run lets uncovered children go on. */
static long refuse(const char *path, const char *why) {
  if (session.shared->session_flags & SHARED_FLAG_ALLOW_UNCOVERED) return 0;
  char text[text_length(path) + text_length(why) + 288];
  char *at = append(text, "shimfs: ");
  at = append(append(at, path[0] ? path : "the program of a descriptor"), " is not started: ");
  at = append(append(at, why), ", so it would not see the virtual files. Start the run with --allow-uncovered to let it run without them.\n");
  sys(SYS_write, 2, text, at - text);
  return -EACCES;
}

/* Nothing virtual has a name here (linux/root.c): the program needs no gate, and could not load one. */
__attribute__((noinline)) static long exec_outside(long dirfd, const char *path, char *const *argv, char *const *env, long flags) {
  const char *before = value_of(env, "LD_PRELOAD"), *rest = behind_gate(before);
  size_t n = 1, kept = 0;
  for (char *const *e = env; e && *e; e++) n++;
  bool ours = rest != before;
  char preload[ours ? text_length(rest) + 16 : 1];
  long at = sys(SYS_mmap, 0, n * sizeof(char *), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at < 0 && at > -4096) return at;
  char **list = (char **)at;
  for (char *const *e = env; e && *e; e++)
    if (!text_equal(*e, SHIMFS_SESSION_VARIABLE "=", sizeof SHIMFS_SESSION_VARIABLE) && !(ours && text_equal(*e, "LD_PRELOAD=", 11)))
      list[kept++] = *e;
  if (ours && *rest) list[kept++] = (append(append(preload, "LD_PRELOAD="), rest), preload);
  list[kept] = NULL;
  long result = native_exec(dirfd, path, argv, list, flags);
  sys(SYS_munmap, at, n * sizeof(char *));
  return result;
}

/* The only way to the kernel's exec. @param early it may need libraries of the tree (linux/loader.c) */
static long exec_covered(long dirfd, const char *path, char *const *argv, char *const *env, long flags, bool early) {
  if (!session.mount_count) return exec_outside(dirfd, path, argv, env, flags);
  struct handover h;
  const char *why = handover_prepare(&h);
  long result = why ? refuse(path, why) : 0;
  if (result) return result;
  binding_refresh();
  follow_copies(); /* while the other holders of the descriptions are known */
  if (!early && environment_complete(env, &h)) return native_exec(dirfd, path, argv, env, flags);
  result = exec_completed(dirfd, path, argv, env, flags, early, &h);
  handover_undo(&h);
  return result;
}

static bool asks_early(const struct program_file *p, char *const *env, bool program_virtual) {
  return needs_tree(p->fd, p->head, p->length, value_of(env, "LD_LIBRARY_PATH"), value_of(env, "LD_PRELOAD"), program_virtual);
}

/* `#! interpreter [argument]` → both, cut out of the head in place. */
static bool parse_script(struct program_file *p, char **interpreter, char **argument) {
  char *head = (char *)p->head;
  if (p->length < 3 || head[0] != '#' || head[1] != '!') return false;
  head[p->length < PROGRAM_HEAD ? p->length : PROGRAM_HEAD - 1] = 0;
  char *at = head + 2;
  while (*at == ' ' || *at == '\t') at++;
  *interpreter = at;
  while (*at && *at != ' ' && *at != '\t' && *at != '\n') at++;
  char stop = *at;
  *at = 0;
  *argument = NULL;
  if (!**interpreter) return false;
  if (stop == ' ' || stop == '\t') {
    at++;
    while (*at == ' ' || *at == '\t') at++;
    char *end = at;
    while (*end && *end != '\n') end++;
    while (end > at && (end[-1] == ' ' || end[-1] == '\t')) end--;
    *end = 0;
    if (*at) *argument = at;
  }
  return true;
}

static long exec_anywhere(long dirfd, const char *path, char *const *argv, char *const *env, long flags, int depth);

/* As the kernel starts a script: interpreter, its argument, the script's path, then the arguments behind the first. */
static long exec_interpreter(const char *interpreter, const char *argument, const char *path, char *const *argv, char *const *env, int depth) {
  if (depth >= MAX_SCRIPT_DEPTH) return -ELOOP;
  size_t count = 0;
  while (argv && argv[count]) count++;
  if (count > 100000) return -E2BIG;
  size_t bytes = (count + 4) * sizeof(char *);
  long at = sys(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at < 0 && at > -4096) return at;
  const char **list = (const char **)at;
  size_t k = 0;
  list[k++] = interpreter;
  if (argument) list[k++] = argument;
  list[k++] = path;
  for (size_t i = 1; i < count; i++) list[k++] = argv[i];
  long result = exec_anywhere(AT_FDCWD, interpreter, (char *const *)list, env, 0, depth + 1);
  sys(SYS_munmap, at, bytes);
  return result;
}

/* Opens a real program to look at it. One that may be executed and not read cannot be judged. */
static long open_program(long dirfd, const char *path, long flags) {
  char self[40] = "/proc/self/fd/";
  if (flags & AT_EMPTY_PATH && !path[0]) {
    text_number(self + 14, (uint64_t)dirfd);
    path = self;
    dirfd = AT_FDCWD;
  }
  long how = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0);
  long fd = sys(SYS_openat, dirfd, path, how);
  if (fd != -EMFILE) return fd;
  /* The kernel needs no descriptor to exec. Ours to the host would be closed by it, so it can be closed now. */
  connection_release_descriptor();
  return sys(SYS_openat, dirfd, path, how);
}

static bool interpreter_virtual(const char *interpreter) {
  struct place p;
  struct scratch *room = session.overlays ? scratch_take() : NULL;
  bool found = place_of(AT_FDCWD, interpreter, &p) || (room && place_ahead(AT_FDCWD, interpreter, true, &p, room));
  if (room) scratch_give(room);
  return found;
}

/* Judges a real script's interpreter, and that one's, which the kernel starts by itself. 0 or -errno. */
__attribute__((noinline)) static long judge_interpreter(const char *path, int depth) {
  struct program_file p;
  char *interpreter, *argument;
  long fd = open_program(AT_FDCWD, path, 0);
  if (fd < 0) return fd;
  program_read(&p, fd);
  const char *why = coverage_refusal(&p, NULL);
  sys(SYS_close, fd);
  long refused = why ? refuse(path, why) : 0;
  if (refused || !parse_script(&p, &interpreter, &argument)) return refused;
  return depth >= MAX_SCRIPT_DEPTH ? -ELOOP : judge_interpreter(interpreter, depth + 1);
}

__attribute__((noinline)) static long exec_foreign(long dirfd, const char *path, char *const *argv, char *const *env, long flags, int depth) {
  struct program_file p;
  char *interpreter, *argument;
  long fd = open_program(dirfd, path, flags), refused;
  if (fd < 0 && (fd != -EACCES || sys(SYS_faccessat, dirfd, path, 1 /* X_OK */))) return fd;
  if (fd < 0 && (refused = refuse(path, "it cannot be read, so it cannot be checked"))) return refused;
  if (fd < 0) return exec_covered(dirfd, path, argv, env, flags, false);
  program_read(&p, fd);
  const char *why = session.mount_count ? coverage_refusal(&p, argv) : NULL;
  bool early = asks_early(&p, env, false);
  sys(SYS_close, fd);
  if (why && (refused = refuse(path, why))) return refused;
  if (parse_script(&p, &interpreter, &argument)) {
    if (interpreter_virtual(interpreter) && path[0]) return exec_interpreter(interpreter, argument, path, argv, env, depth);
    if (session.mount_count && (refused = judge_interpreter(interpreter, depth + 1))) return refused;
  }
  return exec_covered(dirfd, path, argv, env, flags, early);
}

static long close_program(long fd, long result) {
  on_close(fd);
  sys(SYS_close, fd);
  return result;
}

__attribute__((noinline)) static long exec_virtual(long fd, const char *path, char *const *argv, char *const *env, int depth) {
  struct program_file p;
  char *interpreter, *argument;
  program_read(&p, fd);
  if (parse_script(&p, &interpreter, &argument)) {
    close_program(fd, 0);
    return exec_interpreter(interpreter, argument, path, argv, env, depth);
  }
  const char *why = coverage_refusal(&p, argv);
  long refused = why ? refuse(path, why) : 0;
  if (refused) return close_program(fd, refused);
  char real[40] = "/proc/self/fd/";
  text_number(real + 14, (uint64_t)fd);
  return close_program(fd, exec_covered(AT_FDCWD, real, argv, env, 0, asks_early(&p, env, true)));
}

/* The path leads out of the mounts. */
__attribute__((noinline)) static long exec_at_exit(char *const *argv, char *const *env, long flags, int depth) {
  uint32_t n;
  const char *text = host_exit_path(&n);
  if (n >= MAX_PATH) n = MAX_PATH - 1;
  char real[n + 1];
  bytes_copy(real, text, n);
  real[n] = 0;
  host_end();
  return exec_foreign(AT_FDCWD, real, argv, env, flags, depth);
}

/* The kernel found nothing there: perhaps a real symlink leads into a mount. */
__attribute__((noinline)) static long exec_behind(long dirfd, const char *path, char *const *argv, char *const *env, long flags, int depth, long failure) {
  struct place p;
  if (depth >= MAX_SCRIPT_DEPTH || place_elsewhere(dirfd, path)) return failure;
  struct scratch *room = scratch_take();
  if (!room) return failure;
  bool found = place_behind(dirfd, path, &p, room);
  char inside[found ? p.length + 1 : 1];
  if (found) bytes_copy(inside, p.path, p.length + 1);
  scratch_give(room);
  return found ? exec_anywhere(AT_FDCWD, inside, argv, env, flags, depth + 1) : failure;
}

static long exec_anywhere(long dirfd, const char *path, char *const *argv, char *const *env, long flags, int depth) {
  struct place p;
  if (!place_at(dirfd, path, flags, &p)) {
    long result = exec_foreign(dirfd, path, argv, env, flags, depth);
    return result == -ENOENT || result == -ENOTDIR ? exec_behind(dirfd, path, argv, env, flags, depth, result) : result;
  }
  long allowed = on_access(dirfd, path, 1, 0x200 /* AT_EACCESS */);
  if (allowed == LEFT_MOUNTS) return exec_at_exit(argv, env, flags, depth);
  if (allowed == NOT_OURS) return -ENOENT; /* never the kernel's own look: it would start the object uncovered */
  if (allowed < 0) return allowed;
  long fd = on_open(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
  if (fd == NOT_OURS) return -ENOENT;
  if (fd < 0) return fd == LEFT_MOUNTS ? (host_end(), -ENOENT) : fd == -ENXIO ? -EACCES
                                                                              : fd;
  if (fd_kind(fd) == FD_DIRECTORY || fd_kind(fd) == FD_FIFO) {
    on_close(fd);
    sys(SYS_close, fd);
    return -EACCES;
  }
  return exec_virtual(fd, path, argv, env, depth);
}

long on_execve(long dirfd, const char *path, char *const argv[], char *const envp[], long flags) {
  if (!readable(path, 1)) return NOT_OURS;
  if (in_vfork_child()) paths_forget(); /* the parent's: a child may make links */
  char self[24] = "/dev/fd/";
  if (flags & AT_EMPTY_PATH && !path[0]) {
    if (fd_kind(dirfd) != FD_FILE) return exec_foreign(dirfd, path, argv, envp, flags, 0);
    text_number(self + 8, (uint64_t)dirfd); /* by which the kernel, too, names the script of a descriptor */
    return exec_anywhere(AT_FDCWD, self, argv, envp, 0, 0);
  }
  struct place p;
  struct scratch *room = session.overlays && path[0] && !place_of(dirfd, path, &p) ? scratch_take() : NULL;
  bool leads = room && place_ahead(dirfd, path, !(flags & AT_SYMLINK_NOFOLLOW), &p, room);
  /* Given back before: a vfork child that succeeds never returns, and the room is its parent's. */
  char inside[leads ? p.length + 1 : 1];
  if (leads) bytes_copy(inside, p.path, p.length + 1);
  if (room) scratch_give(room);
  return leads ? exec_anywhere(AT_FDCWD, inside, argv, envp, 0, 0) : exec_anywhere(dirfd, path, argv, envp, flags, 0);
}
