/*
 * FSEvents as the gate sees it: opaque streams of our own beside the system's, and their exchange with the
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
#include "../real.h"
#include "agent_abi.h"

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
  int references; /* ours: calls under way, sources, blocks on queues, and one for the program's */
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
  bool ready; /* to be woken (streams_wake) */
  bool posted; /* a block of ours is on its queue */
  bool held; /* the agent wants to know when all is delivered */
  bool delivering;
  pthread_t deliverer;
  struct batch *first, **last;
  uint32_t outstanding;
  uint64_t latest; /* as FSEventStreamGetLatestEventId returns it */
  uint64_t delivered; /* 0: nothing yet */
  uint64_t queued; /* highest id ever handed over */
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

/* The next stream that is ready to be woken, taken, from slot *at on; NULL: there is none. */
struct stream *stream_next_ready(uint32_t *at);

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
void stream_log(const char *function, const char *what);

/* ---- calls to the agent (agent/native/fsevents-callbacks.ts) ---- */
/* `otherwise`: the answer where no agent is. */
int64_t stream_ask(enum stream_op op, const struct stream *s, const void *data, size_t length, uint64_t a, int64_t otherwise);
/* The same where the caller is to wake streams itself. */
int64_t stream_ask_quietly(enum stream_op op, const struct stream *s, const void *data, size_t length, uint64_t a, int64_t otherwise);

/* ---- requests to the host ---- */
/* The core's id, of a kind EVENT_ID_KIND_*; with NEWEST it goes on above `a`. `history`: may be NULL, else which history it is of. */
uint64_t host_event_id(uint32_t kind, uint64_t a, uint8_t history[16]);
/* The newest id as FSEvents returns it; ours continue above the system's. */
uint64_t newest_event_id(void);
