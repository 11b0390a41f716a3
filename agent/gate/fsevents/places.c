/* The run loops and queues that a stream is delivered on. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "../api.h"
#include "../os.h"
#include "../queue.h"
#include "../real.h"
#include "entry.h"
#include "fsevents.h"
#include "roots.h"

API(void, FSEventStreamScheduleWithRunLoop, (void *reference, void *loop, void *mode)) {
  TAKE(FSEventStreamScheduleWithRunLoop, reference, , reference, loop, mode)
  if (loop && mode && stream_ask(STREAM_SCHEDULE, s, NULL, 0, 0, 1)) {
    struct source_context context = {.info = s, .retain = stream_hold_for, .release = stream_drop_for, .perform = stream_perform};
    void *made = real.CFRunLoopSourceCreate(NULL, 0, &context);
    pthread_mutex_lock(&s->lock);
    struct stream_place *places = s->invalid ? NULL : realloc(s->places, (s->place_count + 1) * sizeof *places);
    if (places) {
      s->places = places;
      places[s->place_count++] = (struct stream_place){real.CFRetain(loop), real.CFRetain(mode)};
      if (!s->source) {
        s->source = made;
        made = NULL;
      }
    }
    void *source = places ? real.CFRetain(s->source) : NULL;
    pthread_mutex_unlock(&s->lock);
    void *system_stream = stream_real_take(s);
    if (source) {
      /* The program's own mode pointer: the common modes are known by it. */
      real.CFRunLoopAddSource(loop, source, mode);
      real.CFRelease(source);
    }
    if (made) real.CFRelease(made);
    if (system_stream) real.FSEventStreamScheduleWithRunLoop(system_stream, loop, mode);
    stream_real_drop(system_stream);
    stream_wake(s);
  }
  stream_drop(s);
}

API(void, FSEventStreamUnscheduleFromRunLoop, (void *reference, void *loop, void *mode)) {
  TAKE(FSEventStreamUnscheduleFromRunLoop, reference, , reference, loop, mode)
  pthread_mutex_lock(&s->lock);
  struct stream_place gone = {NULL, NULL};
  for (uint32_t i = 0; i < s->place_count && !gone.loop; i++)
    if (s->places[i].loop == loop && (s->places[i].mode == mode || real.CFEqual(s->places[i].mode, mode))) {
      gone = s->places[i];
      s->places[i] = s->places[--s->place_count];
    }
  void *source = gone.loop ? real.CFRetain(s->source) : NULL;
  pthread_mutex_unlock(&s->lock);
  if (source) {
    void *system_stream = stream_real_take(s);
    stream_ask(STREAM_UNSCHEDULE, s, NULL, 0, 0, 1);
    real.CFRunLoopRemoveSource(loop, source, mode);
    real.CFRelease(source);
    real.CFRelease(gone.loop);
    real.CFRelease(gone.mode);
    if (system_stream) real.FSEventStreamUnscheduleFromRunLoop(system_stream, loop, mode);
    stream_real_drop(system_stream);
  }
  stream_drop(s);
}

API(void, FSEventStreamSetDispatchQueue, (void *reference, void *queue)) {
  TAKE(FSEventStreamSetDispatchQueue, reference, , reference, queue)
  if (!queue || stream_ask(STREAM_SCHEDULE, s, NULL, 0, 0, 1)) {
    if (queue) real.dispatch_retain(queue);
    pthread_mutex_lock(&s->lock);
    void *before = s->queue;
    s->queue = queue;
    __atomic_store_n(&s->posted, false, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&s->lock);
    void *system_stream = stream_real_take(s);
    if (before) {
      stream_ask(STREAM_UNSCHEDULE, s, NULL, 0, 0, 1);
      real.dispatch_release(before);
    }
    if (system_stream) real.FSEventStreamSetDispatchQueue(system_stream, queue);
    stream_real_drop(system_stream);
    stream_wake(s);
  }
  stream_drop(s);
}
