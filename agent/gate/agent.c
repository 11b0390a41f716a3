/* What the gate and the Frida agent say to each other inside one process. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include "agent.h"
#include "dispatch.h"
#include "fsevents/fsevents.h"
#include "gate.h"
#include "kqueue.h"
#include "os.h"
#include "sys.h"

#define EXPORT __attribute__((visibility("default")))

/* Native callbacks of the agent's JavaScript. Counts ≥ 0 or -errno. */
struct shimfs_agent {
  int32_t (*changes)(uint32_t queue, uint32_t family, const void *changes, int32_t nchanges, void *events, int32_t nevents, uint32_t flags);
  int32_t (*drain)(uint32_t queue, uint32_t family, void *events, int32_t capacity);
  void (*fd_closed)(int32_t fd);
  void (*queue_closed)(uint32_t queue);
  /* What came from the host. length 0: it has gone. Returns the low half of the last event's number. */
  uint32_t (*events)(const void *bytes, uint32_t length);
  int32_t (*dispatch)(uint32_t op, uint32_t id, int32_t fd, uint32_t mask);
};

static struct shimfs_agent agent;
static volatile int32_t agent_pid; /* the process it lives in; 0: none */
static volatile int32_t lost_pid;  /* the process it has left; 0: none */
static volatile uint32_t processed; /* low half of the last event number it has seen */

bool agent_here(void) { return agent_pid && agent_pid == self_pid; }
bool agent_lost(void) { return lost_pid && lost_pid == self_pid && !agent_here(); }

/* Which of the first 1024 descriptors are open. What comes with Frida is told by comparison. */
static void open_descriptors(uint64_t set[16]) {
  bytes_zero(set, 16 * 8);
  for (int fd = 0; fd < 1024; fd++)
    if (sys(SYS_fcntl, fd, F_GETFD) >= 0) set[fd / 64] |= 1ull << fd % 64;
}

int agent_bring(void) {
  if (agent_here()) return 0;
  if (in_vfork_child()) return -ENOTSUP;
  int fd = link_open(ROLE_GATE);
  if (fd < 0) return -EIO; /* there is no host */
  allow_tracer((int)session.shared->host_pid);
  uint64_t before[16], after[16];
  open_descriptors(before);
  struct request q = {.op = OP_AGENT};
  long result = link_exchange(fd, &q);
  open_descriptors(after);
  for (int i = 0; i < 1024; i++)
    if (after[i / 64] & ~before[i / 64] & 1ull << i % 64) keep_fd(i);
  protect_fd(fd, false);
  sys(SYS_close, fd);
  return result < 0 ? (int)result : agent_here() ? 0 : -ENOTSUP;
}

int agent_changes(struct queue *q, const struct kevent_call *c) {
  struct crossing x = cross_over();
  int produced = agent.changes(q->id, c->family, c->changes, c->nchanges, c->events, c->nevents, c->family == FAMILY_KEVENT ? 0 : c->flags);
  cross_back(x);
  return produced;
}

int agent_drain(struct queue *q, enum family family, void *events, int capacity) {
  int last = last_words_tell(q, family, events, capacity);
  if (last || !agent_here()) return last;
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
  uint32_t wanted = (uint32_t)link_last_seq(), seen = processed;
  const uint32_t before = seen;
  if (!agent_here() || (int32_t)(wanted - seen) <= 0) return false;
  for (int tries = 0; tries < CATCH_UP_TRIES && (int32_t)(wanted - (seen = processed)) > 0 && session_host_alive(); tries++) {
    struct timespec moment = {0, 20000000};
    wait_on(&processed, seen, &moment);
  }
  return processed != before;
}

void agent_fd_closed(int fd, enum fd_kind kind) {
  struct queue *last = kind == FD_KQUEUE ? queue_closing(fd) : NULL;
  bool knote = kind != FD_KQUEUE;
  if (knote && agent_lost()) last_words_fd_closed(fd);
  if (last) last_words_drop(last);
  if (agent_here() && (knote || (last && last->bridged))) {
    struct crossing x = cross_over();
    if (knote) agent.fd_closed(fd);
    else agent.queue_closed(last->id);
    cross_back(x);
  }
}

