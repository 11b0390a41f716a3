/* The functions that the Frida agent calls: its arrival, the thread that reads its events, its watches, its end. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include "agent.h"
#include "api.h"
#include "calls.h"
#include "connection.h"
#include "descriptor.h"
#include "fd_index.h"
#include "final_events.h"
#include "fsevents/fsevents.h"
#include "kqueue.h"
#include "os.h"
#include "queue.h"
#include "real.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT void shimfs_agent_install(const struct shimfs_agent *callbacks) { agent_install(callbacks); }

/*
 * Events are read by a thread of ours, blocked in the kernel, rather than by the engine's own loop: two hops and
 * a promise less on their way to the program.
 */
static void *read_events(void *argument) {
  static uint8_t chunk[65536];
  int fd = (int)(intptr_t)argument;
  for (;;) {
    long n = sys(SYS_recvfrom, fd, chunk, sizeof chunk, 0, 0, 0);
    if (n == -EINTR) continue;
    if (!agent_here()) break;
    agent_events(chunk, n > 0 ? (uint32_t)n : 0);
    streams_wake();
    if (n <= 0) break;
  }
  protect_fd(fd, false);
  sys(SYS_close, fd);
  return NULL;
}

/*
 * The script is about to be unloaded, with its callbacks: no call reaches them any more. It has stored its pending
 * events by shimfs_agent_leave.
 */
EXPORT void shimfs_agent_gone(void) {
  agent_remove();
  final_events_finish();
  agent_release_waiters();
}

EXPORT int shimfs_agent_leave(uint32_t id, const void *records, uint32_t count) {
  struct queue *q = queue_by_id(id);
  if (!q || !q->bridged || !count) return 0;
  if (!final_events_keep(q, records, count)) return -ENOMEM;
  queue_signal(q, true);
  return 0;
}

/* Connects to the host's events and begins to read them. Call after shimfs_agent_install. 0 or -errno. */
EXPORT int shimfs_agent_connect(void) {
  int fd = connection_open(ROLE_AGENT);
  if (fd < 0) return fd;
  pthread_t reader;
  uint64_t before; /* the thread is born with every signal held off */
  block_signals(&before);
  int failed = pthread_create(&reader, NULL, read_events, (void *)(intptr_t)fd);
  restore_signals(&before);
  if (failed) return -failed;
  pthread_detach(reader);
  return 0;
}

/*
 * Tells the host which inodes the agent watches from now on, or no longer. New watches are answered: a change
 * made after a registration has returned is heard. Returns 0 or -errno.
 */
EXPORT int shimfs_agent_watch(const uint64_t *inodes, uint32_t count, int on) {
  enum { PAGE = 8192 };
  for (uint32_t at = 0; at < count; at += PAGE) {
    uint32_t n = count - at < PAGE ? count - at : PAGE;
    struct request q = {.op = OP_WATCH, .flags = on ? REQUEST_FLAG_REPLY : 0, .b = on ? 1 : 0, .data = (const char *)(inodes + at), .data_length = n * 8};
    long result = 0;
    if (on) result = host_ask(&q);
    else host_post(&q);
    if (result < 0) return (int)result;
  }
  return 0;
}

EXPORT int shimfs_agent_signal(uint32_t id, int on) {
  struct queue *q = queue_by_id(id);
  if (q && q->bridged) queue_signal(q, on);
  return 0;
}

/* One change for the system, by itself. Returns 0 or its errno. */
EXPORT int shimfs_agent_apply(uint32_t id, uint32_t family, const void *change) {
  struct queue *q = queue_by_id(id);
  static const struct timespec none = {0, 0};
  if (!q) return EBADF;
  struct kevent_call c = {.family = family, .kq = q->fd, .changes = change, .nchanges = 1, .timeout = &none};
  if (family == FAMILY_QOS) c.flags = KEVENT_FLAG_IMMEDIATE_;
  return real_call(&c) < 0 ? errno : 0;
}

/* Inode behind a descriptor, 0 when it is not virtual. */
EXPORT uint64_t shimfs_agent_inode(int fd) { return fd_virtual(fd) ? fd_entry(fd)->ino : 0; }

/* The address at which the gate calls a function or finds data of the system's (real.h). 0, or -1 for an unknown name. */
EXPORT int shimfs_set_real(const char *name, void *address, int replace) { return real_set(name, address, replace) ? 0 : -1; }
