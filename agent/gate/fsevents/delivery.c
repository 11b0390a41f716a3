/*
 * Batches on their way to a stream's callback: handed over by the agent, from any thread; delivered on a run loop
 * or queue of the program's, one callback at a time, without any JavaScript.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include "../api.h"
#include "../kqueue.h"
#include "../os.h"
#include "../process.h"
#include "../queue.h"
#include "../real.h"
#include "../text.h"
#include "fsevents.h"
#include "roots.h"

#define EXPORT __attribute__((visibility("default")))

enum { USE_CF_TYPES = 0x1,
       FILE_EVENTS = 0x10,
       EXTENDED_DATA = 0x40,
       NUMBER_SINT64 = 4,
       UTF8 = 0x08000100 };

/* Paths relative to a device have no slash before them. */
static const char *told_path(const struct stream *s, const struct event_record *r) { return s->device && r->path[0] == '/' ? r->path + 1 : r->path; }

static void *extended(const struct stream *s, void *path, uint64_t ino) {
  static void *path_key, *ino_key;
  if (!path_key) path_key = real.CFStringCreateWithCString(NULL, "path", UTF8);
  if (!ino_key) ino_key = real.CFStringCreateWithCString(NULL, "fileID", UTF8);
  const void *keys[] = {path_key, ino_key};
  const void *values[] = {path, NULL};
  bool with_ino = s->flags & FILE_EVENTS && ino;
  if (with_ino) values[1] = real.CFNumberCreate(NULL, NUMBER_SINT64, &ino);
  void *dictionary = real.CFDictionaryCreate(NULL, keys, values, with_ino ? 2 : 1, real.kCFTypeDictionaryKeyCallBacks, real.kCFTypeDictionaryValueCallBacks);
  if (with_ino) real.CFRelease((void *)(uintptr_t)values[1]);
  real.CFRelease(path);
  return dictionary;
}

static void call(struct stream *s, const struct batch *b) {
  const bool objects = s->flags & USE_CF_TYPES;
  void **paths = malloc(b->count * (sizeof(void *) + 8 + 4));
  if (!paths) return;
  uint64_t *ids = (uint64_t *)(void *)(paths + b->count);
  uint32_t *flags = (uint32_t *)(void *)(ids + b->count);
  size_t n = 0;
  for (uint32_t at = 0; at < b->length && n < b->count;) {
    const struct event_record *r = (const void *)(b->records + at);
    const char *path = told_path(s, r);
    paths[n] = objects ? real.CFStringCreateWithFileSystemRepresentation(NULL, path) : (void *)(uintptr_t)path;
    if (objects && paths[n] && s->flags & EXTENDED_DATA) paths[n] = extended(s, paths[n], r->ino);
    flags[n] = r->flags;
    ids[n] = r->id;
    if (paths[n]) n++;
    at += r->length;
  }
  void *array = objects ? real.CFArrayCreate(NULL, (const void **)paths, (long)n, real.kCFTypeArrayCallBacks) : NULL;
  for (size_t i = 0; objects && i < n; i++) real.CFRelease(paths[i]);
  if (n) s->callback(s, s->context.info, n, objects ? array : (void *)paths, flags, ids);
  if (array) real.CFRelease(array);
  free(paths);
}

void stream_deliver(struct stream *s) {
  stream_hold(s); /* the callback may release it */
  pthread_mutex_lock(&s->lock);
  if (s->delivering) {
    /* Another thread, or the callback itself in a loop of its own: the delivery under way continues until nothing is left. */
    pthread_mutex_unlock(&s->lock);
    stream_drop(s);
    return;
  }
  s->delivering = true;
  s->deliverer = pthread_self();
  while (s->running && s->first) {
    struct batch *b = s->first;
    s->first = b->next;
    if (!s->first) s->last = &s->first;
    s->outstanding -= b->count;
    if (b->latest) s->latest = s->delivered = b->latest;
    pthread_mutex_unlock(&s->lock);
    call(s, b);
    free(b);
    pthread_mutex_lock(&s->lock);
  }
  s->delivering = false;
  bool tell = s->held && s->running;
  s->held = false;
  pthread_cond_broadcast(&s->settled);
  pthread_mutex_unlock(&s->lock);
  if (tell) stream_ask(STREAM_DRAINED, s, NULL, 0, 0, 0);
  stream_drop(s);
}

