/* How the gate comes up: by preload, from the environment; or by Frida, when the agent says so. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>
#include "gate.h"
#include "kqueue.h"
#include "os.h"
#include "sys.h"
#if defined(__linux__)
#include "linux/loader.h"
#include "linux/raw_calls.h"
#endif

#define EXPORT __attribute__((visibility("default")))

int self_pid;
uint32_t process_umask;
char session_value[SHIMFS_MAX_SESSION_VALUE];
char gate_path[SHIMFS_MAX_GATE_PATH];

void gate_say(const char *what) {
  sys(SYS_write, 2, "shimfs: ", 8);
  sys(SYS_write, 2, what, text_length(what));
  sys(SYS_write, 2, "\n", 1);
}

void gate_fail(const char *what) {
  gate_say(what);
  sys(SYS_exit_group, 126);
}

bool in_vfork_child(void) { return (int)sys(SYS_getpid) != self_pid && !link_forked(); }

const char *gate_environment(const char *name) {
  size_t n = text_length(name);
  for (char **e = process_environment(); e && *e; e++)
    if (text_equal(*e, name, n) && (*e)[n] == '=') return *e + n + 1;
  return NULL;
}

/*
 * The keepalive descriptor is inherited by every descendant, so its other end closes when the last has gone.
 * Its number travels as the last four digits of the session variable and is corrected there in place.
 */
static void adopt_keepalive(char *digits) {
  const char *at = digits;
  uint64_t fd;
  if (!text_parse(&at, &fd) || !fd || sys(SYS_fcntl, fd, F_GETFD) < 0) return;
  int high = fd < 900 ? raise_fd((int)fd, false) : (int)fd;
  for (int i = 3; i >= 0; i--, fd = 0) digits[i] = (char)('0' + high / (i == 3 ? 1 : i == 2 ? 10 : i == 1 ? 100 : 1000) % 10);
  session.keepalive = high;
  protect_fd(high, true);
}

/* `<object dir>:<binding>:<keepalive fd, four digits>` */
static bool parse(char *value, char directory[SHIMFS_MAX_OBJECT_DIRECTORY], uint32_t *binding, char **digits) {
  size_t n = text_length(value), last = n, middle;
  if (n >= sizeof session_value) return false;
  while (last && value[last] != ':') last--;
  middle = last ? last - 1 : 0;
  while (middle && value[middle] != ':') middle--;
  if (!middle || middle >= SHIMFS_MAX_OBJECT_DIRECTORY) return false;
  bytes_copy(directory, value, middle);
  directory[middle] = 0;
  const char *at = value + middle + 1;
  uint64_t number;
  if (!text_parse(&at, &number)) return false;
  *binding = (uint32_t)number;
  *digits = value + last + 1;
  return n - last - 1 == 4;
}

static void before_fork_child(void) { link_start_child(); }

#if defined(__linux__)
static void find_system_functions(void) {
  real.kqueue = (int (*)(void))dlsym(RTLD_NEXT, "kqueue");
  real.guarded_kqueue_np = (int (*)(const void *, unsigned))dlsym(RTLD_NEXT, "guarded_kqueue_np");
  real.kevent = (int (*)(int, const void *, int, void *, int, const struct timespec *))dlsym(RTLD_NEXT, "kevent");
  real.kevent64 = (int (*)(int, const void *, int, void *, int, unsigned, const struct timespec *))dlsym(RTLD_NEXT, "kevent64");
  real.kevent_qos = (int (*)(int, const void *, int, void *, int, void *, size_t *, unsigned))dlsym(RTLD_NEXT, "kevent_qos");
  real.fd_closing = (void (*)(int))dlsym(RTLD_NEXT, "darwin_standin_fd_closing");
  real.fd_duplicated = (void (*)(int, int))dlsym(RTLD_NEXT, "darwin_standin_fd_duplicated");
}
#endif

/* One call through a patched stub must come back to us, or nothing else would. */
static bool canary(void) {
  canary_armed = 1;
  canary_call();
  canary_armed = 0;
  return canary_calls > 0;
}

static bool enter(char *value, char **digits) {
  char directory[SHIMFS_MAX_OBJECT_DIRECTORY];
  uint32_t binding;
  if (!parse(value, directory, &binding, digits)) return gate_say("the session variable is damaged"), false;
  self_pid = (int)sys(SYS_getpid);
  if (!session_open(directory, binding)) return gate_say("the session's directory cannot be opened: has its host gone?"), false;
  paths_start();
  return true;
}

static bool come_up(char *value, bool running) {
  char *digits;
  if (!enter(value, &digits)) return false;
  adopt_keepalive(digits);
  bytes_copy(session_value, value, text_length(value) + 1);
  process_umask = (uint32_t)sys(SYS_umask, 0);
  sys(SYS_umask, process_umask);
  Dl_info here;
  if (!dladdr((void *)&gate_fail, &here) || text_length(here.dli_fname) >= sizeof gate_path)
    return gate_say("the path of the gate's library is too long to start children with"), false;
  bytes_copy(gate_path, here.dli_fname, text_length(here.dli_fname) + 1);
  if (patch_call_sites(running) <= 0) return gate_say("no system call of libc could be hooked"), false;
  if (!canary()) return gate_say("libc's hooks do not fire"), false;
#if defined(__linux__)
  const char *uncovered = cover_loaded_code(running);
  if (uncovered) return gate_say(uncovered), false;
#endif
  link_start();
#if defined(__linux__)
  listing_start();
#endif
  fd_recover();
  pthread_atfork(NULL, paths_forget, before_fork_child);
  return true;
}

/* Runs before every other library's constructor (-z initfirst), libc's own included. */
__attribute__((constructor(101))) static void preloaded(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
#if defined(__GLIBC__)
  if (!environ) environ = envp;
#endif
  char *value = (char *)(uintptr_t)gate_environment(SHIMFS_SESSION_VARIABLE);
#if defined(__linux__)
  char *digits;
  if (value && loader_is_auditor()) {
    if (!enter(value, &digits) || !loader_start()) gate_say("libraries of the virtual tree are not found by the loader");
    return;
  }
#endif
  if (value) find_system_functions(); /* Frida-loaded, the agent tells them (agent.c) */
  if (value && !come_up(value, false)) {
    session.active = false;
    gate_fail("the program is not started, because it could not be covered");
  }
#if defined(__linux__)
  if (value) loader_tidy(process_environment());
#endif
  if (value && session.shared->session_flags & SHARED_FLAG_AGENT_ALWAYS) agent_bring();
}

/* For the agent, in a process that was already running. Returns the number of active mounts, or -1. */
EXPORT int shimfs_gate_start(const char *value) {
  static char copy[SHIMFS_MAX_SESSION_VALUE];
  if (session.active) return (int)session.mount_count;
  size_t n = text_length(value);
  if (n >= sizeof copy) return -1;
  bytes_copy(copy, value, n + 1);
  return come_up(copy, true) ? (int)session.mount_count : -1;
}
