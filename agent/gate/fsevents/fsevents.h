/*
 * FSEvents as the gate sees it: opaque streams of our own beside the system's, and what passes between them and the
 * agent.
 *
 * Unlike the rest of the gate, this code runs where a program calls CoreServices: never in a signal handler, with a
 * heap and a whole stack.
 */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void (*stream_callback)(const void *stream, void *info, size_t count, void *paths, const uint32_t *flags, const uint64_t *ids);

struct stream_context {
  long version;
  void *info;
  const void *(*retain)(const void *info);
  void (*release)(const void *info);
  const void *(*copy_description)(const void *info);
};

struct source_context {
  long version;
  void *info;
  const void *(*retain)(const void *info);
  void (*release)(const void *info);
  void *copy_description, *equal, *hash, *schedule, *cancel;
  void (*perform)(void *info);
};
_Static_assert(sizeof(struct stream_context) == 40 && sizeof(struct source_context) == 80, "FSEvents.h, CFRunLoop.h");

struct uuid_bytes {
  uint8_t byte[16];
};

/* ---- the system's own functions (system.c), by name, result and parameters ---- */
#define FSEVENTS_FUNCTIONS(X)                                                                                                  \
  X(FSEventStreamCreate, void *, (void *, stream_callback, struct stream_context *, void *, uint64_t, double, uint32_t))      \
  X(FSEventStreamCreateRelativeToDevice, void *,                                                                               \
    (void *, stream_callback, struct stream_context *, int32_t, void *, uint64_t, double, uint32_t))                          \
  X(FSEventStreamRetain, void, (void *))                                                                                       \
  X(FSEventStreamRelease, void, (void *))                                                                                      \
  X(FSEventStreamScheduleWithRunLoop, void, (void *, void *, void *))                                                          \
  X(FSEventStreamUnscheduleFromRunLoop, void, (void *, void *, void *))                                                        \
  X(FSEventStreamSetDispatchQueue, void, (void *, void *))                                                                     \
  X(FSEventStreamInvalidate, void, (void *))                                                                                   \
  X(FSEventStreamStart, unsigned char, (void *))                                                                               \
  X(FSEventStreamStop, void, (void *))                                                                                         \
  X(FSEventStreamFlushAsync, uint64_t, (void *))                                                                               \
  X(FSEventStreamFlushSync, void, (void *))                                                                                    \
  X(FSEventStreamSetExclusionPaths, unsigned char, (void *, void *))                                                           \
  X(FSEventStreamGetLatestEventId, uint64_t, (void *))                                                                         \
  X(FSEventStreamGetDeviceBeingWatched, int32_t, (void *))                                                                     \
  X(FSEventStreamCopyPathsBeingWatched, void *, (void *))                                                                      \
  X(FSEventStreamCopyDescription, void *, (void *))                                                                            \
  X(FSEventStreamShow, void, (void *))                                                                                         \
  X(FSEventsGetCurrentEventId, uint64_t, (void))                                                                               \
  X(FSEventsCopyUUIDForDevice, void *, (int32_t))                                                                              \
  X(FSEventsGetLastEventIdForDeviceBeforeTime, uint64_t, (int32_t, double))                                                    \
  X(FSEventsPurgeEventsForDeviceUpToEventId, unsigned char, (int32_t, uint64_t))

#define FRAMEWORK_FUNCTIONS(X)                                                                            \
  X(CFArrayCreate, void *, (void *, const void **, long, const void *))                                   \
  X(CFArrayGetCount, long, (void *))                                                                      \
  X(CFArrayGetValueAtIndex, void *, (void *, long))                                                       \
  X(CFStringGetFileSystemRepresentation, unsigned char, (void *, char *, long))                           \
  X(CFStringCreateWithFileSystemRepresentation, void *, (void *, const char *))                           \
  X(CFStringCreateWithCString, void *, (void *, const char *, uint32_t))                                  \
  X(CFDictionaryCreate, void *, (void *, const void **, const void **, long, const void *, const void *)) \
  X(CFDictionaryGetValue, void *, (void *, const void *))                                                 \
  X(CFNumberCreate, void *, (void *, long, const void *))                                                 \
  X(CFNumberGetValue, unsigned char, (void *, long, void *))                                              \
  X(CFUUIDCreateFromUUIDBytes, void *, (void *, struct uuid_bytes))                                       \
  X(CFRetain, void *, (void *))                                                                           \
  X(CFRelease, void, (void *))                                                                            \
  X(CFEqual, unsigned char, (void *, void *))                                                             \
  X(CFRunLoopSourceCreate, void *, (void *, long, struct source_context *))                               \
  X(CFRunLoopSourceSignal, void, (void *))                                                                \
  X(CFRunLoopSourceInvalidate, void, (void *))                                                            \
  X(CFRunLoopAddSource, void, (void *, void *, void *))                                                   \
  X(CFRunLoopRemoveSource, void, (void *, void *, void *))                                                \
  X(CFRunLoopWakeUp, void, (void *))                                                                      \
  X(dispatch_async_f, void, (void *, void *, void (*)(void *)))                                           \
  X(dispatch_sync_f, void, (void *, void *, void (*)(void *)))                                            \
  X(dispatch_retain, void, (void *))                                                                      \
  X(dispatch_release, void, (void *))                                                                     \
  X(dispatch_queue_set_specific, void, (void *, const void *, void *, void (*)(void *)))                  \
  X(dispatch_get_specific, void *, (const void *))

#define FRAMEWORK_DATA(X) X(kCFTypeArrayCallBacks) X(kCFTypeDictionaryKeyCallBacks) X(kCFTypeDictionaryValueCallBacks)

