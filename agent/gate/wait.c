/*
 * The cooperative kevent wait.
 *
 * Changes that concern virtual files go to the agent, all else to the system, once and in order. The wait
 * itself is the system's own: the hidden knote (queue.c) ends it when there is something synthetic to collect.
 */
#define _GNU_SOURCE
#include <errno.h>
#include "agent.h"
#include "api.h"
#include "fd_index.h"
#include "final_events.h"
#include "kqueue.h"
#include "os.h"
#include "queue.h"
#include "real.h"
#include "session.h"
#include "text.h"

static bool concerns_virtual(const struct kevent_call *c) {
  const char *record = c->changes;
  for (int i = 0; i < c->nchanges; i++, record += layouts[c->family].size) {
    struct record_head head;
    bytes_copy(&head, record, sizeof head);
    if (head.filter == EVFILT_VNODE_ && head.ident < MAX_FDS && (fd_virtual((long)head.ident) || fd_entry((int)head.ident)->watched))
      return true;
  }
  return false;
}

/* Their closing concerns the agent from now on. */
static void mark_watched(const struct kevent_call *c) {
  const char *record = c->changes;
  for (int i = 0; i < c->nchanges; i++, record += layouts[c->family].size) {
    struct record_head head;
    bytes_copy(&head, record, sizeof head);
    if (head.filter == EVFILT_VNODE_ && head.ident < MAX_FDS && fd_virtual((long)head.ident)) fd_entry((int)head.ident)->watched = 1;
  }
}

/* Removes the hidden knote from the records that the system returned. Returns how many remain. */
static int strip(const struct kevent_call *c, void *events, int n, bool *error) {
  size_t size = layouts[c->family].size;
  char *to = events, *from = events;
  int kept = 0;
  for (int i = 0; i < n; i++, from += size) {
    if (is_hidden(c->family, from)) continue;
    struct record_head head;
    bytes_copy(&head, from, sizeof head);
    if (head.flags & EV_ERROR_) *error = true;
    if (to != from) bytes_copy(to, from, size);
    to += size;
    kept++;
  }
  return kept;
}

