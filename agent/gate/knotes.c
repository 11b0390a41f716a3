/* The end of a descriptor, as kqueues and the agent's knotes see it. */
#define _GNU_SOURCE
#include "agent.h"
#include "fd_index.h"
#include "final_events.h"
#include "knotes.h"
#include "os.h"
#include "queue.h"

void knotes_fd_closing(int fd, enum fd_kind kind) {
  if (kind != FD_KQUEUE) {
    if (agent_lost()) final_events_fd_closed(fd);
    agent_forget_descriptor(fd);
    return;
  }
  struct queue *last = queue_closing(fd);
  if (!last) return;
  final_events_free(last);
  if (last->bridged) agent_forget_queue(last->id);
}
