/* Kqueues that carry virtual knotes. */
#pragma once
#include <stdbool.h>
#include "kqueue.h"

struct queue {
  uint32_t id; /* never 0 */
  int fd; /* one descriptor of it */
  uint32_t references;
  uint8_t bridged; /* has, or had, a virtual knote */
  uint8_t family;
  uint8_t turn; /* the side that goes first alternates */
  volatile int32_t pending; /* the agent has synthetic events for it */
  struct final_events *left; /* pending events that the agent left at its end */
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
void each_queue(void (*visit)(struct queue *q, int argument), int argument);
