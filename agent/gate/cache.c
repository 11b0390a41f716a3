/*
 * Answers of the host that still hold: a stat of the same path needs no round trip.
 *
 * The host says with an answer which counters of the shared page it depends on; it raises them before it replies
 * to a request that makes the answer outdated. An entry is used only while its counters are unchanged, so a
 * hit is never stale. Entries are written with the connection held and read by anyone, a signal handler included: a
 * version that is odd, or changes under the reader, makes a miss.
 */
#define _GNU_SOURCE
#include "cache.h"
#include "connection.h"
#include "os.h"
#include "path.h"
#include "real.h"
#include "session.h"
#include "text.h"

enum { ENTRIES = 1024,
       MAX_DEPENDENCIES = 15,
       LONGEST = 200 };

struct entry {
  uint32_t version; /* odd: being written */
  uint32_t count;
  uint64_t dir;
  uint32_t flags;
  uint32_t length;
  uint32_t depends[MAX_DEPENDENCIES][2]; /* index, value */
  struct shimfs_reply reply;
  char path[LONGEST];
  /* Of an overlay: a real path that has to lead to this inode as it was. Empty: there is none. */
  uint64_t real_ino;
  char real[LONGEST + 1];
};
static struct entry entries[ENTRIES];

static struct entry *slot_of(const struct place *p, uint32_t flags) {
  uint64_t h = 1469598103934665603ull ^ p->dir ^ flags * 0x9e3779b97f4a7c15ull; /* stat and lstat of one path, side by side */
  for (uint32_t i = 0; i < p->length; i++) h = (h ^ (unsigned char)p->path[i]) * 1099511628211ull;
  return &entries[(h ^ h >> 29) % ENTRIES];
}

static bool current(const struct entry *e) {
  for (uint32_t i = 0; i < e->count && i < MAX_DEPENDENCIES; i++)
    if (__atomic_load_n(&session.generations[e->depends[i][0] % SHIMFS_GENERATIONS], __ATOMIC_ACQUIRE) != e->depends[i][1]) return false;
  return e->count > 0;
}

/* Others change real files without a word; a look at one costs far less than a question. */
static bool stands(const struct entry *e, struct shimfs_reply *r) {
#if defined(__linux__)
  struct stat st;
  long result = sys(SYS_newfstatat, AT_FDCWD, e->real, &st, e->flags & WIRE_AT_SYMLINK_NOFOLLOW);
  if (result || st.st_ino != e->real_ino || (uint64_t)st.st_size != r->size || st.st_mode != r->mode || st.st_uid != r->uid || st.st_gid != r->gid || st.st_nlink != r->nlink)
    return false;
  if (st.st_mtim.tv_sec != r->mtime_sec || (uint32_t)st.st_mtim.tv_nsec != r->mtime_nsec || st.st_ctim.tv_sec != r->ctime_sec || (uint32_t)st.st_ctim.tv_nsec != r->ctime_nsec)
    return false;
  r->atime_sec = st.st_atim.tv_sec;
  r->atime_nsec = (uint32_t)st.st_atim.tv_nsec;
  return true;
#else
  (void)e, (void)r;
  return false;
#endif
}

bool cache_find(const struct place *p, uint32_t flags, struct shimfs_reply *out) {
  if (p->length > LONGEST || !session_host_alive() || !connection_stands()) return false;
  struct entry *e = slot_of(p, flags);
  uint32_t version = __atomic_load_n(&e->version, __ATOMIC_ACQUIRE);
  if (version & 1 || !version || e->dir != p->dir || e->flags != flags || e->length != p->length) return false;
  if (!text_equal(e->path, p->path, p->length) || !current(e)) return false;
  *out = e->reply;
  if (e->real[0] && !stands(e, out)) return false;
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return __atomic_load_n(&e->version, __ATOMIC_RELAXED) == version;
}

void cache_keep(const struct place *p, uint32_t flags, const struct shimfs_reply *reply, const char *data) {
  uint32_t count = reply->data_length / 8, pair[2] = {0, 0};
  uint64_t real_ino = 0;
  if (reply->reply_flags & REPLY_FLAG_BENEATH) {
    for (count = 0; (count + 2) * 8 <= reply->data_length; count++) {
      bytes_copy(pair, data + count * 8, 8);
      if (pair[0] == UINT32_MAX) break;
    }
    if (pair[0] != UINT32_MAX || pair[1] > LONGEST || (count + 2) * 8 + pair[1] != reply->data_length) return;
    bytes_copy(&real_ino, data + (count + 1) * 8, 8);
  }
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
  e->real_ino = real_ino;
  bytes_copy(e->real, data + (count + 2) * 8, pair[1]);
  e->real[pair[1]] = 0;
  __atomic_store_n(&e->version, (version | 1) + 1, __ATOMIC_RELEASE);
}

void cache_forget(void) {
  for (int i = 0; i < ENTRIES; i++) __atomic_store_n(&entries[i].count, 0, __ATOMIC_RELEASE);
}
