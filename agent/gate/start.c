/* How the gate comes up: by preload, from the environment; or by Frida, when the agent says so. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>
#include "agent.h"
#include "api.h"
#include "calls.h"
#include "connection.h"
#include "descriptor.h"
#include "dispatch.h"
#include "fd_index.h"
#include "knotes.h"
#include "mounts.h"
#include "os.h"
#include "overlay.h"
#include "process.h"
#include "queue.h"
#include "real.h"
#include "recovery.h"
#include "session.h"
#include "text.h"
#if defined(__linux__)
#include "linux/calls.h"
#include "linux/loader.h"
#include "linux/raw_calls.h"
#endif

#define EXPORT __attribute__((visibility("default")))

/*
 * The keepalive descriptor is inherited by every descendant, so its other end closes when the last has gone.
 * Its number travels as the last four digits of the session variable and is corrected there in place.
 */
static void adopt_keepalive(char *digits) {
  const char *at = digits;
  uint64_t fd;
  if (!text_parse(&at, &fd) || !fd || sys(SYS_fcntl, fd, F_GETFD) < 0) return;
  int high = fd < 900 ? raise_fd((int)fd, false) : (int)fd;
  for (int i = 3; i >= 0; i--, fd = 0) digits[i] = (char)('0' + high / (i == 3 ? 1 : i == 2 ? 10
                                                                            : i == 1        ? 100
                                                                                            : 1000) %
                                                              10);
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

/* In a fork child, with the connection held: the agent and its kqueues stay with the parent. */
static void forked(void) {
  agent_after_fork();
  queues_after_fork();
  dispatch_after_fork();
}

/* One call through a patched stub must come back to us, or nothing else would. */
static bool canary(void) {
  canary_armed = 1;
  canary_call();
  canary_armed = 0;
  return canary_calls > 0;
}

/* The descriptors that a program of another user inherits (linux/handover.c) stay open, for those that it starts. */
static void adopt_handover(void) {
  const char *page = gate_environment(SHIMFS_PAGE_VARIABLE), *library = gate_path;
  uint64_t fd;
  if (!page || !text_parse(&page, &fd) || sys(SYS_fcntl, fd, F_GETFD) < 0) return;
  session_page = (int)fd;
  protect_fd((int)fd, true);
  if (!text_equal(library, "/proc/self/fd/", 14)) return;
  library += 14;
  if (text_parse(&library, &fd)) protect_fd((int)fd, true);
}

static bool find_library(void) {
  Dl_info here;
  if (!dladdr((void *)&gate_fail, &here) || text_length(here.dli_fname) >= sizeof gate_path) return false;
  bytes_copy(gate_path, here.dli_fname, text_length(here.dli_fname) + 1);
  return true;
}

static bool enter(char *value, char **digits) {
  char directory[SHIMFS_MAX_OBJECT_DIRECTORY];
  uint32_t binding;
  if (!parse(value, directory, &binding, digits)) return gate_log("the session variable is damaged"), false;
  process_start();
  if (!find_library()) return gate_log("the path of the gate's library is too long to start children with"), false;
  adopt_handover();
  if (!session_open(directory, binding)) return gate_log("the session's directory cannot be opened: has its host gone?"), false;
  mounts_start();
  connection_hooks = (struct connection_hooks){.connected = fd_inherit, .forked = forked};
  fd_hooks = (struct fd_hooks){.closing = knotes_fd_closing, .duplicated = queue_duplicated};
  return true;
}

static bool come_up(char *value, bool running) {
  char *digits;
  if (!enter(value, &digits)) return false;
  adopt_keepalive(digits);
  bytes_copy(session_value, value, text_length(value) + 1);
  if (patch_call_sites(running) <= 0) return gate_log("no system call of libc could be hooked"), false;
  if (!canary()) return gate_log("libc's hooks do not fire"), false;
#if defined(__linux__)
  const char *uncovered = cover_loaded_code(running);
  if (uncovered) return gate_log(uncovered), false;
#endif
  process_watch_forks();
  connection_start();
#if defined(__linux__)
  listing_start();
#endif
  fd_recover();
  pthread_atfork(NULL, paths_forget, connection_start_child);
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
    if (!enter(value, &digits) || !loader_start()) gate_log("libraries of the virtual tree are not found by the loader");
    return;
  }
#endif
  if (value) real_find_kqueue(); /* loaded by Frida, the agent sets them (agent_entry.c) */
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
