/*
 * Answers of the host that still hold: a stat of the same path needs no round trip.
 *
 * The host says with an answer which counters of the shared page it depends on; it raises them before it replies
 * to whatever changes the truth. An entry is used only while all of its counters stand where they stood, so a
 * hit is never stale. Entries are written with the link held and read by anyone, a signal handler included: a
 * version that is odd, or changes under the reader, makes a miss.
 */
#include "gate.h"

enum { ENTRIES = 1024, MAX_DEPENDENCIES = 15, LONGEST = 200 };

struct entry {
  uint32_t version; /* odd: being written */
  uint32_t count;
  uint64_t dir;
  uint32_t flags;
  uint32_t length;
  uint32_t depends[MAX_DEPENDENCIES][2]; /* index, value */
  struct shimfs_reply reply;
  char path[LONGEST];
};
static struct entry entries[ENTRIES];

static struct entry *slot_of(const struct place *p, uint32_t flags) {
  uint64_t h = 1469598103934665603ull ^ p->dir ^ (uint64_t)flags << 32;
  for (uint32_t i = 0; i < p->length; i++) h = (h ^ (unsigned char)p->path[i]) * 1099511628211ull;
  return &entries[(h ^ h >> 29) % ENTRIES];
}

static bool current(const struct entry *e) {
  for (uint32_t i = 0; i < e->count && i < MAX_DEPENDENCIES; i++)
    if (__atomic_load_n(&session.generations[e->depends[i][0] % SHIMFS_GENERATIONS], __ATOMIC_ACQUIRE) != e->depends[i][1]) return false;
  return e->count > 0;
}

bool cache_find(const struct place *p, uint32_t flags, struct shimfs_reply *out) {
  if (p->length > LONGEST || !session_host_alive() || !link_stands()) return false;
  struct entry *e = slot_of(p, flags);
  uint32_t version = __atomic_load_n(&e->version, __ATOMIC_ACQUIRE);
  if (version & 1 || !version || e->dir != p->dir || e->flags != flags || e->length != p->length) return false;
  if (!text_equal(e->path, p->path, p->length) || !current(e)) return false;
  *out = e->reply;
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return __atomic_load_n(&e->version, __ATOMIC_RELAXED) == version;
}

void cache_keep(const struct place *p, uint32_t flags, const struct shimfs_reply *reply, const char *data) {
  uint32_t count = reply->data_length / 8;
  if (!(reply->reply_flags & REPLY_FLAG_CACHEABLE) || p->length > LONGEST || count == 0 || count > MAX_DEPENDENCIES) return;
  struct entry *e = slot_of(p, flags);
  uint32_t version = e->version;
  __atomic_store_n(&e->version, version | 1, __ATOMIC_RELAXED);
  __atomic_thread_fence(__ATOMIC_RELEASE);
  e->dir = p->dir;
  e->flags = flags;
  e->length = p->length;
  e->count = count;
  bytes_copy(e->path, p->path, p->length);
  bytes_copy(e->depends, data, count * 8);
  e->reply = *reply;
  __atomic_store_n(&e->version, (version | 1) + 1, __ATOMIC_RELEASE);
}
