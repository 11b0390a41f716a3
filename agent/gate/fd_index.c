/*
 * FdIndex: which of this process's descriptors are virtual, and which inode each stands for.
 *
 * The table is plain memory, so a fork child has it; after exec it is rebuilt from the targets of the inherited
 * descriptors. A vfork child shares our memory but not our descriptors: it changes nothing here.
 */
#define _GNU_SOURCE
#include "connection.h"
#include "fd_index.h"
#include "os.h"
#include "process.h"

/* Entries by their numbers, in chunks: the first is always there, the others are mapped when a number in them is used. */
enum { CHUNK = 4096 };
uint8_t fd_kinds[MAX_FDS];
static struct fd_entry first_chunk[CHUNK], nothing;
static struct fd_entry *chunks[MAX_FDS / CHUNK] = {first_chunk};
static int highest = -1;

struct fd_entry *fd_entry(int fd) {
  struct fd_entry *chunk = __atomic_load_n(&chunks[fd / CHUNK], __ATOMIC_ACQUIRE);
  return chunk ? &chunk[fd % CHUNK] : &nothing;
}

bool fd_admits(long fd) {
  if (fd < 0 || fd >= MAX_FDS) return false;
  struct fd_entry **cell = &chunks[fd / CHUNK], *none = NULL;
  if (__atomic_load_n(cell, __ATOMIC_ACQUIRE)) return true;
  void *fresh = map_pages(CHUNK * sizeof(struct fd_entry));
  if (!fresh) return false;
  if (!__atomic_compare_exchange_n(cell, &none, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    unmap_pages(fresh, CHUNK * sizeof(struct fd_entry));
  return true;
}

void fd_assign(int fd, enum fd_kind kind, uint64_t ino, uint64_t oid, uint32_t slot, uint32_t flags) {
  if (!fd_admits(fd)) return;
  *fd_entry(fd) = (struct fd_entry){.ino = ino, .oid = oid, .slot = slot, .flags = flags};
  __atomic_store_n(&fd_kinds[fd], (uint8_t)kind, __ATOMIC_RELEASE);
  if (fd > highest) highest = fd;
}

void fd_assign_in_place(int fd, const struct shimfs_reply *r, uint32_t flags) {
  fd_assign(fd, FD_FILE, r->ino, r->oid, UINT32_MAX, flags);
  if (!r->oid || !fd_admits(fd)) return;
  fd_entry(fd)->generation = r->slot;
  __atomic_store_n(&fd_entry(fd)->in_place, 1, __ATOMIC_RELEASE);
}

struct fd_hooks fd_hooks;

int fd_highest(void) { return highest; }

static void hold_object(uint64_t oid) {
  struct request q = {.op = OP_INHERIT, .data = (const char *)&oid, .data_length = sizeof oid};
  host_post(&q);
}

static void give_up_object(uint64_t oid) {
  struct request q = {.op = OP_CLOSE, .a = oid};
  host_post(&q);
}

void fd_duplicated(int from, int to) {
  if (in_vfork_child() || (unsigned)to >= MAX_FDS) return;
  if (fd_kind(from) == FD_FOREIGN) {
    fd_kinds[to] = FD_FOREIGN;
    return;
  }
  struct fd_entry *e = fd_entry(from);
  fd_assign(to, fd_kind(from), e->ino, e->oid, e->slot, e->flags);
  fd_entry(to)->generation = e->generation;
  fd_entry(to)->mapped = e->mapped;
  __atomic_store_n(&fd_entry(to)->in_place, e->in_place, __ATOMIC_RELEASE);
  if (e->oid && fd_kind(from) != FD_KQUEUE) hold_object(e->oid);
  if (fd_kind(from) == FD_KQUEUE) fd_hooks.duplicated(from, to);
}

void fd_closing(int fd) {
  enum fd_kind kind = fd_kind(fd);
  if (kind == FD_FOREIGN || in_vfork_child()) return;
  struct fd_entry e = *fd_entry(fd);
  if (e.watched || kind == FD_KQUEUE) fd_hooks.closing(fd, kind);
  __atomic_store_n(&fd_kinds[fd], FD_FOREIGN, __ATOMIC_RELEASE);
  fd_entry(fd)->watched = 0;
  if (e.oid && kind != FD_KQUEUE) give_up_object(e.oid);
}

/* Called with the connection held, right after Hello on a new connection. */
void fd_inherit(void) {
  uint64_t oids[64];
  uint32_t n = 0;
  for (int fd = 0; fd <= highest; fd++) {
    if ((fd_kinds[fd] == FD_FILE || fd_kinds[fd] == FD_FIFO) && fd_entry(fd)->oid) oids[n++] = fd_entry(fd)->oid;
    if (n && (n == 64 || fd == highest)) {
      struct request q = {.op = OP_INHERIT, .data = (const char *)oids, .data_length = n * 8};
      host_post_held(&q);
      n = 0;
    }
  }
}