int agent_dispatch(enum dispatch_op op, uint32_t id, int fd, uint32_t mask) {
  if (!agent_here()) return -EIO;
  struct crossing x = cross_over();
  int result = agent.dispatch(op, id, fd, mask);
  cross_back(x);
  return result;
}

void agent_fd_duplicated(int from, int to) {
  if (fd_kind(from) == FD_KQUEUE) queue_duplicated(from, to);
}

void agent_after_fork(void) {
  agent_pid = 0;
  lost_pid = 0;
  processed = 0;
  queues_after_fork();
  dispatch_after_fork();
}

/* ---- what the agent calls ---- */

EXPORT void shimfs_agent_install(const struct shimfs_agent *callbacks) {
  agent = *callbacks;
  __atomic_store_n(&agent_pid, self_pid, __ATOMIC_SEQ_CST);
}

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
    struct crossing x = cross_over();
    uint32_t seq = agent.events(chunk, n > 0 ? (uint32_t)n : 0);
    cross_back(x);
    /* The end counts as everything: nobody is to wait for more. */
    __atomic_store_n(&processed, n > 0 ? seq : (uint32_t)link_last_seq(), __ATOMIC_SEQ_CST);
    wake(&processed, 0x7fffffff);
    streams_wake();
    if (n <= 0) break;
  }
  protect_fd(fd, false);
  sys(SYS_close, fd);
  return NULL;
}

/*
 * The script is about to be taken out, with its callbacks: nobody calls them any more. What it still had to say
 * was left with shimfs_agent_leave.
 */
EXPORT void shimfs_agent_gone(void) {
  __atomic_store_n(&lost_pid, self_pid, __ATOMIC_SEQ_CST);
  __atomic_store_n(&agent_pid, 0, __ATOMIC_SEQ_CST);
  last_words_settle();
  wake(&processed, 0x7fffffff);
}

EXPORT int shimfs_agent_leave(uint32_t id, const void *records, uint32_t count) {
  struct queue *q = queue_by_id(id);
  if (!q || !q->bridged || !count) return 0;
  if (!last_words_keep(q, records, count)) return -ENOMEM;
  queue_signal(q, true);
  return 0;
}

/* Connects to the host's events and begins to read them. Call after shimfs_agent_install. 0 or -errno. */
EXPORT int shimfs_agent_connect(void) {
  int fd = link_open(ROLE_AGENT);
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
    struct request q = {.op = OP_WATCH, .flags = on ? 1 : 0, .b = on ? 1 : 0, .data = (const char *)(inodes + at), .data_length = n * 8};
    long result = 0;
    if (on) result = link_ask(&q);
    else link_tell(&q);
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

/* Frida-loaded: the hook's trampoline to the system's function. */
EXPORT int shimfs_set_real(const char *name, void *function) {
  static const struct {
    const char *name;
    void **cell;
  } cells[] = {{"kqueue", (void **)&real.kqueue},
               {"guarded_kqueue_np", (void **)&real.guarded_kqueue_np},
               {"kevent", (void **)&real.kevent},
               {"kevent64", (void **)&real.kevent64},
               {"kevent_qos", (void **)&real.kevent_qos},
               {"darwin_standin_fd_closing", (void **)&real.fd_closing},
               {"darwin_standin_fd_duplicated", (void **)&real.fd_duplicated}};
  for (unsigned i = 0; i < sizeof cells / sizeof cells[0]; i++) {
    size_t n = text_length(cells[i].name);
    if (text_length(name) == n && text_equal(name, cells[i].name, n)) {
      *cells[i].cell = function;
      return 0;
    }
  }
  /* Some are known to both. */
  bool dispatch = dispatch_set_real(name, function), fsevents = fsevents_set_real(name, function);
  return dispatch || fsevents ? 0 : -1;
}