static const struct timespec *remaining(const struct timespec *deadline, struct timespec *out) {
  if (!deadline) return NULL;
  struct timespec now;
  sys(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  out->tv_sec = deadline->tv_sec - now.tv_sec;
  out->tv_nsec = deadline->tv_nsec - now.tv_nsec;
  if (out->tv_nsec < 0) {
    out->tv_nsec += 1000000000;
    out->tv_sec--;
  }
  if (out->tv_sec < 0) *out = (struct timespec){0, 0};
  return out;
}

/* The kernel checks the timeout first (xnu kevent_legacy_internal): EINVAL comes before EBADF. */
static bool bad_timeout(const struct kevent_call *c) {
  const struct timespec *t = c->timeout;
  if (!t || c->family == FAMILY_QOS || (c->family == FAMILY_KEVENT64 && c->flags & KEVENT_FLAG_IMMEDIATE_)) return false;
  return t->tv_sec < 0 || t->tv_sec > 0x7fffffff || t->tv_nsec < 0 || t->tv_nsec > 1000000000;
}

/* Pending events of the agent, or those it left behind. */
static int drain(struct queue *q, enum family family, void *events, int capacity) {
  int left = final_events_drain(q, family, events, capacity);
  return left ? left : agent_drain(q, family, events, capacity);
}

static int collect(struct queue *q, struct kevent_call c) {
  static const struct timespec none = {0, 0};
  const size_t size = layouts[c.family].size;
  const bool immediate = (c.family != FAMILY_KEVENT && c.flags & KEVENT_FLAG_IMMEDIATE_) ||
      (c.family != FAMILY_QOS && c.timeout && !c.timeout->tv_sec && !c.timeout->tv_nsec);
  struct timespec end, left, *deadline = NULL;
  if (c.timeout && c.family != FAMILY_QOS && !immediate) {
    sys(SYS_clock_gettime, CLOCK_MONOTONIC, &end);
    end.tv_sec += c.timeout->tv_sec;
    end.tv_nsec += c.timeout->tv_nsec;
    if (end.tv_nsec >= 1000000000) {
      end.tv_nsec -= 1000000000;
      end.tv_sec++;
    }
    deadline = &end;
  }
  char *const events = c.events;
  const int room = c.nevents;
  for (;;) {
    int n = 0;
    /* Whose events go first alternates, so that neither starves when room is short. */
    bool first = q->turn ^= 1;
    if (first && q->pending && !c.nchanges) n = drain(q, c.family, events, room);
    if (n == room) return n;
    const bool drained = n > 0; /* a second drain would repeat level-triggered events */

    struct kevent_call native = c;
    native.events = events + (size_t)n * size;
    native.nevents = room - n;
    bool poll = n > 0 || immediate || q->pending;
    native.timeout = poll ? &none : remaining(deadline, &left);
    if (c.family == FAMILY_QOS) native.flags |= poll ? KEVENT_FLAG_IMMEDIATE_ : 0;
    int got = real_call(&native);
    if (got < 0) return n ? n : got;
    c.nchanges = 0; /* applied, once */
    bool error = false;
    int kept = strip(&c, native.events, got, &error);
    if (error) return kept; /* receipts and errors come alone */
    n += kept;
    if (!drained && n < room && q->pending) n += drain(q, c.family, events + (size_t)n * size, room - n);
    if (n) return n;
    /* Our knote may have taken the only slot from one of the program's. */
    if (got) continue;
    if (q->pending && !immediate) continue;
    if (immediate || (deadline && !remaining(deadline, &left)->tv_sec && !left.tv_nsec)) {
      if (agent_catch_up()) continue;
      return 0;
    }
  }
}

static int fail(int code) {
  errno = code;
  return -1;
}

static int bridge(struct kevent_call c) {
  struct queue *q = queue_of(c.kq);
  if (bad_timeout(&c)) return fail(EINVAL);
  /* The wrong member of the family: the system says so. */
  if (q && q->bridged && (q->family == FAMILY_KEVENT) != (c.family == FAMILY_KEVENT)) return real_call(&c);
  if (c.nchanges > 0 && concerns_virtual(&c)) {
    /* The system judges the descriptor and the family before anything is changed. */
    static const struct timespec none = {0, 0};
    struct kevent_call probe = c;
    probe.nchanges = probe.nevents = 0;
    probe.timeout = &none;
    if (c.family == FAMILY_QOS) probe.flags |= KEVENT_FLAG_IMMEDIATE_;
    if (real_call(&probe) < 0) return -1;
    int missing = agent_bring();
    bool lost = missing < 0 && agent_lost();
    if (missing < 0 && !lost) return fail(-missing);
    if (!q && !(q = queue_adopt(c.kq))) return fail(ENOMEM);
    if (!queue_bridge(q, c.family)) return -1;
    if (!lost) mark_watched(&c);
    /* The program's earlier changes apply to its knotes as they were. */
    agent_catch_up();
    int produced = lost ? final_events_changes(q, &c) : agent_changes(q, &c);
    if (produced < 0) return fail(-produced);
    if (produced > 0 || c.nevents <= 0) return produced;
    if (c.family != FAMILY_KEVENT && c.flags & KEVENT_FLAG_ERROR_EVENTS_) return 0;
    c.nchanges = 0;
  }
  if (!q || c.nevents <= 0 || (c.family != FAMILY_KEVENT && c.flags & KEVENT_FLAG_ERROR_EVENTS_))
    return real_call(&c);
  /* One without virtual knotes as well: another thread may give it one while we wait. */
  agent_catch_up();
  return collect(q, c);
}

API(int, kqueue, (void)) {
  if (!real.kqueue) return fail(ENOSYS);
  int fd = real.kqueue();
  if (session.active) queue_created(fd);
  return fd;
}

API(int, guarded_kqueue_np, (const void *guard, unsigned flags)) {
  if (!real.guarded_kqueue_np) return fail(ENOSYS);
  int fd = real.guarded_kqueue_np(guard, flags);
  if (session.active) queue_created(fd);
  return fd;
}

API(int, kevent, (int kq, const void *changes, int nchanges, void *events, int nevents, const struct timespec *timeout)) {
  struct kevent_call c = {.family = FAMILY_KEVENT, .kq = kq, .changes = changes, .nchanges = nchanges, .events = events, .nevents = nevents, .timeout = timeout};
  if (!real.kevent) return fail(ENOSYS);
  return session.active ? bridge(c) : real_call(&c);
}

API(int, kevent64, (int kq, const void *changes, int nchanges, void *events, int nevents, unsigned flags, const struct timespec *timeout)) {
  struct kevent_call c = {.family = FAMILY_KEVENT64, .kq = kq, .changes = changes, .nchanges = nchanges, .events = events, .nevents = nevents, .flags = flags, .timeout = timeout};
  if (!real.kevent64) return fail(ENOSYS);
  return session.active ? bridge(c) : real_call(&c);
}

API(int, kevent_qos, (int kq, const void *changes, int nchanges, void *events, int nevents, void *data_out, size_t *data_available, unsigned flags)) {
  struct kevent_call c = {.family = FAMILY_QOS, .kq = kq, .changes = changes, .nchanges = nchanges, .events = events, .nevents = nevents, .flags = flags, .data_out = data_out, .data_available = data_available};
  if (!real.kevent_qos) return fail(ENOSYS);
  return session.active ? bridge(c) : real_call(&c);
}
