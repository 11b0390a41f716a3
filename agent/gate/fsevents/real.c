/* The real part of a stream: a private stream of the system's, with a callback of ours. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include "../kqueue.h"
#include "../os.h"
#include "../real.h"
#include "fsevents.h"
#include "roots.h"

enum { WITH_CF_TYPES = 0x1,
       WITH_EXTENDED_DATA = 0x40,
       UTF8 = 0x08000100,
       NUMBER_SINT64 = 4 };

const void *stream_hold_for(const void *stream) {
  stream_hold((struct stream *)(uintptr_t)stream);
  return stream;
}
void stream_drop_for(const void *stream) { stream_drop((struct stream *)(uintptr_t)stream); }

/* One event of the system's stream as a record. */
static bool append_real(struct text *t, const struct stream *s, void *paths, size_t i, uint32_t flags, uint64_t id) {
  static const char padding[8];
  static void *path_key, *ino_key;
  char *owned = NULL;
  const char *path;
  int64_t ino = 0;
  if (s->flags & WITH_CF_TYPES) {
    void *item = real.CFArrayGetValueAtIndex(paths, (long)i);
    if (s->flags & WITH_EXTENDED_DATA) {
      if (!path_key) path_key = real.CFStringCreateWithCString(NULL, "path", UTF8);
      if (!ino_key) ino_key = real.CFStringCreateWithCString(NULL, "fileID", UTF8);
      void *number = real.CFDictionaryGetValue(item, ino_key);
      if (number) real.CFNumberGetValue(number, NUMBER_SINT64, &ino);
      item = real.CFDictionaryGetValue(item, path_key);
    }
    path = owned = cf_path_bytes(item);
  } else path = ((char **)paths)[i];
  if (!path) return true;
  size_t n = strlen(path) + 1, length = (sizeof(struct event_record) + n + 7) & ~(size_t)7;
  struct event_record r = {.length = (uint32_t)length, .flags = flags, .id = id, .ino = (uint64_t)ino};
  bool good = text_append(t, &r, sizeof r) && text_append(t, path, n) && text_append(t, padding, length - sizeof r - n);
  free(owned);
  return good;
}

/* The real part of a mixed stream, on the program's own loop or queue: delivered together with our pending events. */
static void real_events(const void *stream, void *info, size_t count, void *paths, const uint32_t *flags, const uint64_t *ids) {
  struct stream *s = info;
  struct text t = {0};
  (void)stream;
  bool good = true;
  for (size_t i = 0; good && i < count; i++) good = append_real(&t, s, paths, i, flags[i], ids[i]);
  if (t.length) stream_ask(STREAM_REAL, s, t.bytes, t.length, 0, 0);
  free(t.bytes);
  stream_deliver(s);
}

bool stream_create_real(struct stream *s, const struct roots *r, uint64_t since) {
  void **strings = calloc(r->real_count, sizeof *strings);
  if (!strings) return false;
  for (uint32_t i = 0; i < r->real_count; i++) strings[i] = real.CFStringCreateWithFileSystemRepresentation(NULL, r->real[i]);
  void *array = real.CFArrayCreate(NULL, (const void **)strings, r->real_count, real.kCFTypeArrayCallBacks);
  struct stream_context context = {.info = s, .retain = stream_hold_for, .release = stream_drop_for};
  s->real = real.FSEventStreamCreate(NULL, real_events, &context, array, since, s->latency, s->flags);
  for (uint32_t i = 0; i < r->real_count; i++) real.CFRelease(strings[i]);
  real.CFRelease(array);
  free(strings);
  return s->real != NULL;
}

void *stream_real_take(struct stream *s) {
  pthread_mutex_lock(&s->lock);
  void *system_stream = s->real;
  if (system_stream) real.FSEventStreamRetain(system_stream);
  pthread_mutex_unlock(&s->lock);
  return system_stream;
}
void stream_real_drop(void *system_stream) {
  if (system_stream) real.FSEventStreamRelease(system_stream);
}