#define DECLARE_FUNCTION(name, result, parameters) result(*name) parameters;
#define DECLARE_DATA(name) const void *name;
struct fsevents_functions {
  FSEVENTS_FUNCTIONS(DECLARE_FUNCTION)
};
struct framework_functions {
  FRAMEWORK_FUNCTIONS(DECLARE_FUNCTION)
  FRAMEWORK_DATA(DECLARE_DATA)
};
extern struct fsevents_functions real_fsevents; /* NULL where the system has none */
extern struct framework_functions cf;

/* Looks for what is not known yet. False: there is no FSEvents here. */
bool fsevents_system(void);
/* And for CoreFoundation and libdispatch. */
bool framework_system(void);
/* Told by the agent, or by a program's dlsym. False: no function of these. */
bool fsevents_set_real(const char *name, void *function);
/* The function of ours by that name, NULL where it is none of the 22. */
void *fsevents_replacement(const char *name);
/* The system's own `dlsym`, past ours. */
void *system_symbol(void *handle, const char *name);

/* ---- records: a batch is a row of these, each aligned to 8 bytes; agent/fsevents/records.ts ---- */
struct event_record {
  uint32_t length; /* of the whole, padding included */
  uint32_t flags;
  uint64_t id, ino;
  char path[]; /* NUL-terminated */
};

struct batch {
  struct batch *next;
  uint32_t count, length;
  uint64_t latest; /* highest id */
  uint8_t records[] __attribute__((aligned(8)));
};

/* ---- streams (stream.c) ---- */
struct stream_place {
  void *loop, *mode;
};

struct stream {
  uint32_t state; /* enum stream_state; with the counts under the table's lock */
  uint32_t number; /* the agent's name for it */
  uint32_t generation;
  int references;         /* ours: calls under way, sources, blocks on queues, and one for the program's */
  int program_references;
  pthread_mutex_t lock; /* of all that follows; nothing of the program's is called under it */
  pthread_cond_t settled;
  stream_callback callback;
  struct stream_context context;
  void *allocator;
  uint32_t flags;
  int32_t device; /* 0, or the one its paths are relative to */
  double latency;
  char *paths; /* as given, NUL after each */
  uint32_t path_count;
  void *real; /* the system's stream for the real part */
  void *source, *queue;
  struct stream_place *places;
  uint32_t place_count;
  bool running, invalid;
  bool ready;  /* to be woken (streams_wake) */
  bool posted; /* a block of ours is on its queue */
  bool held;   /* the agent wants to know when all is delivered */
  bool delivering;
  pthread_t deliverer;
  struct batch *first, **last;
  uint32_t outstanding;
  uint64_t latest;    /* as FSEventStreamGetLatestEventId tells it */
  uint64_t delivered; /* 0: nothing yet */
  uint64_t queued;    /* highest id ever handed over */
};

struct stream *stream_new(void); /* NULL: too many. With the program's reference and the caller's. */
bool stream_is_ours(const void *reference);
struct stream *stream_take(const void *reference); /* NULL: it has been released */
void stream_hold(struct stream *s);
void stream_drop(struct stream *s);
void stream_retained(struct stream *s);
/* The program gives up one reference. True: that was the last. */
bool stream_released(struct stream *s);
struct stream *stream_by_number(uint32_t number); /* taken, or NULL */

/* ---- delivery (delivery.c) ---- */
void stream_deliver(struct stream *s);
void stream_perform(void *stream); /* of a run loop's source */
void stream_wake(struct stream *s);
void stream_ready(struct stream *s); /* streams_wake is to wake it */
/* Those that have been handed something. To be called where no JavaScript runs. */
void streams_wake(void);
void batches_free(struct stream *s); /* with the lock held */
/* Has everything that was handed over delivered on the calling thread, or its queue. */
void stream_flush(struct stream *s);
/* A line on standard error (description.c). */
void stream_say(const char *function, const char *what);

/* ---- the agent's part: agent/native/fsevents-callbacks.ts ---- */
enum stream_op {
  STREAM_CREATE = 0,     /* data: the stream as records.ts reads it */
  STREAM_EXCLUDE = 1,    /* data: paths. Returns whether it is allowed, like the next ones */
  STREAM_SCHEDULE = 2,
  STREAM_UNSCHEDULE = 3,
  STREAM_START = 4,      /* a: highest id delivered. Returns whether it runs */
  STREAM_STOP = 5,
  STREAM_INVALIDATE = 6,
  STREAM_RELEASE = 7,
  STREAM_FLUSH = 8,      /* Returns the highest id handed over */
  STREAM_DRAINED = 9,
  STREAM_REAL = 10,      /* data: records of the system's stream */
};
enum { STREAM_MIXED = 1 };
/* `otherwise`: the answer where no agent is. */
int64_t stream_ask(enum stream_op op, const struct stream *s, const void *data, size_t length, uint64_t a, int64_t otherwise);
/* The same where the caller is to wake streams itself. */
int64_t stream_ask_quietly(enum stream_op op, const struct stream *s, const void *data, size_t length, uint64_t a, int64_t otherwise);

/* ---- the host's part ---- */
enum { ID_NEWEST = 0, ID_BEFORE = 1, ID_PARTS = 4 /* agent/fsevents/event-id.ts */ };
/* The core's id; with ID_NEWEST it goes on above `a`. `history`: may be NULL, else which history it is of. */
uint64_t host_event_id(uint32_t kind, uint64_t a, uint8_t history[16]);
/* The newest id as FSEvents tells it; ours go on above the system's. */
uint64_t newest_event_id(void);
