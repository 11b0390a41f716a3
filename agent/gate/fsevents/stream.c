/* Our streams: handles that no stream of the system's can have, and their references. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "../os.h"
#include "../queue.h"
#include "../real.h"
#include "fsevents.h"

enum stream_state { STREAM_FREE = 0,
                    STREAM_LIVE = 1,
                    STREAM_GONE = 2 };
enum { MAX_STREAMS = 4096 };

/* Never freed, so that the handle of a released stream is recognized. */
static struct stream streams[MAX_STREAMS];
static uint32_t next_slot;
static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;

/*
 * CoreFoundation does not survive a fork, and no stream does: a child that still has them finds them ended. Done when
 * the child first asks: code that runs right after fork may run in the place of a system call instruction.
 */
static void lock_table(void) {
  static int owner;
  int pid = (int)sys(SYS_getpid);
  if (owner != pid && owner) {
    pthread_mutex_init(&table, NULL);
    for (uint32_t i = 0; i < MAX_STREAMS && i < next_slot; i++) {
      struct stream *s = &streams[i];
      if (!s->references) continue;
      pthread_mutex_init(&s->lock, NULL);
      pthread_cond_init(&s->settled, NULL);
      s->running = s->delivering = s->ready = false;
      s->source = s->queue = s->real = s->allocator = NULL;
      s->place_count = 0;
      s->invalid = true;
    }
  }
  owner = pid;
  pthread_mutex_lock(&table);
}

struct stream *stream_new(void) {
  struct stream *s = NULL;
  lock_table();
  /* Round and round: a slot is used again as late as can be. */
  for (uint32_t i = 0; i < MAX_STREAMS && !s; i++) {
    struct stream *at = &streams[next_slot++ % MAX_STREAMS];
    if (at->references == 0) s = at;
  }
  if (s) {
    uint32_t generation = s->generation + 1;
    *s = (struct stream){.state = STREAM_LIVE, .generation = generation, .references = 2, .program_references = 1};
    s->number = ((generation << 12) | (uint32_t)(s - streams)) & 0x7fffffff;
    s->last = &s->first;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->settled, NULL);
  }
  pthread_mutex_unlock(&table);
  return s;
}

bool stream_is_ours(const void *reference) {
  return (const char *)reference >= (const char *)streams && (const char *)reference < (const char *)(streams + MAX_STREAMS);
}

struct stream *stream_take(const void *reference) {
  struct stream *s = (struct stream *)(uintptr_t)reference;
  bool whole = ((const char *)reference - (const char *)streams) % (ptrdiff_t)sizeof *s == 0;
  lock_table();
  /* A callback under way keeps its stream, even if it was released meanwhile. */
  bool inside = whole && s->state == STREAM_GONE && s->references && s->delivering && pthread_equal(s->deliverer, pthread_self());
  bool live = whole && (s->state == STREAM_LIVE || inside);
  if (live) s->references++;
  pthread_mutex_unlock(&table);
  return live ? s : NULL;
}

struct stream *stream_by_number(uint32_t number) {
  struct stream *s = &streams[number % MAX_STREAMS];
  lock_table();
  bool live = s->state == STREAM_LIVE && s->number == number;
  if (live) s->references++;
  pthread_mutex_unlock(&table);
  return live ? s : NULL;
}

void stream_hold(struct stream *s) {
  lock_table();
  s->references++;
  pthread_mutex_unlock(&table);
}

void batches_free(struct stream *s) {
  for (struct batch *b = s->first, *next; b; b = next) {
    next = b->next;
    free(b);
  }
  s->first = NULL;
  s->last = &s->first;
  s->outstanding = 0;
}

static void end(struct stream *s) {
  batches_free(s);
  void (*release)(const void *) = s->context.release;
  void *info = s->context.info, *allocator = s->allocator;
  free(s->paths);
  free(s->places);
  pthread_mutex_destroy(&s->lock);
  pthread_cond_destroy(&s->settled);
  lock_table();
  s->references = 0;
  pthread_mutex_unlock(&table);
  if (allocator) real.CFRelease(allocator);
  if (release) release(info);
}

/* The last one frees it, wherever that is: never while its callback is on somebody's stack. */
void stream_drop(struct stream *s) {
  lock_table();
  bool last = s->references == 1;
  if (!last) s->references--; /* the slot stays taken until it has been cleared */
  pthread_mutex_unlock(&table);
  if (last) end(s);
}

void stream_retained(struct stream *s) {
  lock_table();
  s->program_references++;
  pthread_mutex_unlock(&table);
}

bool stream_released(struct stream *s) {
  lock_table();
  bool last = --s->program_references == 0;
  if (last) s->state = STREAM_GONE;
  pthread_mutex_unlock(&table);
  return last;
}

static uint32_t any_ready;

void stream_ready(struct stream *s) {
  __atomic_store_n(&s->ready, true, __ATOMIC_RELEASE);
  __atomic_store_n(&any_ready, 1, __ATOMIC_RELEASE);
}

/* The next of those that are ready, taken, from *at on; NULL: none. */
struct stream *stream_next_ready(uint32_t *at) {
  uint32_t used = __atomic_load_n(&next_slot, __ATOMIC_RELAXED);
  if (!*at && !__atomic_exchange_n(&any_ready, 0, __ATOMIC_ACQ_REL)) return NULL;
  while (*at < MAX_STREAMS && *at < used) {
    struct stream *s = &streams[(*at)++];
    if (!__atomic_load_n(&s->ready, __ATOMIC_ACQUIRE) || !(s = stream_take(s))) continue;
    if (__atomic_exchange_n(&s->ready, false, __ATOMIC_ACQ_REL)) return s;
    stream_drop(s);
  }
  return NULL;
}
