/*
 * Dispatch sources of type VNODE on virtual descriptors.
 *
 * libdispatch hands kernel events to its workers without any call that could be hooked. A source on a virtual file
 * therefore is a real source of type DATA_OR, which the agent feeds: its handlers, queue, suspension and cancellation
 * are genuine. Here it is recognized, and its descriptor and mask are answered for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include "agent.h"
#include "api.h"
#include "dispatch.h"
#include "fd_index.h"
#include "os.h"
#include "process.h"
#include "queue.h"
#include "real.h"
#include "session.h"
#include "text.h"

#define EXPORT __attribute__((visibility("default")))

enum { MAX_SOURCES = 16384,
       BUCKETS = 4096 };
/* Bits that a VNODE source may ask for: DELETE to REVOKE, NONE, FUNLOCK. */
enum { VNODE_BITS = 0x1ff };

struct source {
  void *object; /* NULL: free */
  void *weak; /* the runtime's weak reference, where there are any */
  uint32_t id; /* never 0; its slot is id % MAX_SOURCES */
  uint32_t mask;
  int32_t fd;
  uint32_t references; /* the program's, counted where there are no weak references */
  uint32_t holds; /* merges under way; the last release waits for them */
  uint16_t next; /* slot + 1 in its bucket, 0: the last */
  uint8_t cancelled, ending;
};

static struct source sources[MAX_SOURCES];
static uint16_t buckets[BUCKETS]; /* slot + 1 */
static volatile uint32_t count;
static uint32_t lock, next_id;

static void take(void) {
  while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) sys(SYS_sched_yield);
}
static void give(void) { __atomic_store_n(&lock, 0, __ATOMIC_RELEASE); }

static uint16_t *bucket_of(const void *object) { return &buckets[((uintptr_t)object >> 4) * 2654435761u % BUCKETS]; }

/* ---- under the lock ---- */

static void drop(struct source *s) {
  uint16_t slot = (uint16_t)(s - sources + 1), *at = bucket_of(s->object);
  while (*at && *at != slot) at = &sources[*at - 1].next;
  if (*at) *at = s->next;
  if (real.objc_destroyWeak) real.objc_destroyWeak(&s->weak);
  *s = (struct source){0};
  __atomic_sub_fetch(&count, 1, __ATOMIC_SEQ_CST);
}

/* Kept alive until let_go, which is called without the lock; NULL when it has gone. */
static void *hold(struct source *s) {
  if (real.objc_loadWeakRetained) return real.objc_loadWeakRetained(&s->weak);
  if (s->ending) return NULL;
  s->holds++;
  return s->object;
}

static struct source *find(const void *object) {
  for (uint16_t at = *bucket_of(object); at; at = sources[at - 1].next)
    if (sources[at - 1].object == object) return &sources[at - 1];
  return NULL;
}

static struct source *add(void *object, int fd, uint32_t mask) {
  for (uint32_t tries = 0; tries < MAX_SOURCES; tries++) {
    uint32_t id = ++next_id & 0x7fffffff;
    struct source *s = &sources[id % MAX_SOURCES];
    if (!id || s->object) continue;
    uint16_t *head = bucket_of(object);
    *s = (struct source){.object = object, .id = id, .mask = mask, .fd = fd, .references = 1, .next = *head};
    if (real.objc_initWeak) real.objc_initWeak(&s->weak, object);
    *head = (uint16_t)(s - sources + 1);
    __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
    return s;
  }
  return NULL;
}

/* ---- without it ---- */

static void let_go(struct source *s, void *held) {
  if (real.objc_loadWeakRetained) real.dispatch_release(held);
  else __atomic_sub_fetch(&s->holds, 1, __ATOMIC_SEQ_CST);
}

/* A copy of the object's entry, if it is a source of ours and alive. */
static bool known(void *object, struct source *copy) {
  if (!count || !object) return false;
  take();
  struct source *s = find(object);
  const bool weak = real.objc_loadWeakRetained != NULL;
  void *held = s && weak ? hold(s) : NULL;
  if (s && weak && !held) {
    /* Another object lives at its address. */
    uint32_t id = s->id;
    drop(s);
    give();
    agent_dispatch(DISPATCH_RELEASED, id, -1, 0);
    return false;
  }
  if (s) *copy = *s;
  give();
  if (held) let_go(s, held);
  return s != NULL;
}

/* On Linux a library with libdispatch may have been loaded after the gate. */
static void require_dispatch(void) {
  if (!real.dispatch_source_create || !real.dispatch_release) real_find_dispatch();
  if (!real.dispatch_source_create || !real.dispatch_release) gate_fail("libdispatch is called, and cannot be found");
}

