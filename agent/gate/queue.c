/*
 * Kqueues that carry virtual knotes, and the hidden knote that makes them readable.
 *
 * The hidden knote is an EVFILT_USER of ours on the program's own kqueue, recognized by EV_UDATA_SPECIFIC and a
 * private udata. It is triggered once, for good, and enabled exactly while synthetic events are pending, so
 * kevent, select, poll and an outer kqueue all see the truth without anybody polling.
 */
#define _GNU_SOURCE
#include <errno.h>
#include "calls.h"
#include "connection.h"
#include "fd_index.h"
#include "kqueue.h"
#include "os.h"
#include "queue.h"
#include "real.h"
#include "text.h"

enum { MAX_QUEUES = 1024 };
static struct queue queues[MAX_QUEUES];
static uint32_t next_id;
static char hidden_tag; /* its address is the hidden knote's udata */

void queue_created(int fd) {
  static bool told;
  if (fd < 0 || fd >= MAX_FDS) return;
  if (!told) {
    told = true;
    struct request q = {.op = OP_WARM};
    host_post(&q);
  }
  for (uint32_t i = 0; i < MAX_QUEUES; i++) {
    uint32_t free_slot = 0;
    if (!__atomic_compare_exchange_n(&queues[i].references, &free_slot, 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) continue;
    uint32_t id = (__atomic_add_fetch(&next_id, 1, __ATOMIC_RELAXED) << 10 | i) & 0x7fffffff;
    queues[i] = (struct queue){.id = id ? id : 1u << 10 | i, .fd = fd, .references = 1};
    fd_assign(fd, FD_KQUEUE, 0, 0, i, 0);
    return;
  }
}

struct queue *queue_of(int fd) { return fd_kind(fd) == FD_KQUEUE ? &queues[fd_entry(fd)->slot] : NULL; }

struct queue *queue_by_id(uint32_t id) {
  struct queue *q = &queues[id % MAX_QUEUES];
  return q->references && q->id == id ? q : NULL;
}

void each_queue(void (*visit)(struct queue *q, int argument), int argument) {
  for (uint32_t i = 0; i < MAX_QUEUES; i++)
    if (queues[i].references) visit(&queues[i], argument);
}

/* A kqueue that was made before we came. */
struct queue *queue_adopt(int fd) {
  if (!queue_of(fd)) queue_created(fd);
  return queue_of(fd);
}

void queue_duplicated(int from, int to) {
  struct queue *q = queue_of(from);
  fd_assign(to, FD_KQUEUE, 0, 0, fd_entry(from)->slot, 0);
  __atomic_add_fetch(&q->references, 1, __ATOMIC_SEQ_CST);
}

struct queue *queue_closing(int fd) {
  struct queue *q = queue_of(fd);
  if (__atomic_sub_fetch(&q->references, 1, __ATOMIC_SEQ_CST) == 0) return q;
  if (q->fd == fd)
    for (int other = 0; other <= fd_highest(); other++)
      if (other != fd && queue_of(other) == q) {
        q->fd = other;
        break;
      }
  return NULL;
}

/* A kqueue does not survive fork. */
void queues_after_fork(void) {
  for (int fd = 0; fd <= fd_highest(); fd++)
    if (fd_kinds[fd] == FD_KQUEUE) fd_kinds[fd] = FD_FOREIGN;
  bytes_zero(queues, sizeof queues);
}

int real_call(const struct kevent_call *c) {
  switch (c->family) {
    case FAMILY_KEVENT: return real.kevent(c->kq, c->changes, c->nchanges, c->events, c->nevents, c->timeout);
    case FAMILY_KEVENT64:
      return real.kevent64(c->kq, c->changes, c->nchanges, c->events, c->nevents, c->flags, c->timeout);
    default:
      return real.kevent_qos(c->kq, c->changes, c->nchanges, c->events, c->nevents, c->data_out, c->data_available, c->flags);
  }
}

static int change_hidden(const struct queue *q, uint16_t flags, uint32_t fflags) {
  const struct record_layout *l = &layouts[q->family];
  uint8_t record[72] __attribute__((aligned(8))) = {0};
  struct record_head head = {0, EVFILT_USER_, flags | EV_UDATA_SPECIFIC_};
  uint64_t udata = (uint64_t)(uintptr_t)&hidden_tag;
  bytes_copy(record, &head, sizeof head);
  bytes_copy(record + l->fflags, &fflags, 4);
  bytes_copy(record + l->udata, &udata, 8);
  const struct timespec none = {0, 0};
  struct kevent_call c = {.family = q->family, .kq = q->fd, .changes = record, .nchanges = 1, .timeout = &none};
  if (q->family == FAMILY_QOS) c.flags = KEVENT_FLAG_IMMEDIATE_;
  return real_call(&c);
}

bool queue_bridge(struct queue *q, enum family family) {
  if (q->bridged) return true;
  q->family = (uint8_t)family;
  if (change_hidden(q, EV_ADD_ | EV_DISABLE_, NOTE_TRIGGER_) < 0) return false;
  q->bridged = 1;
  return true;
}

void queue_signal(struct queue *q, bool on) {
  if (on) __atomic_store_n(&q->pending, 1, __ATOMIC_SEQ_CST);
  change_hidden(q, on ? EV_ENABLE_ : EV_DISABLE_, NOTE_TRIGGER_);
  if (!on) __atomic_store_n(&q->pending, 0, __ATOMIC_SEQ_CST);
}

bool is_hidden(enum family family, const void *record) {
  struct record_head head;
  uint64_t udata;
  bytes_copy(&head, record, sizeof head);
  bytes_copy(&udata, (const char *)record + layouts[family].udata, 8);
  return head.filter == EVFILT_USER_ && udata == (uint64_t)(uintptr_t)&hidden_tag;
}
