/* Attributes and description of a stream, and log lines about it. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../api.h"
#include "../os.h"
#include "../process.h"
#include "../queue.h"
#include "../real.h"
#include "entry.h"
#include "fsevents.h"
#include "roots.h"

enum { UTF8 = 0x08000100 };

void stream_log(const char *function, const char *what) {
  char line[160];
  snprintf(line, sizeof line, "%s: %s", function, what);
  gate_log(line);
}

API(uint64_t, FSEventStreamGetLatestEventId, (void *reference)) {
  TAKE(FSEventStreamGetLatestEventId, reference, 0, reference)
  pthread_mutex_lock(&s->lock);
  uint64_t id = s->latest;
  pthread_mutex_unlock(&s->lock);
  stream_drop(s);
  return id;
}

API(int32_t, FSEventStreamGetDeviceBeingWatched, (void *reference)) {
  TAKE(FSEventStreamGetDeviceBeingWatched, reference, 0, reference)
  int32_t device = s->device;
  stream_drop(s);
  return device;
}

API(void *, FSEventStreamCopyPathsBeingWatched, (void *reference)) {
  TAKE(FSEventStreamCopyPathsBeingWatched, reference, NULL, reference)
  void **strings = calloc(s->path_count, sizeof *strings);
  const char *at = s->paths;
  for (uint32_t i = 0; strings && i < s->path_count; i++, at += strlen(at) + 1)
    strings[i] = real.CFStringCreateWithFileSystemRepresentation(NULL, at);
  void *array = strings ? real.CFArrayCreate(NULL, (const void **)strings, s->path_count, real.kCFTypeArrayCallBacks) : NULL;
  for (uint32_t i = 0; strings && i < s->path_count; i++) real.CFRelease(strings[i]);
  free(strings);
  stream_drop(s);
  return array;
}

/* On the heap. */
static char *describe(struct stream *s) {
  struct text t = {0};
  char line[512];
  pthread_mutex_lock(&s->lock);
  int n = snprintf(line, sizeof line,
                   "FSEventStream @ %p:\n   allocator = %p\n   callback = %p\n   context = {%ld, %p, %p, %p, %p}\n   numPathsToWatch = %u\n   pathsToWatch = %p\n",
                   (void *)s, s->allocator, (void *)(uintptr_t)s->callback, s->context.version, s->context.info, (void *)(uintptr_t)s->context.retain,
                   (void *)(uintptr_t)s->context.release, (void *)(uintptr_t)s->context.copy_description, s->path_count, (void *)s->paths);
  text_append(&t, line, (size_t)n);
  const char *at = s->paths;
  for (uint32_t i = 0; i < s->path_count; i++, at += strlen(at) + 1) {
    n = snprintf(line, sizeof line, "        pathsToWatch[%u] = '", i);
    text_append(&t, line, (size_t)n);
    text_append(&t, at, strlen(at));
    text_append(&t, "'\n", 2);
  }
  n = snprintf(line, sizeof line, "   latestEventId = %lld\n   latency = %lld (microseconds)\n   flags = 0x%08x\n   runLoop = %p\n   runLoopMode = %p\n   dispatchQueue = %p\n",
               (long long)s->latest, (long long)(s->latency * 1e6), s->flags, s->place_count ? s->places[0].loop : NULL,
               s->place_count ? s->places[0].mode : NULL, s->queue);
  text_append(&t, line, (size_t)n + 1);
  pthread_mutex_unlock(&s->lock);
  return t.bytes;
}

API(void *, FSEventStreamCopyDescription, (void *reference)) {
  TAKE(FSEventStreamCopyDescription, reference, NULL, reference)
  char *text = describe(s);
  void *string = text ? real.CFStringCreateWithCString(NULL, text, UTF8) : NULL;
  free(text);
  stream_drop(s);
  return string;
}

API(void, FSEventStreamShow, (void *reference)) {
  TAKE(FSEventStreamShow, reference, , reference)
  char *text = describe(s);
  if (text) sys(SYS_write, 2, text, strlen(text));
  free(text);
  stream_drop(s);
}
