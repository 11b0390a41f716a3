/* Crossing from C into the agent's JavaScript. */
#pragma once
#include <pthread.h>
#include "gate.h"
#include "os.h"

bool agent_here(void); /* in this process, now */
/* It has seen every event that the host sent before our last answer, or never will. */

/*
 * JavaScript runs with signals held off and the thread not cancellable: the engine would not survive being
 * left in the middle.
 */
struct crossing {
  uint64_t mask;
  int cancel;
};

static inline struct crossing cross_over(void) {
  struct crossing c;
  block_signals(&c.mask);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &c.cancel);
  return c;
}

static inline void cross_back(struct crossing c) {
  pthread_setcancelstate(c.cancel, NULL);
  restore_signals(&c.mask);
}
