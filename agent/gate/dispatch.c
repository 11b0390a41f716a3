/*
 * Dispatch sources of type VNODE on virtual descriptors.
 *
 * libdispatch hands kernel events to its workers without any call that could be hooked. A source on a virtual file
 * therefore is a real source of type DATA_OR, which the agent feeds: its handlers, queue, suspension and cancellation
 * are genuine. Here it is told apart, and answers for its descriptor and mask.
 */
#define _GNU_SOURCE
#include <errno.h>
#include "dispatch.h"
#include "gate.h"
#include "kqueue.h"
#include "sys.h"

#define EXPORT __attribute__((visibility("default")))

enum { MAX_SOURCES = 16384, BUCKETS = 4096 };
/* Bits that a VNODE source may ask for: DELETE to REVOKE, NONE, FUNLOCK. */
enum { VNODE_BITS = 0x1ff };

struct source {
  void *object; /* NULL: free */
  void *weak;   /* the runtime's weak reference, where there are any */
  uint32_t id;  /* never 0; its slot is id % MAX_SOURCES */
  uint32_t mask;
  int32_t fd;
  uint32_t references; /* the program's, counted where there are no weak references */
  uint32_t holds;      /* who is merging; the last release waits for them */
  uint16_t next;       /* slot + 1 in its bucket, 0: the last */
  uint8_t cancelled, ending;
};

struct dispatch_functions real_dispatch;

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
  if (real_dispatch.destroy_weak) real_dispatch.destroy_weak(&s->weak);
  *s = (struct source){0};
  __atomic_sub_fetch(&count, 1, __ATOMIC_SEQ_CST);
}

/* Kept alive until let_go, which is called without the lock; NULL when it has gone. */
static void *hold(struct source *s) {
  if (real_dispatch.load_weak_retained) return real_dispatch.load_weak_retained(&s->weak);
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
    if (real_dispatch.init_weak) real_dispatch.init_weak(&s->weak, object);
    *head = (uint16_t)(s - sources + 1);
    __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
    return s;
  }
  return NULL;
}

/* ---- without it ---- */

static void let_go(struct source *s, void *held) {
  if (real_dispatch.load_weak_retained) real_dispatch.release(held);
  else __atomic_sub_fetch(&s->holds, 1, __ATOMIC_SEQ_CST);
}

