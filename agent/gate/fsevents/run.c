/* Streams at work: start, stop, flush and exclusions. */
#define _GNU_SOURCE
#include <limits.h>
#include <stdlib.h>
#include "../agent.h"
#include "../api.h"
#include "../os.h"
#include "../real.h"
#include "entry.h"
#include "fsevents.h"
#include "roots.h"

API(unsigned char, FSEventStreamStart, (void *reference)) {
  TAKE(FSEventStreamStart, reference, 0, reference)
  pthread_mutex_lock(&s->lock);
  bool before = s->running;
  s->running = !s->invalid; /* the agent may hand something over before it has answered */
  uint64_t delivered = s->delivered;
  pthread_mutex_unlock(&s->lock);
  void *system_stream = stream_real_take(s);
  bool runs = stream_ask(STREAM_START, s, NULL, 0, delivered, 0) == 1;
  if (runs && system_stream && !before && !real.FSEventStreamStart(system_stream)) {
    stream_ask(STREAM_STOP, s, NULL, 0, 0, 0);
    runs = false;
  }
  if (!runs) {
    pthread_mutex_lock(&s->lock);
    s->running = false;
    batches_free(s);
    pthread_mutex_unlock(&s->lock);
  }
  stream_real_drop(system_stream);
  stream_drop(s);
  return runs;
}

API(void, FSEventStreamStop, (void *reference)) {
  TAKE(FSEventStreamStop, reference, , reference)
  pthread_mutex_lock(&s->lock);
  bool ran = s->running;
  s->running = s->held = false;
  batches_free(s); /* delivered again after a restart */
  pthread_mutex_unlock(&s->lock);
  if (ran) {
    void *system_stream = stream_real_take(s);
    stream_ask(STREAM_STOP, s, NULL, 0, 0, 0);
    if (system_stream) real.FSEventStreamStop(system_stream);
    stream_real_drop(system_stream);
  }
  stream_drop(s);
}

API(uint64_t, FSEventStreamFlushAsync, (void *reference)) {
  TAKE(FSEventStreamFlushAsync, reference, 0, reference)
  void *system_stream = stream_real_take(s);
  uint64_t theirs = system_stream ? real.FSEventStreamFlushAsync(system_stream) : 0;
  stream_real_drop(system_stream);
  stream_ask(STREAM_FLUSH, s, NULL, 0, 0, 0);
  uint64_t id = s->queued > theirs ? s->queued : theirs;
  stream_drop(s);
  return id;
}

API(void, FSEventStreamFlushSync, (void *reference)) {
  TAKE(FSEventStreamFlushSync, reference, , reference)
  void *system_stream = stream_real_take(s);
  if (system_stream) real.FSEventStreamFlushSync(system_stream);
  stream_real_drop(system_stream);
  /* The agent gets all earlier events before this returns. */
  host_event_id(EVENT_ID_KIND_NEWEST, 0, NULL);
  agent_catch_up();
  stream_ask_quietly(STREAM_FLUSH, s, NULL, 0, 0, 0);
  stream_flush(s); /* here, not on the loop that would be woken */
  streams_wake();
  stream_drop(s);
}

API(unsigned char, FSEventStreamSetExclusionPaths, (void *reference, void *paths)) {
  TAKE(FSEventStreamSetExclusionPaths, reference, 0, reference, paths)
  struct text t = {0};
  long count = paths ? real.CFArrayGetCount(paths) : 0;
  char *out = malloc(PATH_MAX);
  bool good = out != NULL;
  for (long i = 0; good && i < count; i++) {
    char *bytes = cf_path_bytes(real.CFArrayGetValueAtIndex(paths, i));
    good = bytes && canonical_path(bytes, out) && text_append_path(&t, out);
    free(bytes);
  }
  good = good && stream_ask(STREAM_EXCLUDE, s, t.bytes, t.length, 0, 0) == 1;
  void *system_stream = good ? stream_real_take(s) : NULL;
  if (system_stream) real.FSEventStreamSetExclusionPaths(system_stream, paths);
  stream_real_drop(system_stream);
  free(out);
  free(t.bytes);
  stream_drop(s);
  return good;
}