API(void *, dispatch_source_create, (const void *type, uintptr_t handle, uintptr_t mask, void *queue)) {
  require_dispatch();
  bool ours = session.active && type && type == real._dispatch_source_type_vnode && handle < MAX_FDS && fd_virtual((long)handle) &&
      mask && !(mask & ~(uintptr_t)VNODE_BITS);
  if (!ours) return real.dispatch_source_create(type, handle, mask, queue);
  int missing = agent_bring();
  if (missing < 0) return errno = -missing, NULL;
  void *object = real.dispatch_source_create(real._dispatch_source_type_data_or, 0, 0, queue);
  if (!object) return NULL;
  take();
  struct source *s = add(object, (int)handle, (uint32_t)mask);
  uint32_t id = s ? s->id : 0;
  give();
  if (id) agent_dispatch(DISPATCH_CREATED, id, (int)handle, (uint32_t)mask);
  if (id) return object;
  real.dispatch_activate(object); /* one that never was must not be released */
  real.dispatch_release(object);
  return errno = ENOMEM, NULL;
}

API(uintptr_t, dispatch_source_get_handle, (void *object)) {
  require_dispatch();
  struct source s;
  return known(object, &s) ? (uintptr_t)s.fd : real.dispatch_source_get_handle(object);
}

API(uintptr_t, dispatch_source_get_mask, (void *object)) {
  require_dispatch();
  struct source s;
  return !known(object, &s) ? real.dispatch_source_get_mask(object) : s.cancelled ? 0
                                                                                  : s.mask;
}

/* The watch is registered before the source can run, so its registration handler's changes are reported. */
static void begins(void *object, enum dispatch_op op) {
  struct source s;
  if (!known(object, &s)) return;
  if (!s.cancelled && fd_virtual(s.fd)) fd_entry(s.fd)->watched = 1;
  agent_catch_up();
  agent_dispatch(op, s.id, s.fd, s.mask);
}

API(void, dispatch_activate, (void *object)) {
  require_dispatch();
  begins(object, DISPATCH_ACTIVATE);
  real.dispatch_activate(object);
}

API(void, dispatch_resume, (void *object)) {
  require_dispatch();
  begins(object, DISPATCH_RESUME);
  real.dispatch_resume(object);
}

API(void, dispatch_suspend, (void *object)) {
  require_dispatch();
  struct source s;
  if (known(object, &s)) agent_dispatch(DISPATCH_SUSPEND, s.id, s.fd, s.mask);
  real.dispatch_suspend(object);
}

API(void, dispatch_source_cancel, (void *object)) {
  require_dispatch();
  struct source s;
  if (known(object, &s)) {
    take();
    struct source *now = find(object);
    if (now && now->id == s.id) now->cancelled = 1;
    give();
    agent_dispatch(DISPATCH_CANCEL, s.id, s.fd, s.mask);
  }
  real.dispatch_source_cancel(object);
}

API(void, dispatch_retain, (void *object)) {
  require_dispatch();
  if (count && !real.objc_loadWeakRetained) {
    take();
    struct source *s = find(object);
    if (s) s->references++;
    give();
  }
  real.dispatch_retain(object);
}

/* The last reference: merges under way finish first, and no other begins. */
static void end(struct source *s) {
  uint32_t id = s->id;
  s->ending = 1;
  while (s->holds) {
    give();
    sys(SYS_sched_yield);
    take();
  }
  drop(s);
  give();
  agent_dispatch(DISPATCH_RELEASED, id, -1, 0);
}

API(void, dispatch_release, (void *object)) {
  require_dispatch();
  if (count && !real.objc_loadWeakRetained) {
    take();
    struct source *s = find(object);
    if (s && --s->references == 0) end(s);
    else give();
  }
  real.dispatch_release(object);
}

/* For the agent: bits for a source's handler. Returns 1, 0 when the source has gone. */
EXPORT int shimfs_dispatch_merge(uint32_t id, uint32_t bits) {
  take();
  struct source *s = &sources[id % MAX_SOURCES];
  void *held = s->object && s->id == id ? hold(s) : NULL;
  if (!held && s->object && s->id == id && !s->ending) drop(s);
  give();
  if (!held) return 0;
  real.dispatch_source_merge_data(held, bits);
  let_go(s, held);
  return 1;
}

/* A source does not survive fork. */
void dispatch_after_fork(void) {
  if (!count) return;
  bytes_zero(sources, sizeof sources);
  bytes_zero(buckets, sizeof buckets);
  count = lock = 0;
}
