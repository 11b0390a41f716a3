/* References to a stream, and its end. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "../api.h"
#include "../os.h"
#include "../queue.h"
#include "../real.h"
#include "entry.h"
#include "fsevents.h"

/* No place any more, nothing that is still to come. */
static void close_down(struct stream *s) {
  pthread_mutex_lock(&s->lock);
  void *source = s->source, *queue = s->queue, *system_stream = s->real;
  struct stream_place *places = s->places;
  uint32_t count = s->place_count;
  s->running = false;
  s->invalid = true;
  s->source = s->queue = s->real = NULL;
  s->places = NULL;
  s->place_count = 0;
  batches_free(s);
  pthread_mutex_unlock(&s->lock);
  stream_ask(STREAM_INVALIDATE, s, NULL, 0, 0, 0);
  if (source) {
    real.CFRunLoopSourceInvalidate(source);
    /* A loop that this was all of ends. */
    for (uint32_t i = 0; i < count; i++) real.CFRunLoopWakeUp(places[i].loop);
    real.CFRelease(source);
  }
  for (uint32_t i = 0; i < count; i++) {
    real.CFRelease(places[i].loop);
    real.CFRelease(places[i].mode);
  }
  free(places);
  if (queue) real.dispatch_release(queue);
  if (system_stream) {
    real.FSEventStreamInvalidate(system_stream);
    real.FSEventStreamRelease(system_stream);
  }
}

API(void, FSEventStreamRetain, (void *reference)) {
  TAKE(FSEventStreamRetain, reference, , reference)
  stream_retained(s);
  stream_drop(s);
}

API(void, FSEventStreamRelease, (void *reference)) {
  TAKE(FSEventStreamRelease, reference, , reference)
  if (stream_released(s)) {
    close_down(s);
    stream_ask(STREAM_RELEASE, s, NULL, 0, 0, 0);
    stream_drop(s);
  }
  stream_drop(s);
}

API(void, FSEventStreamInvalidate, (void *reference)) {
  TAKE(FSEventStreamInvalidate, reference, , reference)
  close_down(s);
  stream_drop(s);
}