void stream_perform(void *stream) { stream_deliver(stream); }

static void posted(void *stream) {
  struct stream *s = stream;
  __atomic_store_n(&s->posted, false, __ATOMIC_SEQ_CST);
  stream_deliver(s);
  stream_drop(s);
}

void stream_wake(struct stream *s) {
  pthread_mutex_lock(&s->lock);
  bool wanted = s->running && s->first;
  if (wanted && s->queue && !__atomic_exchange_n(&s->posted, true, __ATOMIC_SEQ_CST)) {
    stream_hold(s);
    real.dispatch_async_f(s->queue, s, posted);
  }
  if (wanted && s->source && s->place_count) {
    real.CFRunLoopSourceSignal(s->source);
    for (uint32_t i = 0; i < s->place_count; i++) real.CFRunLoopWakeUp(s->places[i].loop);
  }
  pthread_mutex_unlock(&s->lock);
}

/* Woken one by one, the table's lock not held: a wake-up may end a stream. */
void streams_wake(void) {
  uint32_t at = 0;
  for (struct stream *s; (s = stream_next_ready(&at));) {
    stream_wake(s);
    stream_drop(s);
  }
}

int64_t stream_ask(enum stream_op op, const struct stream *s, const void *data, size_t length, uint64_t a, int64_t otherwise) {
  int64_t answer = stream_ask_quietly(op, s, data, length, a, otherwise);
  streams_wake();
  return answer;
}

static const char queue_mark; /* its address: which queue a thread is on */

static void flush_here(void *stream) { stream_deliver(stream); }

/* A callback that waits for the thread that flushes must not hang it for ever. */
enum { PATIENCE_S = 5 };

static void wait_delivered(struct stream *s) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += PATIENCE_S;
  pthread_mutex_lock(&s->lock);
  while (s->delivering && !pthread_equal(s->deliverer, pthread_self()))
    if (pthread_cond_timedwait(&s->settled, &s->lock, &end) == ETIMEDOUT) break;
  pthread_mutex_unlock(&s->lock);
}

void stream_flush(struct stream *s) {
  pthread_mutex_lock(&s->lock);
  bool inside = s->delivering && pthread_equal(s->deliverer, pthread_self());
  void *queue = s->queue;
  if (queue) real.dispatch_retain(queue);
  pthread_mutex_unlock(&s->lock);
  if (!inside) {
    if (queue && real.dispatch_get_specific(&queue_mark) != queue) {
      real.dispatch_queue_set_specific(queue, &queue_mark, queue, NULL);
      real.dispatch_sync_f(queue, s, flush_here);
    } else stream_deliver(s);
    wait_delivered(s);
  }
  if (queue) real.dispatch_release(queue);
}

/* ---- for the agent ---- */

/* Takes a copy of the records. Returns how many events are handed over and not delivered. */
EXPORT uint32_t shimfs_stream_push(uint32_t number, const void *records, uint32_t length, uint32_t count, uint64_t latest) {
  struct stream *s = stream_by_number(number);
  struct batch *b = s ? malloc(sizeof *b + length) : NULL;
  uint32_t outstanding = 0;
  if (b) {
    *b = (struct batch){.count = count, .length = length, .latest = latest};
    bytes_copy(b->records, records, length);
    pthread_mutex_lock(&s->lock);
    if (s->running) {
      *s->last = b;
      s->last = &b->next;
      s->outstanding += count;
      if (latest > s->queued) s->queued = latest;
      stream_ready(s);
      b = NULL;
    }
    outstanding = s->outstanding;
    pthread_mutex_unlock(&s->lock);
    free(b);
  }
  if (s) stream_drop(s);
  return outstanding;
}

/* The agent wants STREAM_DRAINED when all is delivered. 0: it is. */
EXPORT int shimfs_stream_hold(uint32_t number) {
  struct stream *s = stream_by_number(number);
  if (!s) return 0;
  pthread_mutex_lock(&s->lock);
  bool waits = s->running && (s->first || s->delivering);
  if (waits) s->held = true;
  pthread_mutex_unlock(&s->lock);
  stream_drop(s);
  return waits;
}

/* From the agent's own threads, the engine's lock not held. */
EXPORT void shimfs_streams_wake(void) { streams_wake(); }

/* Microseconds of a clock that only rises. */
EXPORT uint64_t shimfs_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

EXPORT void shimfs_log(const char *text) { gate_log(text); }
