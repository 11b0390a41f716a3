/* Events that an agent has left behind at its end. */
#pragma once
#include "queue.h"

bool final_events_keep(struct queue *q, const void *records, uint32_t count); /* in kevent_qos' layout */
void final_events_finish(void); /* the agent has gone: call once */
int final_events_drain(struct queue *q, enum family family, void *events, int capacity);
void final_events_fd_closed(int fd);
void final_events_free(struct queue *q);
/* As agent_changes, without an agent. */
int final_events_changes(struct queue *q, const struct kevent_call *c);
