/* The run loops and queues that a stream is delivered on. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "entry.h"
#include "roots.h"

API(void, FSEventStreamScheduleWithRunLoop, (void *reference, void *loop, void *mode)) {
  TAKE(FSEventStreamScheduleWithRunLoop, reference, , reference, loop, mode)
  if (loop && mode && stream_ask(STREAM_SCHEDULE, s, NULL, 0, 0, 1)) {
    struct source_context context = {.info = s, .retain = stream_hold_for, .release = stream_drop_for, .perform = stream_perform};
    void *made = cf.CFRunLoopSourceCreate(NULL, 0, &context);
    pthread_mutex_lock(&s->lock);
    struct stream_place *places = s->invalid ? NULL : realloc(s->places, (s->place_count + 1) * sizeof *places);
    if (places) {
      s->places = places;
      places[s->place_count++] = (struct stream_place){cf.CFRetain(loop), cf.CFRetain(mode)};
      if (!s->source) {
        s->source = made;
        made = NULL;
      }
    }
    void *source = places ? cf.CFRetain(s->source) : NULL;
    pthread_mutex_unlock(&s->lock);
    void *real = stream_real_take(s);
    if (source) {
      /* The program's own mode pointer: the common modes are known by it. */
      cf.CFRunLoopAddSource(loop, source, mode);
      cf.CFRelease(source);
    }
    if (made) cf.CFRelease(made);
    if (real) real_fsevents.FSEventStreamScheduleWithRunLoop(real, loop, mode);
    stream_real_drop(real);
    stream_wake(s);
  }
  stream_drop(s);
}

API(void, FSEventStreamUnscheduleFromRunLoop, (void *reference, void *loop, void *mode)) {
  TAKE(FSEventStreamUnscheduleFromRunLoop, reference, , reference, loop, mode)
  pthread_mutex_lock(&s->lock);
  struct stream_place gone = {NULL, NULL};
  for (uint32_t i = 0; i < s->place_count && !gone.loop; i++)
    if (s->places[i].loop == loop && (s->places[i].mode == mode || cf.CFEqual(s->places[i].mode, mode))) {
      gone = s->places[i];
      s->places[i] = s->places[--s->place_count];
    }
  void *source = gone.loop ? cf.CFRetain(s->source) : NULL;
  pthread_mutex_unlock(&s->lock);
  if (source) {
    void *real = stream_real_take(s);
    stream_ask(STREAM_UNSCHEDULE, s, NULL, 0, 0, 1);
    cf.CFRunLoopRemoveSource(loop, source, mode);
    cf.CFRelease(source);
    cf.CFRelease(gone.loop);
    cf.CFRelease(gone.mode);
    if (real) real_fsevents.FSEventStreamUnscheduleFromRunLoop(real, loop, mode);
    stream_real_drop(real);
  }
  stream_drop(s);
}

API(void, FSEventStreamSetDispatchQueue, (void *reference, void *queue)) {
  TAKE(FSEventStreamSetDispatchQueue, reference, , reference, queue)
  if (!queue || stream_ask(STREAM_SCHEDULE, s, NULL, 0, 0, 1)) {
    if (queue) cf.dispatch_retain(queue);
    pthread_mutex_lock(&s->lock);
    void *before = s->queue;
    s->queue = queue;
    __atomic_store_n(&s->posted, false, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&s->lock);
    void *real = stream_real_take(s);
    if (before) {
      stream_ask(STREAM_UNSCHEDULE, s, NULL, 0, 0, 1);
      cf.dispatch_release(before);
    }
    if (real) real_fsevents.FSEventStreamSetDispatchQueue(real, queue);
    stream_real_drop(real);
    stream_wake(s);
  }
  stream_drop(s);
}
