/* Signals that arrive while a thread waits for the host. */
#include "../os.h"

/* sigaction(2): signals that are ignored by default. */
static bool ignored_by_default(int signal) {
  return signal == SIGCHLD || signal == SIGCONT || signal == SIGURG || signal == SIGWINCH || signal == SIGIO || signal == SIGINFO;
}

static bool ends_programs(int signal) { return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT; }

bool wait_interrupted(uint64_t own) {
  sigset_t pending = 0;
  bool interrupted = false;
  sigpending(&pending);
  for (int signal = 1; signal < 32; signal++) {
    struct sigaction action;
    sigset_t one = 1u << (signal - 1);
    if (!(pending & ~(sigset_t)own & one) || sigaction(signal, NULL, &action)) continue;
    if (action.sa_handler == SIG_IGN || (action.sa_handler == SIG_DFL && ignored_by_default(signal))) continue;
    if (action.sa_handler != SIG_DFL) {
      interrupted = interrupted || ends_programs(signal);
      continue;
    }
    pthread_sigmask(SIG_UNBLOCK, &one, NULL); /* takes effect here */
    pthread_sigmask(SIG_BLOCK, &one, NULL);
  }
  return interrupted;
}