/* A copy of what is known of an object, if it is one of ours and alive. */
static bool known(void *object, struct source *copy) {
  if (!count || !object) return false;
  take();
  struct source *s = find(object);
  const bool weak = real_dispatch.load_weak_retained != NULL;
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

EXPORT void *shimfs_dispatch_source_create(const void *type, uintptr_t handle, uintptr_t mask, void *queue) {
  if (!real_dispatch.source_create) find_dispatch_functions();
  if (!real_dispatch.source_create) return errno = ENOSYS, NULL;
  bool ours = session.active && type && type == real_dispatch.type_vnode && handle < MAX_FDS && fd_virtual((long)handle) &&
              mask && !(mask & ~(uintptr_t)VNODE_BITS);
  if (!ours) return real_dispatch.source_create(type, handle, mask, queue);
  int missing = agent_bring();
  if (missing < 0) return errno = -missing, NULL;
  void *object = real_dispatch.source_create(real_dispatch.type_data_or, 0, 0, queue);
  if (!object) return NULL;
  take();
  struct source *s = add(object, (int)handle, (uint32_t)mask);
  uint32_t id = s ? s->id : 0;
  give();
  if (id) agent_dispatch(DISPATCH_CREATED, id, (int)handle, (uint32_t)mask);
  if (id) return object;
  real_dispatch.activate(object); /* one that never was must not be released */
  real_dispatch.release(object);
  return errno = ENOMEM, NULL;
}

EXPORT uintptr_t shimfs_dispatch_source_get_handle(void *object) {
  struct source s;
  return known(object, &s) ? (uintptr_t)s.fd : real_dispatch.source_get_handle(object);
}

EXPORT uintptr_t shimfs_dispatch_source_get_mask(void *object) {
  struct source s;
  return !known(object, &s) ? real_dispatch.source_get_mask(object) : s.cancelled ? 0 : s.mask;
}

/* The watch stands before the source can run: what its registration handler does is heard. */
static void begins(void *object, enum dispatch_op op) {
  struct source s;
  if (!known(object, &s)) return;
  if (!s.cancelled && fd_virtual(s.fd)) fd_entry(s.fd)->watched = 1;
  agent_catch_up();
  agent_dispatch(op, s.id, s.fd, s.mask);
}

EXPORT void shimfs_dispatch_activate(void *object) {
  begins(object, DISPATCH_ACTIVATE);
  real_dispatch.activate(object);
}

EXPORT void shimfs_dispatch_resume(void *object) {
  begins(object, DISPATCH_RESUME);
  real_dispatch.resume(object);
}

EXPORT void shimfs_dispatch_suspend(void *object) {
  struct source s;
  if (known(object, &s)) agent_dispatch(DISPATCH_SUSPEND, s.id, s.fd, s.mask);
  real_dispatch.suspend(object);
}

EXPORT void shimfs_dispatch_source_cancel(void *object) {
  struct source s;
  if (known(object, &s)) {
    take();
    struct source *now = find(object);
    if (now && now->id == s.id) now->cancelled = 1;
    give();
    agent_dispatch(DISPATCH_CANCEL, s.id, s.fd, s.mask);
  }
  real_dispatch.source_cancel(object);
}

EXPORT void shimfs_dispatch_retain(void *object) {
  if (count && !real_dispatch.load_weak_retained) {
    take();
    struct source *s = find(object);
    if (s) s->references++;
    give();
  }
  real_dispatch.retain(object);
}

/* The last reference: whoever is merging finishes first, and nobody begins. */
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

EXPORT void shimfs_dispatch_release(void *object) {
  if (count && !real_dispatch.load_weak_retained) {
    take();
    struct source *s = find(object);
    if (s && --s->references == 0) end(s);
    else give();
  }
  real_dispatch.release(object);
}

/* For the agent: bits for a source's handler. Returns 1, 0 when the source has gone. */
EXPORT int shimfs_dispatch_merge(uint32_t id, uint32_t bits) {
  take();
  struct source *s = &sources[id % MAX_SOURCES];
  void *held = s->object && s->id == id ? hold(s) : NULL;
  if (!held && s->object && s->id == id && !s->ending) drop(s);
  give();
  if (!held) return 0;
  real_dispatch.source_merge_data(held, bits);
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

bool dispatch_set_real(const char *name, void *function) {
  static const struct {
    const char *name;
    void **cell;
  } cells[] = {{"dispatch_source_create", (void **)&real_dispatch.source_create},
               {"dispatch_source_get_handle", (void **)&real_dispatch.source_get_handle},
               {"dispatch_source_get_mask", (void **)&real_dispatch.source_get_mask},
               {"dispatch_source_merge_data", (void **)&real_dispatch.source_merge_data},
               {"dispatch_source_cancel", (void **)&real_dispatch.source_cancel},
               {"dispatch_activate", (void **)&real_dispatch.activate},
               {"dispatch_resume", (void **)&real_dispatch.resume},
               {"dispatch_suspend", (void **)&real_dispatch.suspend},
               {"dispatch_retain", (void **)&real_dispatch.retain},
               {"dispatch_release", (void **)&real_dispatch.release},
               {"_dispatch_source_type_vnode", (void **)&real_dispatch.type_vnode},
               {"_dispatch_source_type_data_or", (void **)&real_dispatch.type_data_or},
               {"objc_initWeak", (void **)&real_dispatch.init_weak},
               {"objc_loadWeakRetained", (void **)&real_dispatch.load_weak_retained},
               {"objc_destroyWeak", (void **)&real_dispatch.destroy_weak}};
  for (unsigned i = 0; i < sizeof cells / sizeof cells[0]; i++) {
    size_t n = text_length(cells[i].name);
    if (text_length(name) != n || !text_equal(name, cells[i].name, n)) continue;
    /* The first is the system's own; later ones may be the name that is hooked by then. */
    if (!*cells[i].cell) *cells[i].cell = function;
    return true;
  }
  return false;
}
