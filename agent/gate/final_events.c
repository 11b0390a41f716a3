/*
 * Pending events of each queue when the agent ends (its host has died, or detaches it). Delivered from here, where no
 * JavaScript is needed: Frida takes the script out as soon as its other end has gone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include "agent.h"
#include "fd_index.h"
#include "final_events.h"
#include "kqueue.h"
#include "os.h"
#include "queue.h"
#include "text.h"

enum { KEPT_SIZE = 72,
       EV_RECEIPT_ = 0x40,
       EV_SYSFLAGS_ = 0xf000 };

struct final_events {
  size_t bytes;
  uint32_t lock, count, at;
  uint8_t records[];
};

static void take(struct final_events *l) {
  while (__atomic_exchange_n(&l->lock, 1, __ATOMIC_ACQUIRE)) sys(SYS_sched_yield);
}
/* In full order: whether the agent has gone is looked at after it (settle). */
static void give(struct final_events *l) { __atomic_store_n(&l->lock, 0, __ATOMIC_SEQ_CST); }

bool final_events_keep(struct queue *q, const void *records, uint32_t count) {
  size_t bytes = sizeof(struct final_events) + (size_t)count * KEPT_SIZE;
  long page = sys(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page < 0 && page > -4096) return false;
  struct final_events *l = (struct final_events *)page;
  l->bytes = bytes;
  l->count = count;
  bytes_copy(l->records, records, (size_t)count * KEPT_SIZE);
  __atomic_store_n(&q->left, l, __ATOMIC_RELEASE);
  return true;
}

/* From kevent_qos' layout to that of the call. */
static void convert(enum family family, void *to, const uint8_t *from) {
  const struct record_layout *out = &layouts[family], *in = &layouts[FAMILY_QOS];
  bytes_zero(to, out->size);
  bytes_copy(to, from, sizeof(struct record_head));
  bytes_copy((char *)to + out->fflags, from + in->fflags, 4);
  bytes_copy((char *)to + out->data, from + in->data, 8);
  bytes_copy((char *)to + out->udata, from + in->udata, 8);
  if (family == FAMILY_KEVENT64) bytes_copy((char *)to + 32, from + 40, 16); /* ext */
  if (family == FAMILY_QOS) bytes_copy(to, from, KEPT_SIZE);
}

int final_events_drain(struct queue *q, enum family family, void *events, int capacity) {
  struct final_events *l = q->left;
  if (!l || l->at == l->count) return 0;
  int n = 0;
  take(l);
  for (; n < capacity && l->at < l->count; l->at++) {
    const uint8_t *record = l->records + (size_t)l->at * KEPT_SIZE;
    struct record_head head;
    bytes_copy(&head, record, sizeof head);
    if (head.filter) convert(family, (char *)events + (size_t)n++ * layouts[family].size, record);
  }
  bool ended = l->at == l->count;
  give(l);
  if (ended && n && agent_lost()) queue_signal(q, false);
  return n;
}

/*
 * A waiter that took the last of them before the agent's end left the hidden knote to the agent. Without this it would
 * stay enabled, and visible to a program without hooks.
 */
static void settle(struct queue *q, int unused) {
  (void)unused;
  struct final_events *l = q->left;
  if (!q->bridged) return;
  bool ended = !l;
  if (l) {
    take(l);
    ended = l->at == l->count;
    give(l);
  }
  if (ended) queue_signal(q, false);
}

void final_events_finish(void) { each_queue(settle, 0); }

/* Removes the events of a descriptor. Returns whether there were any. */
static bool forget(struct queue *q, uint64_t ident) {
  struct final_events *l = q->left;
  bool found = false, more = false;
  if (!l) return false;
  take(l);
  for (uint32_t i = l->at; i < l->count; i++) {
    struct record_head head;
    bytes_copy(&head, l->records + (size_t)i * KEPT_SIZE, sizeof head);
    if (head.filter && head.ident == ident) {
      head.filter = 0;
      bytes_copy(l->records + (size_t)i * KEPT_SIZE, &head, sizeof head);
      found = true;
    } else if (head.filter) more = true;
  }
  give(l);
  if (found && !more && agent_lost()) queue_signal(q, false);
  return found;
}

static void forget_in(struct queue *q, int fd) { forget(q, (uint64_t)fd); }

void final_events_fd_closed(int fd) { each_queue(forget_in, fd); }

void final_events_free(struct queue *q) {
  struct final_events *l = __atomic_exchange_n(&q->left, NULL, __ATOMIC_ACQ_REL);
  if (l) sys(SYS_munmap, l, l->bytes);
}

static int one_change(struct queue *q, const struct kevent_call *c, const char *record, const struct record_head *head) {
  if (head->filter != EVFILT_VNODE_ || head->ident >= MAX_FDS || !fd_virtual((long)head->ident)) {
    static const struct timespec none = {0, 0};
    struct kevent_call single = {.family = c->family, .kq = c->kq, .changes = record, .nchanges = 1, .timeout = &none};
    if (c->family == FAMILY_QOS) single.flags = KEVENT_FLAG_IMMEDIATE_;
    return real_call(&single) < 0 ? errno : 0;
  }
  if (head->flags & EV_DELETE_) return forget(q, head->ident) ? 0 : ENOENT;
  return head->flags & EV_ADD_ ? EIO : ENOENT;
}

int final_events_changes(struct queue *q, const struct kevent_call *c) {
  const size_t size = layouts[c->family].size;
  int produced = 0;
  for (int i = 0; i < c->nchanges; i++) {
    const char *record = (const char *)c->changes + (size_t)i * size;
    struct record_head head;
    bytes_copy(&head, record, sizeof head);
    int64_t code = one_change(q, c, record, &head);
    if (!code && !(head.flags & EV_RECEIPT_)) continue;
    if (produced >= c->nevents) {
      if (code) return (int)-code;
      continue;
    }
    char *out = (char *)c->events + (size_t)produced++ * size;
    if (out != record) bytes_copy(out, record, size);
    head.flags = (uint16_t)((head.flags & ~EV_SYSFLAGS_) | EV_ERROR_);
    bytes_copy(out, &head, sizeof head);
    bytes_copy(out + layouts[c->family].data, &code, 8);
  }
  return produced;
}
