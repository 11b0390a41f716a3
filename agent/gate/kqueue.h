/* Darwin's event records as the gate sees them: three families, one header in common. */
#pragma once
#include <stdint.h>
#include <time.h>

enum family { FAMILY_KEVENT = 0, FAMILY_KEVENT64 = 1, FAMILY_QOS = 2, FAMILIES = 3 };

/* Offsets: xnu bsd/sys/event.h and event_private.h. ident is at 0, filter at 8, flags at 10 in all of them. */
struct record_layout {
  uint8_t size, fflags, data, udata;
};
static const struct record_layout layouts[FAMILIES] = {{32, 12, 16, 24}, {48, 12, 16, 24}, {72, 24, 32, 16}};

struct record_head {
  uint64_t ident;
  int16_t filter;
  uint16_t flags;
} __attribute__((packed, aligned(4)));

enum { EVFILT_VNODE_ = -4, EVFILT_USER_ = -10 };
enum {
  EV_ADD_ = 0x1, EV_DELETE_ = 0x2, EV_ENABLE_ = 0x4, EV_DISABLE_ = 0x8, EV_UDATA_SPECIFIC_ = 0x100, EV_ERROR_ = 0x4000,
};
enum { NOTE_TRIGGER_ = 0x01000000 };
enum { KEVENT_FLAG_IMMEDIATE_ = 0x1, KEVENT_FLAG_ERROR_EVENTS_ = 0x2 };

/* One call, whatever its family. `timeout` NULL: for ever. */
struct kevent_call {
  enum family family;
  int kq;
  const void *changes;
  int nchanges;
  void *events;
  int nevents;
  unsigned flags;
  const struct timespec *timeout;
  void *data_out;         /* kevent_qos */
  size_t *data_available; /* kevent_qos */
};

/* The system's own functions. NULL where it has none. */
struct kqueue_functions {
  int (*kqueue)(void);
  int (*guarded_kqueue_np)(const void *guard, unsigned flags);
  int (*kevent)(int, const void *, int, void *, int, const struct timespec *);
  int (*kevent64)(int, const void *, int, void *, int, unsigned, const struct timespec *);
  int (*kevent_qos)(int, const void *, int, void *, int, void *, size_t *, unsigned);
  void (*fd_closing)(int);          /* a userland kqueue wants to be told (queue.c) */
  void (*fd_duplicated)(int, int);
};
extern struct kqueue_functions real;

/* ---- queues (queue.c): the kqueues that carry virtual knotes ---- */
struct queue {
  uint32_t id; /* never 0 */
  int fd;      /* one descriptor of it */
  uint32_t references;
  uint8_t bridged; /* has, or had, a virtual knote */
  uint8_t family;
  uint8_t turn; /* whose event goes first when there is room for one */
  volatile int32_t pending; /* the agent has synthetic events for it */
  struct left_over *left;   /* what the agent left behind when it went */
};
void queue_created(int fd);
struct queue *queue_of(int fd);
struct queue *queue_by_id(uint32_t id);
struct queue *queue_adopt(int fd);
bool queue_bridge(struct queue *q, enum family family); /* adds the hidden knote */
bool is_hidden(enum family family, const void *record);
void queue_signal(struct queue *q, bool on);
void queue_duplicated(int from, int to);
/* Returns the queue when `fd` was its last descriptor. */
struct queue *queue_closing(int fd);
void queues_after_fork(void);

int real_call(const struct kevent_call *c);

/* ---- the last words of an agent that has gone (last_words.c) ---- */
bool last_words_keep(struct queue *q, const void *records, uint32_t count); /* in kevent_qos' layout */
void last_words_settle(void); /* the agent has gone: call once */
int last_words_tell(struct queue *q, enum family family, void *events, int capacity);
void last_words_fd_closed(int fd);
void last_words_drop(struct queue *q);
/* Changes, with nobody there who knows virtual files: as agent_changes. */
int last_words_changes(struct queue *q, const struct kevent_call *c);

/* ---- agent (agent.c) ---- */
int agent_bring(void); /* 0, or -errno when it cannot come */
bool agent_lost(void); /* it was here, and will not come again */
void each_queue(void (*visit)(struct queue *q, int argument), int argument);
int agent_changes(struct queue *q, const struct kevent_call *c);
int agent_drain(struct queue *q, enum family family, void *events, int capacity);
/* Waits until the agent has seen every event that the host sent before our last answer. True: it had not. */
bool agent_catch_up(void);
