/*
 * Shared maps of virtual files: writes through them are reported when they are synced, unmapped, or left behind
 * at the process's end. The object is held as long as it is mapped, for the descriptor may be closed at once.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "../connection.h"
#include "../fd_index.h"
#include "../os.h"
#include "../process.h"
#include "../session.h"
#include "calls.h"

struct mapping {
  uintptr_t start; /* 0: free */
  size_t length;
  uint64_t oid;
  uint32_t slot;
  int pid; /* of the process that mapped it: a fork child's end is not the end of the map */
};
enum { MAPPINGS = 4096 };
static struct mapping mappings[MAPPINGS];
static volatile int in_use, used; /* now; the highest index that ever was, plus one */

void mapping_made(long start, size_t length, int fd) {
  struct fd_entry *e = fd_entry(fd);
  for (int i = 0; i < MAPPINGS; i++) {
    uintptr_t none = 0;
    if (!__atomic_compare_exchange_n(&mappings[i].start, &none, (uintptr_t)start, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) continue;
    if (i >= used) used = i + 1;
    mappings[i].oid = e->oid;
    mappings[i].slot = e->slot;
    mappings[i].pid = (int)sys(SYS_getpid);
    __atomic_store_n(&mappings[i].length, length, __ATOMIC_RELEASE);
    __atomic_add_fetch(&in_use, 1, __ATOMIC_RELAXED);
    struct request q = {.op = OP_INHERIT, .data = (const char *)&e->oid, .data_length = sizeof e->oid};
    host_post(&q);
    return;
  }
  static bool reported;
  if (!__atomic_exchange_n(&reported, true, __ATOMIC_RELAXED))
    gate_log("more than 4096 shared mappings: writes through further ones are reported when their files are closed");
}

static void tell(const struct mapping *m) {
  struct request q = {.op = OP_WROTE, .a = m->oid};
  if (m->slot < SHIMFS_DIRTY_SLOTS) __atomic_store_n(&session.dirty[m->slot], (uint32_t)self_pid, __ATOMIC_SEQ_CST);
  host_ask(&q);
}

static bool overlaps(const struct mapping *m, uintptr_t start, size_t length) {
  return m->start && m->length && m->start < start + length && start < m->start + m->length;
}

void mapping_synced(uintptr_t start, size_t length) {
  for (int i = 0; in_use && i < used; i++)
    if (overlaps(&mappings[i], start, length)) tell(&mappings[i]);
}

/* An unmapped part is reported; the whole is forgotten when its first page is unmapped. */
void mapping_gone(uintptr_t start, size_t length) {
  for (int i = 0; in_use && i < used; i++) {
    struct mapping m = mappings[i];
    if (!overlaps(&m, start, length)) continue;
    tell(&m);
    if (m.start < start || in_vfork_child()) continue;
    mappings[i].length = 0;
    __atomic_store_n(&mappings[i].start, 0, __ATOMIC_RELEASE);
    __atomic_sub_fetch(&in_use, 1, __ATOMIC_RELAXED);
    struct request q = {.op = OP_CLOSE, .a = m.oid};
    host_post(&q);
  }
}

/* Before exit_group and exec. */
void mapping_end(void) {
  int pid = in_use ? (int)sys(SYS_getpid) : 0;
  for (int i = 0; in_use && i < used; i++)
    if (mappings[i].start && mappings[i].length && mappings[i].pid == pid) tell(&mappings[i]);
}
