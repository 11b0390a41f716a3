/* Requests of streams to the agent and to the host, and the agent's requests for them. */
#define _GNU_SOURCE
#include "../agent.h"
#include "../api.h"
#include "../connection.h"
#include "../os.h"
#include "../real.h"
#include "../text.h"
#include "fsevents.h"

static int64_t (*agent_streams)(uint32_t op, uint32_t number, const void *data, uint32_t length, uint64_t a);

EXPORT void shimfs_streams_install(void *callback) { agent_streams = (int64_t (*)(uint32_t, uint32_t, const void *, uint32_t, uint64_t))(uintptr_t)callback; }

int64_t stream_ask_quietly(enum stream_op op, const struct stream *s, const void *data, size_t length, uint64_t a, int64_t otherwise) {
  if (!agent_here() || !agent_streams || length > UINT32_MAX) return otherwise;
  struct crossing x = cross_over();
  int64_t answer = agent_streams((uint32_t)op, s->number, data, (uint32_t)length, a);
  cross_back(x);
  return answer;
}

uint64_t host_event_id(uint32_t kind, uint64_t a, uint8_t history[16]) {
  struct request q = {.op = OP_EVENT_ID, .flags = kind, .a = a};
  const struct shimfs_reply *reply;
  const char *data;
  uint64_t id = 0;
  if (host_begin(&q, &reply, &data) == 0) {
    id = reply->ino;
    if (history && reply->data_length == 16) bytes_copy(history, data, 16);
  }
  host_end();
  return id;
}

uint64_t newest_event_id(void) {
  uint64_t theirs = real_find_fsevents() && real.FSEventsGetCurrentEventId ? real.FSEventsGetCurrentEventId() : 0;
  uint64_t ours = host_event_id(EVENT_ID_KIND_NEWEST, (theirs + ID_PARTS - 1) / ID_PARTS, NULL) * ID_PARTS + ID_PARTS - 1;
  return ours > theirs ? ours : theirs;
}

/*
 * Whole trees for a stream of the agent's (AgentOp.Past and its like in core/protocol.ts). mode 1: hear of them, 0:
 * forget the stream, 2: the past first. Returns the newest event's id, or -errno.
 */
EXPORT int64_t shimfs_agent_subtree(uint32_t stream, uint32_t mode, const char *paths, uint32_t length, uint64_t since) {
  struct request q = {.op = OP_SUBTREE, .flags = mode, .a = stream, .b = since, .data = paths, .data_length = length};
  if (mode == SUBTREE_MODE_REMOVE) {
    host_post(&q);
    return 0;
  }
  const struct shimfs_reply *reply;
  long result = host_begin(&q, &reply, NULL);
  int64_t id = result < 0 ? result : (int64_t)reply->ino;
  host_end();
  return id;
}

/* The system's ids have reached four times this. Without a reply. */
EXPORT void shimfs_agent_raise(uint64_t id) {
  struct request q = {.op = OP_EVENT_ID, .flags = EVENT_ID_KIND_RAISE, .a = id};
  host_post(&q);
}
