/* Attributes that the host has reported before. */
#pragma once
#include "path.h"
#include "wire.h"

/* Fills `out` with the host's earlier answer to the same question, if it still holds. */
bool cache_find(const struct place *p, uint32_t flags, struct shimfs_reply *out);
/* Remembers an answer, with the counters in its data that it depends on. Called with the connection held. */
void cache_keep(const struct place *p, uint32_t flags, const struct shimfs_reply *reply, const char *data);
/* Nothing that has been remembered holds any more. */
void cache_forget(void);
