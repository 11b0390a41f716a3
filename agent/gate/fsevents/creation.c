/* New streams: one that has to do with the virtual tree is ours, every other one the system's. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include "../agent.h"
#include "../api.h"
#include "../os.h"
#include "../process.h"
#include "../real.h"
#include "../session.h"
#include "entry.h"
#include "fsevents.h"
#include "roots.h"

static bool tell_agent(const struct stream *s, const struct roots *r, uint64_t since) {
  struct {
    uint32_t flags, bits;
    double latency;
    uint64_t since;
    uint32_t pid, count;
  } head = {s->flags, s->real ? STREAM_MIXED : 0, s->latency, since, (uint32_t)self_pid, r->count};
  struct text t = {0};
  bool good = text_append(&t, &head, sizeof head) && text_append(&t, r->told.bytes, r->told.length);
  for (uint32_t i = 0; good && i < session.mount_count; i++) good = text_append_path(&t, session.mounts[i].path);
  good = good && stream_ask(STREAM_CREATE, s, t.bytes, t.length, 0, 0) == 1;
  free(t.bytes);
  return good;
}

/* Checked before anything is made: a stream without a callback would crash the program at its first event. */
static bool good_arguments(stream_callback callback, const struct roots *r, int32_t device) {
  const char *wrong = !callback ? "there is no callback" : device && r->count != 1 ? "one path for a device"
                                                                                   : NULL;
  if (wrong) stream_log("FSEventStreamCreate", wrong);
  return !wrong;
}

static void *create(void *allocator, stream_callback callback, const struct stream_context *context, int32_t device, struct roots *r, uint64_t since, double latency, uint32_t flags) {
  if (!good_arguments(callback, r, device)) return NULL;
  int missing = agent_bring();
  if (missing < 0) {
    stream_log("FSEventStreamCreate", "virtual paths cannot be watched here: the host says why");
    errno = -missing;
    return NULL;
  }
  struct stream *s = stream_new();
  if (!s) {
    stream_log("FSEventStreamCreate", "too many streams");
    return NULL;
  }
  /* Ids continue above the system's: asked for once, and for a stream with events of both. */
  static bool raised;
  if (!raised || r->real_count) newest_event_id();
  raised = true;
  s->callback = callback;
  if (context) s->context = *context;
  s->allocator = allocator ? real.CFRetain(allocator) : NULL;
  s->flags = flags;
  s->device = device;
  s->latency = latency;
  s->latest = since;
  s->paths = r->given.bytes;
  s->path_count = r->count;
  r->given.bytes = NULL;
  if (s->context.retain) s->context.info = (void *)(uintptr_t)s->context.retain(s->context.info);
  bool good = (!r->real_count || stream_create_real(s, r, since)) && tell_agent(s, r, since);
  if (!good) {
    if (s->real) {
      real.FSEventStreamInvalidate(s->real);
      real.FSEventStreamRelease(s->real);
    }
    stream_released(s);
    stream_drop(s);
  }
  stream_drop(s);
  return good ? s : NULL;
}

API(void *, FSEventStreamCreate,
    (void *allocator, stream_callback callback, struct stream_context *context, void *paths, uint64_t since, double latency, uint32_t flags)) {
  if (session.active && real_find_fsevents() && real_find_framework()) {
    struct roots r = {0};
    bool ours = roots_read(&r, paths, false) && r.ours;
    void *stream = ours ? create(allocator, callback, context, 0, &r, since, latency, flags) : NULL;
    roots_free(&r);
    if (ours) return stream;
  }
  REAL(FSEventStreamCreate, NULL, allocator, callback, context, paths, since, latency, flags);
}

API(void *, FSEventStreamCreateRelativeToDevice,
    (void *allocator, stream_callback callback, struct stream_context *context, int32_t device, void *paths, uint64_t since, double latency, uint32_t flags)) {
  if (session.active && device == virtual_device() && real_find_fsevents() && real_find_framework()) {
    struct roots r = {0};
    void *stream = (roots_read(&r, paths, true) && r.ours) || !r.count ? create(allocator, callback, context, device, &r, since, latency, flags) : NULL;
    roots_free(&r);
    return stream;
  }
  REAL(FSEventStreamCreateRelativeToDevice, NULL, allocator, callback, context, device, paths, since, latency, flags);
}
