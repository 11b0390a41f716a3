/*
 * The 22 functions of FSEvents.h. A stream that has to do with the virtual tree is ours, every other one the system's,
 * and its calls go on to it untouched.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include "agent.h"
#include "fsevents.h"
#include "gate.h"
#include "kqueue.h"
#include "sys.h"

#define EXPORT __attribute__((visibility("default")))

/* Preloaded on Linux, the system's own name is found here first; elsewhere our name is put in its place. */
#if defined(__linux__)
#define API(result, name, parameters)                                                        \
  EXPORT result shimfs_##name parameters;                                                    \
  EXPORT result name parameters __attribute__((alias("shimfs_" #name)));                     \
  EXPORT result shimfs_##name parameters
#else
#define API(result, name, parameters)     \
  EXPORT result shimfs_##name parameters; \
  EXPORT result shimfs_##name parameters
#endif

enum { UTF8 = 0x08000100, NUMBER_SINT64 = 4, WITH_CF_TYPES = 0x1, WITH_EXTENDED_DATA = 0x40 };

void stream_say(const char *function, const char *what) {
  char line[160];
  snprintf(line, sizeof line, "%s: %s", function, what);
  gate_say(line);
}

/* The system's, or what is to be done where there is none. */
#define REAL(name, nothing, ...) \
  if (!fsevents_system() || !real_fsevents.name) return nothing; \
  return real_fsevents.name(__VA_ARGS__)

/* Ours is taken until DONE; the system's is passed on; one that has been released is told of. */
#define TAKE(function, reference, nothing, ...)                                   \
  if (!stream_is_ours(reference)) { REAL(function, nothing, __VA_ARGS__); }       \
  struct stream *s = stream_take(reference);                                      \
  if (!s) {                                                                       \
    stream_say(#function, "the stream has been released");                       \
    return nothing;                                                               \
  }

/* ---- the agent's part ---- */

static int64_t (*agent_streams)(uint32_t op, uint32_t number, const void *data, uint32_t length, uint64_t a);

EXPORT void shimfs_streams_install(void *callback) { agent_streams = (int64_t(*)(uint32_t, uint32_t, const void *, uint32_t, uint64_t))(uintptr_t)callback; }

static int64_t ask(enum stream_op op, const struct stream *s, const void *data, size_t length, uint64_t a, int64_t otherwise) {
  if (!agent_here() || !agent_streams || length > UINT32_MAX) return otherwise;
  struct crossing x = cross_over();
  int64_t answer = agent_streams((uint32_t)op, s->number, data, (uint32_t)length, a);
  cross_back(x);
  return answer;
}

int64_t stream_ask(enum stream_op op, const struct stream *s, const void *data, size_t length, uint64_t a, int64_t otherwise) {
  int64_t answer = ask(op, s, data, length, a, otherwise);
  streams_wake();
  return answer;
}

/* ---- text out of CoreFoundation ---- */

/* The path's bytes on the heap, NULL when it is no text. */
static char *path_bytes(void *string) {
  char *buffer = string ? malloc(PATH_MAX * 2) : NULL;
  if (buffer && !cf.CFStringGetFileSystemRepresentation(string, buffer, PATH_MAX * 2)) {
    free(buffer);
    return NULL;
  }
  return buffer;
}

/* Without symbolic links as far as it leads somewhere, and without a trailing slash. False: too long. */
static bool canonical(const char *path, char out[PATH_MAX]) {
  char *head = malloc(PATH_MAX * 2), *tail = malloc(PATH_MAX * 2);
  bool done = false;
  size_t n = strlen(path);
  if (head && tail && n < PATH_MAX) {
    memcpy(head, path, n + 1);
    tail[0] = 0;
    for (;;) {
      if (realpath(head[0] ? head : ".", out)) {
        size_t base = strlen(out), rest = strlen(tail);
        if (base == 1) base = 0;
        if (base + rest < PATH_MAX) {
          memcpy(out + base, tail, rest + 1);
          if (!out[0]) memcpy(out, "/", 2);
          done = true;
        }
        break;
      }
      /* Missing: what leads to it counts, its own name is taken as it stands. */
      for (n = strlen(head); n > 1 && head[n - 1] == '/'; n--) head[n - 1] = 0;
      char *cut = strrchr(head, '/');
      const char *name = cut ? cut + 1 : head;
      size_t length = strlen(name), rest = strlen(tail);
      if (!length || length + rest + 2 > PATH_MAX) break;
      memmove(tail + length + 1, tail, rest + 1);
      memcpy(tail + 1, name, length);
      tail[0] = '/';
      if (!cut) head[0] = 0;
      else cut[cut == head] = 0;
    }
  }
  free(head);
  free(tail);
  return done;
}

static bool holds_mount(const char *path) {
  size_t n = strcmp(path, "/") ? strlen(path) : 0;
  for (uint32_t i = 0; i < session.mount_count; i++)
    if (!strncmp(session.mounts[i].path, path, n) && session.mounts[i].path[n] == '/') return true;
  return false;
}

/* ---- creation ---- */

/* What the agent is told of a new stream, growing. */
struct text {
  char *bytes;
  size_t length, room;
};

static bool append(struct text *t, const void *bytes, size_t n) {
  if (t->length + n > t->room) {
    size_t room = (t->length + n) * 2 + 256;
    char *larger = realloc(t->bytes, room);
    if (!larger) return false;
    t->bytes = larger;
    t->room = room;
  }
  memcpy(t->bytes + t->length, bytes, n);
  t->length += n;
  return true;
}

static bool append_path(struct text *t, const char *path) { return append(t, path, strlen(path) + 1); }

struct roots {
  struct text told;  /* given and canonical in turn, NUL after each */
  struct text given; /* NUL after each */
  char **real;       /* those that the system's own stream is to watch */
  uint32_t count, real_count;
  bool ours; /* some concern the virtual tree */
};

static void roots_free(struct roots *r) {
  for (uint32_t i = 0; i < r->real_count; i++) free(r->real[i]);
  free(r->real);
  free(r->told.bytes);
  free(r->given.bytes);
}

/* False: they cannot be read, or there are none. `whole`: of the virtual device, not of the real tree. */
static bool roots_read(struct roots *r, void *paths, bool whole) {
  long count = paths ? cf.CFArrayGetCount(paths) : 0;
  char *out = malloc(PATH_MAX);
  r->real = calloc((size_t)(count > 0 ? count : 1), sizeof *r->real);
  bool good = count > 0 && out && r->real;
  for (long i = 0; good && i < count; i++) {
    char *bytes = path_bytes(cf.CFArrayGetValueAtIndex(paths, i));
    if (bytes && whole && bytes[0] != '/') {
      memmove(bytes + 1, bytes, strlen(bytes) + 1);
      bytes[0] = '/';
    }
    good = bytes && canonical(bytes, out) && append_path(&r->told, bytes) && append_path(&r->told, out) && append_path(&r->given, bytes);
    if (good) {
      bool inside = under_mount(out);
      r->ours |= inside || holds_mount(out);
      if (!inside && !whole) r->real[r->real_count++] = strdup(bytes);
      r->count++;
    }
    free(bytes);
  }
  free(out);
  return good;
}

static const void *hold_for(const void *stream) {
  stream_hold((struct stream *)(uintptr_t)stream);
  return stream;
}
static void drop_for(const void *stream) { stream_drop((struct stream *)(uintptr_t)stream); }

/* One event of the system's stream as a record. */
static bool append_real(struct text *t, const struct stream *s, void *paths, size_t i, uint32_t flags, uint64_t id) {
  static const char padding[8];
  static void *path_key, *ino_key;
  char *owned = NULL;
  const char *path;
  int64_t ino = 0;
  if (s->flags & WITH_CF_TYPES) {
    void *item = cf.CFArrayGetValueAtIndex(paths, (long)i);
    if (s->flags & WITH_EXTENDED_DATA) {
      if (!path_key) path_key = cf.CFStringCreateWithCString(NULL, "path", UTF8);
      if (!ino_key) ino_key = cf.CFStringCreateWithCString(NULL, "fileID", UTF8);
      void *number = cf.CFDictionaryGetValue(item, ino_key);
      if (number) cf.CFNumberGetValue(number, NUMBER_SINT64, &ino);
      item = cf.CFDictionaryGetValue(item, path_key);
    }
    path = owned = path_bytes(item);
  } else path = ((char **)paths)[i];
  if (!path) return true;
  size_t n = strlen(path) + 1, length = (sizeof(struct event_record) + n + 7) & ~(size_t)7;
  struct event_record r = {.length = (uint32_t)length, .flags = flags, .id = id, .ino = (uint64_t)ino};
  bool good = append(t, &r, sizeof r) && append(t, path, n) && append(t, padding, length - sizeof r - n);
  free(owned);
  return good;
}

/* The real part of a mixed stream, on the program's own loop or queue: told together with what of ours waits. */
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

static bool create_real(struct stream *s, const struct roots *r, uint64_t since) {
  void **strings = calloc(r->real_count, sizeof *strings);
  if (!strings) return false;
  for (uint32_t i = 0; i < r->real_count; i++) strings[i] = cf.CFStringCreateWithFileSystemRepresentation(NULL, r->real[i]);
  void *array = cf.CFArrayCreate(NULL, (const void **)strings, r->real_count, cf.kCFTypeArrayCallBacks);
  struct stream_context context = {.info = s, .retain = hold_for, .release = drop_for};
  s->real = real_fsevents.FSEventStreamCreate(NULL, real_events, &context, array, since, s->latency, s->flags);
  for (uint32_t i = 0; i < r->real_count; i++) cf.CFRelease(strings[i]);
  cf.CFRelease(array);
  free(strings);
  return s->real != NULL;
}

static bool tell_agent(const struct stream *s, const struct roots *r, uint64_t since) {
  struct {
    uint32_t flags, bits;
    double latency;
    uint64_t since;
    uint32_t pid, count;
  } head = {s->flags, s->real ? STREAM_MIXED : 0, s->latency, since, (uint32_t)self_pid, r->count};
  struct text t = {0};
  bool good = append(&t, &head, sizeof head) && append(&t, r->told.bytes, r->told.length);
  for (uint32_t i = 0; good && i < session.mount_count; i++) good = append_path(&t, session.mounts[i].path);
  good = good && stream_ask(STREAM_CREATE, s, t.bytes, t.length, 0, 0) == 1;
  free(t.bytes);
  return good;
}

/* The host's newest id as FSEvents tells it; ours go on above the system's. */
static uint64_t ask_id(uint32_t kind, uint64_t a, uint8_t history[16]) {
  struct request q = {.op = OP_EVENT_ID, .flags = kind, .a = a};
  const struct shimfs_reply *reply;
  const char *data;
  uint64_t id = 0;
  if (link_begin(&q, &reply, &data) == 0) {
    id = reply->ino;
    if (history && reply->data_length == 16) bytes_copy(history, data, 16);
  }
  link_end();
  return id;
}
enum { ID_NEWEST = 0, ID_BEFORE = 1, ID_PARTS = 4 /* agent/fsevents/event-id.ts */ };

static uint64_t current_id(void) {
  uint64_t theirs = fsevents_system() && real_fsevents.FSEventsGetCurrentEventId ? real_fsevents.FSEventsGetCurrentEventId() : 0;
  uint64_t ours = ask_id(ID_NEWEST, (theirs + ID_PARTS - 1) / ID_PARTS, NULL) * ID_PARTS + ID_PARTS - 1;
  return ours > theirs ? ours : theirs;
}

static void *create(void *allocator, stream_callback callback, const struct stream_context *context, int32_t device, struct roots *r, uint64_t since, double latency, uint32_t flags) {
  int missing = agent_bring();
  if (missing < 0) {
    stream_say("FSEventStreamCreate", "virtual paths cannot be watched here: the host says why");
    errno = -missing;
    return NULL;
  }
  struct stream *s = stream_new();
  if (!s) {
    stream_say("FSEventStreamCreate", "too many streams");
    return NULL;
  }
  /* Ids go on above the system's: asked for once, and where both are to be told as one story. */
  static bool raised;
  if (!raised || r->real_count) current_id();
  raised = true;
  s->callback = callback;
  if (context) s->context = *context;
  s->allocator = allocator ? cf.CFRetain(allocator) : NULL;
  s->flags = flags;
  s->device = device;
  s->latency = latency;
  s->latest = since;
  s->paths = r->given.bytes;
  s->path_count = r->count;
  r->given.bytes = NULL;
  if (s->context.retain) s->context.info = (void *)(uintptr_t)s->context.retain(s->context.info);
  bool good = (!r->real_count || create_real(s, r, since)) && tell_agent(s, r, since);
  if (!good) {
    if (s->real) {
      real_fsevents.FSEventStreamInvalidate(s->real);
      real_fsevents.FSEventStreamRelease(s->real);
    }
    stream_released(s);
    stream_drop(s);
  }
  stream_drop(s);
  return good ? s : NULL;
}

API(void *, FSEventStreamCreate,
    (void *allocator, stream_callback callback, struct stream_context *context, void *paths, uint64_t since, double latency, uint32_t flags)) {
  if (session.active && fsevents_system() && framework_system()) {
    struct roots r = {0};
    bool ours = roots_read(&r, paths, false) && r.ours;
    void *stream = ours ? create(allocator, callback, context, 0, &r, since, latency, flags) : NULL;
    roots_free(&r);
    if (ours) return stream;
  }
  REAL(FSEventStreamCreate, NULL, allocator, callback, context, paths, since, latency, flags);
}

static int32_t virtual_device(void) { return (int32_t)session.shared->device; }

API(void *, FSEventStreamCreateRelativeToDevice,
    (void *allocator, stream_callback callback, struct stream_context *context, int32_t device, void *paths, uint64_t since, double latency, uint32_t flags)) {
  if (session.active && device == virtual_device() && fsevents_system() && framework_system()) {
    struct roots r = {0};
    void *stream = roots_read(&r, paths, true) && r.ours ? create(allocator, callback, context, device, &r, since, latency, flags) : NULL;
    roots_free(&r);
    return stream;
  }
  REAL(FSEventStreamCreateRelativeToDevice, NULL, allocator, callback, context, device, paths, since, latency, flags);
}

/* ---- references ---- */

/* No place any more, nothing that is still to come. */
static void close_down(struct stream *s) {
  pthread_mutex_lock(&s->lock);
  void *source = s->source, *queue = s->queue, *real = s->real;
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
    cf.CFRunLoopSourceInvalidate(source);
    /* A loop that this was all of ends. */
    for (uint32_t i = 0; i < count; i++) cf.CFRunLoopWakeUp(places[i].loop);
    cf.CFRelease(source);
  }
  for (uint32_t i = 0; i < count; i++) {
    cf.CFRelease(places[i].loop);
    cf.CFRelease(places[i].mode);
  }
  free(places);
  if (queue) cf.dispatch_release(queue);
  if (real) {
    real_fsevents.FSEventStreamInvalidate(real);
    real_fsevents.FSEventStreamRelease(real);
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

/* ---- places ---- */

/* The system's stream, which another thread may give up meanwhile. NULL where there is none. */
static void *real_take(struct stream *s) {
  pthread_mutex_lock(&s->lock);
  void *real = s->real;
  if (real) real_fsevents.FSEventStreamRetain(real);
  pthread_mutex_unlock(&s->lock);
  return real;
}
static void real_drop(void *real) {
  if (real) real_fsevents.FSEventStreamRelease(real);
}

API(void, FSEventStreamScheduleWithRunLoop, (void *reference, void *loop, void *mode)) {
  TAKE(FSEventStreamScheduleWithRunLoop, reference, , reference, loop, mode)
  if (loop && mode && stream_ask(STREAM_SCHEDULE, s, NULL, 0, 0, 1)) {
    struct source_context context = {.info = s, .retain = hold_for, .release = drop_for, .perform = stream_perform};
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
    void *real = real_take(s);
    if (source) {
      /* The program's own mode pointer: the common modes are known by it. */
      cf.CFRunLoopAddSource(loop, source, mode);
      cf.CFRelease(source);
    }
    if (made) cf.CFRelease(made);
    if (real) real_fsevents.FSEventStreamScheduleWithRunLoop(real, loop, mode);
    real_drop(real);
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
    void *real = real_take(s);
    stream_ask(STREAM_UNSCHEDULE, s, NULL, 0, 0, 1);
    cf.CFRunLoopRemoveSource(loop, source, mode);
    cf.CFRelease(source);
    cf.CFRelease(gone.loop);
    cf.CFRelease(gone.mode);
    if (real) real_fsevents.FSEventStreamUnscheduleFromRunLoop(real, loop, mode);
    real_drop(real);
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
    void *real = real_take(s);
    if (before) {
      stream_ask(STREAM_UNSCHEDULE, s, NULL, 0, 0, 1);
      cf.dispatch_release(before);
    }
    if (real) real_fsevents.FSEventStreamSetDispatchQueue(real, queue);
    real_drop(real);
    stream_wake(s);
  }
  stream_drop(s);
}

/* ---- running ---- */

API(unsigned char, FSEventStreamStart, (void *reference)) {
  TAKE(FSEventStreamStart, reference, 0, reference)
  pthread_mutex_lock(&s->lock);
  bool before = s->running;
  s->running = !s->invalid; /* the agent may hand something over before it has answered */
  uint64_t delivered = s->delivered;
  pthread_mutex_unlock(&s->lock);
  void *real = real_take(s);
  bool runs = stream_ask(STREAM_START, s, NULL, 0, delivered, 0) == 1;
  if (runs && real && !before && !real_fsevents.FSEventStreamStart(real)) {
    stream_ask(STREAM_STOP, s, NULL, 0, 0, 0);
    runs = false;
  }
  if (!runs) {
    pthread_mutex_lock(&s->lock);
    s->running = false;
    batches_free(s);
    pthread_mutex_unlock(&s->lock);
  }
  real_drop(real);
  stream_drop(s);
  return runs;
}

API(void, FSEventStreamStop, (void *reference)) {
  TAKE(FSEventStreamStop, reference, , reference)
  pthread_mutex_lock(&s->lock);
  bool ran = s->running;
  s->running = s->held = false;
  batches_free(s); /* told again after a restart */
  pthread_mutex_unlock(&s->lock);
  if (ran) {
    void *real = real_take(s);
    stream_ask(STREAM_STOP, s, NULL, 0, 0, 0);
    if (real) real_fsevents.FSEventStreamStop(real);
    real_drop(real);
  }
  stream_drop(s);
}

API(uint64_t, FSEventStreamFlushAsync, (void *reference)) {
  TAKE(FSEventStreamFlushAsync, reference, 0, reference)
  void *real = real_take(s);
  uint64_t theirs = real ? real_fsevents.FSEventStreamFlushAsync(real) : 0;
  real_drop(real);
  stream_ask(STREAM_FLUSH, s, NULL, 0, 0, 0);
  uint64_t id = s->queued > theirs ? s->queued : theirs;
  stream_drop(s);
  return id;
}

API(void, FSEventStreamFlushSync, (void *reference)) {
  TAKE(FSEventStreamFlushSync, reference, , reference)
  void *real = real_take(s);
  if (real) real_fsevents.FSEventStreamFlushSync(real);
  real_drop(real);
  /* What has happened before this call is with the agent after it. */
  ask_id(ID_NEWEST, 0, NULL);
  agent_catch_up();
  ask(STREAM_FLUSH, s, NULL, 0, 0, 0);
  stream_flush(s); /* here, not on the loop that would be woken */
  streams_wake();
  stream_drop(s);
}

API(unsigned char, FSEventStreamSetExclusionPaths, (void *reference, void *paths)) {
  TAKE(FSEventStreamSetExclusionPaths, reference, 0, reference, paths)
  struct text t = {0};
  long count = paths ? cf.CFArrayGetCount(paths) : 0;
  char *out = malloc(PATH_MAX);
  bool good = out != NULL;
  for (long i = 0; good && i < count; i++) {
    char *bytes = path_bytes(cf.CFArrayGetValueAtIndex(paths, i));
    good = bytes && canonical(bytes, out) && append_path(&t, out);
    free(bytes);
  }
  good = good && stream_ask(STREAM_EXCLUDE, s, t.bytes, t.length, 0, 0) == 1;
  void *real = good ? real_take(s) : NULL;
  if (real) real_fsevents.FSEventStreamSetExclusionPaths(real, paths);
  real_drop(real);
  free(out);
  free(t.bytes);
  stream_drop(s);
  return good;
}

/* ---- what is known of a stream ---- */

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
    strings[i] = cf.CFStringCreateWithFileSystemRepresentation(NULL, at);
  void *array = strings ? cf.CFArrayCreate(NULL, (const void **)strings, s->path_count, cf.kCFTypeArrayCallBacks) : NULL;
  for (uint32_t i = 0; strings && i < s->path_count; i++) cf.CFRelease(strings[i]);
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
  append(&t, line, (size_t)n);
  const char *at = s->paths;
  for (uint32_t i = 0; i < s->path_count; i++, at += strlen(at) + 1) {
    n = snprintf(line, sizeof line, "        pathsToWatch[%u] = '", i);
    append(&t, line, (size_t)n);
    append(&t, at, strlen(at));
    append(&t, "'\n", 2);
  }
  n = snprintf(line, sizeof line, "   latestEventId = %lld\n   latency = %lld (microseconds)\n   flags = 0x%08x\n   runLoop = %p\n   runLoopMode = %p\n   dispatchQueue = %p\n",
               (long long)s->latest, (long long)(s->latency * 1e6), s->flags, s->place_count ? s->places[0].loop : NULL,
               s->place_count ? s->places[0].mode : NULL, s->queue);
  append(&t, line, (size_t)n + 1);
  pthread_mutex_unlock(&s->lock);
  return t.bytes;
}

API(void *, FSEventStreamCopyDescription, (void *reference)) {
  TAKE(FSEventStreamCopyDescription, reference, NULL, reference)
  char *text = describe(s);
  void *string = text ? cf.CFStringCreateWithCString(NULL, text, UTF8) : NULL;
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

/* ---- without a stream ---- */

API(uint64_t, FSEventsGetCurrentEventId, (void)) {
  if (session.active && session_host_alive()) return current_id();
  REAL(FSEventsGetCurrentEventId, 0, );
}

API(void *, FSEventsCopyUUIDForDevice, (int32_t device)) {
  if (session.active && device == virtual_device() && framework_system()) {
    struct uuid_bytes history = {{0}};
    return ask_id(ID_NEWEST, 0, history.byte) || history.byte[0] ? cf.CFUUIDCreateFromUUIDBytes(NULL, history) : NULL;
  }
  REAL(FSEventsCopyUUIDForDevice, NULL, device);
}

API(uint64_t, FSEventsGetLastEventIdForDeviceBeforeTime, (int32_t device, double seconds)) {
  if (session.active && device == virtual_device()) {
    uint64_t id = seconds > 0 ? ask_id(ID_BEFORE, (uint64_t)(seconds * 1000), NULL) : 0;
    return id ? id * ID_PARTS + ID_PARTS - 1 : 0;
  }
  REAL(FSEventsGetLastEventIdForDeviceBeforeTime, 0, device, seconds);
}

/* The virtual tree's history is bounded, and shared: nobody purges it for the others. */
API(unsigned char, FSEventsPurgeEventsForDeviceUpToEventId, (int32_t device, uint64_t id)) {
  if (session.active && device == virtual_device()) return 0;
  REAL(FSEventsPurgeEventsForDeviceUpToEventId, 0, device, id);
}

/* ---- */

#define OURS(name, result, parameters) {#name, (void *)(uintptr_t)&shimfs_##name},
static const struct {
  const char *name;
  void *function;
} ours[] = {FSEVENTS_FUNCTIONS(OURS)};

void *fsevents_replacement(const char *name) {
  for (unsigned i = 0; i < sizeof ours / sizeof ours[0]; i++)
    if (!strcmp(ours[i].name, name)) return ours[i].function;
  return NULL;
}

/* ---- what the agent calls ---- */

/*
 * Whole trees for a stream of the agent's (AgentOp.Past and its like in core/protocol.ts). mode 1: hear of them, 0:
 * forget the stream, 2: the past first. Returns the newest event's id, or -errno.
 */
EXPORT int64_t shimfs_agent_subtree(uint32_t stream, uint32_t mode, const char *paths, uint32_t length, uint64_t since) {
  struct request q = {.op = OP_SUBTREE, .flags = mode, .a = stream, .b = since, .data = paths, .data_length = length};
  if (mode == 0) {
    link_tell(&q);
    return 0;
  }
  const struct shimfs_reply *reply;
  long result = link_begin(&q, &reply, NULL);
  int64_t id = result < 0 ? result : (int64_t)reply->ino;
  link_end();
  return id;
}

/* The system's ids have come to four times this. Nobody waits. */
EXPORT void shimfs_agent_raise(uint64_t id) {
  struct request q = {.op = OP_EVENT_ID, .flags = 2, .a = id};
  link_tell(&q);
}
