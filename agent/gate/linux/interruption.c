/* Signals that arrive while a thread waits for the host. */
#define _GNU_SOURCE
#include <signal.h>
#include "../os.h"

/* rt_sigaction(2)'s own structure. */
struct kernel_action {
  void *handler;
  unsigned long flags;
#if defined(__x86_64__)
  void *restorer;
#endif
  uint64_t mask;
};

static uint64_t bit(int signal) { return 1ull << (signal - 1); }

/* signal(7): signals that are ignored by default. */
static bool ignored_by_default(int signal) {
  return signal == SIGCHLD || signal == SIGCONT || signal == SIGURG || signal == SIGWINCH;
}

static bool ends_programs(int signal) { return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT; }

bool wait_interrupted(uint64_t own) {
  uint64_t pending = 0;
  bool interrupted = false;
  sys(SYS_rt_sigpending, &pending, 8);
  for (int signal = 1; signal < 32; signal++) {
    struct kernel_action action = {0};
    if (!(pending & ~own & bit(signal)) || sys(SYS_rt_sigaction, signal, 0, &action, 8)) continue;
    if (action.handler == (void *)SIG_IGN || (action.handler == (void *)SIG_DFL && ignored_by_default(signal))) continue;
    if (action.handler != (void *)SIG_DFL) {
      interrupted = interrupted || ends_programs(signal);
      continue;
    }
    uint64_t one = bit(signal);
    sys(SYS_rt_sigprocmask, SIG_UNBLOCK, &one, 0, 8); /* takes effect here */
    sys(SYS_rt_sigprocmask, SIG_BLOCK, &one, 0, 8);
  }
  return interrupted;
}
