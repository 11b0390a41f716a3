/* The gate's calls to the Frida agent of this process, and how a call crosses into its JavaScript. */
#pragma once
#include <pthread.h>
#include "agent_abi.h"
#include "os.h"
#include "queue.h"

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

bool agent_here(void); /* in this process, now */
bool agent_lost(void); /* it was here, and will not come again */
int agent_bring(void); /* 0, or -errno when it cannot come */
/* Changes of a kevent call, in its order. Returns how many records it wrote, or -errno. */
int agent_changes(struct queue *q, const struct kevent_call *c);
/* Takes pending events. Returns how many. */
int agent_drain(struct queue *q, enum family family, void *events, int capacity);
/* Waits until the agent has seen every event that the host sent before our last answer. True: it had not. */
bool agent_catch_up(void);
/* A Dispatch source changes its state. 0, or -errno of a watch that could not be had. */
int agent_dispatch(enum dispatch_op op, uint32_t id, int fd, uint32_t mask);
void agent_forget_descriptor(int fd); /* it is about to be closed */
void agent_forget_queue(uint32_t id);
void agent_after_fork(void);

/* ---- for agent_entry.c ---- */
void agent_install(const struct shimfs_agent *callbacks);
/* Bytes of the host's event connection; length 0: it has ended. */
void agent_events(const void *bytes, uint32_t length);
/* No call reaches its callbacks any more. */
void agent_remove(void);
void agent_release_waiters(void);
