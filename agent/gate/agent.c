/* The gate's calls to the Frida agent of this process. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include "agent.h"
#include "connection.h"
#include "descriptor.h"
#include "kqueue.h"
#include "os.h"
#include "process.h"
#include "queue.h"
#include "session.h"
#include "text.h"

static struct shimfs_agent agent;
static volatile int32_t agent_pid; /* the process it lives in; 0: none */
static volatile int32_t lost_pid; /* the process it has left; 0: none */
static volatile uint32_t processed; /* low half of the last event number it has seen */

bool agent_here(void) { return agent_pid && agent_pid == self_pid; }
bool agent_lost(void) { return lost_pid && lost_pid == self_pid && !agent_here(); }

/* The open ones of the first 1024 descriptors. A comparison shows which came with Frida. */
static void open_descriptors(uint64_t set[16]) {
  bytes_zero(set, 16 * 8);
  for (int fd = 0; fd < 1024; fd++)
    if (sys(SYS_fcntl, fd, F_GETFD) >= 0) set[fd / 64] |= 1ull << fd % 64;
}

int agent_bring(void) {
  if (agent_here()) return 0;
  if (in_vfork_child()) return -ENOTSUP;
  int fd = connection_open(ROLE_GATE);
  if (fd < 0) return -EIO; /* there is no host */
  allow_tracer((int)session.shared->host_pid);
  uint64_t before[16], after[16];
  open_descriptors(before);
  struct request q = {.op = OP_AGENT};
  long result = connection_exchange(fd, &q);
  open_descriptors(after);
  for (int i = 0; i < 1024; i++)
    if (after[i / 64] & ~before[i / 64] & 1ull << i % 64) keep_fd(i);
  protect_fd(fd, false);
  sys(SYS_close, fd);
  return result < 0 ? (int)result : agent_here() ? 0
                                                 : -ENOTSUP;
}

int agent_changes(struct queue *q, const struct kevent_call *c) {
  struct crossing x = cross_over();
  int produced = agent.changes(q->id, c->family, c->changes, c->nchanges, c->events, c->nevents, c->family == FAMILY_KEVENT ? 0 : c->flags);
  cross_back(x);
  return produced;
}

int agent_drain(struct queue *q, enum family family, void *events, int capacity) {
  if (!agent_here()) return 0;
  struct crossing x = cross_over();
  int n = agent.drain(q->id, family, events, capacity);
  cross_back(x);
  return n < 0 ? 0 : n;
}

/*
 * Ten seconds at most: on a machine under load an event may be long on its way. One that never comes (the host died
 * on the way) must not keep the caller asking.
 */
enum { CATCH_UP_TRIES = 500 };

bool agent_catch_up(void) {
  uint32_t wanted = (uint32_t)connection_last_event(), seen = processed;
  const uint32_t before = seen;
  if (!agent_here() || (int32_t)(wanted - seen) <= 0) return false;
  for (int tries = 0; tries < CATCH_UP_TRIES && (int32_t)(wanted - (seen = processed)) > 0 && session_host_alive(); tries++) {
    struct timespec moment = {0, 20000000};
    wait_on(&processed, seen, &moment);
  }
  return processed != before;
}

int agent_dispatch(enum dispatch_op op, uint32_t id, int fd, uint32_t mask) {
  if (!agent_here()) return -EIO;
  struct crossing x = cross_over();
  int result = agent.dispatch(op, id, fd, mask);
  cross_back(x);
  return result;
}

void agent_after_fork(void) {
  agent_pid = 0;
  lost_pid = 0;
  processed = 0;
}

/* ---- the agent's arrival, its events and its end (agent_entry.c) ---- */

void agent_install(const struct shimfs_agent *callbacks) {
  agent = *callbacks;
  __atomic_store_n(&agent_pid, self_pid, __ATOMIC_SEQ_CST);
}

static void advance(uint32_t last) {
  __atomic_store_n(&processed, last, __ATOMIC_SEQ_CST);
  wake(&processed, 0x7fffffff);
}

void agent_events(const void *bytes, uint32_t length) {
  struct crossing x = cross_over();
  uint32_t last = agent.events(bytes, length);
  cross_back(x);
  advance(length ? last : (uint32_t)connection_last_event()); /* after the end there is nothing to wait for */
}

void agent_remove(void) {
  __atomic_store_n(&lost_pid, self_pid, __ATOMIC_SEQ_CST);
  __atomic_store_n(&agent_pid, 0, __ATOMIC_SEQ_CST);
}

void agent_release_waiters(void) { wake(&processed, 0x7fffffff); }

void agent_forget_descriptor(int fd) {
  if (!agent_here()) return;
  struct crossing x = cross_over();
  agent.fd_closed(fd);
  cross_back(x);
}

void agent_forget_queue(uint32_t id) {
  if (!agent_here()) return;
  struct crossing x = cross_over();
  agent.queue_closed(id);
  cross_back(x);
}
