/*
 * The library and the shared page, which a program needs to come up with the gate.
 *
 * Both lie in directories that only the session's user may enter. A process that has changed its user gets descriptors of
 * them from the host; the program inherits them, and loads the library as /proc/self/fd/N.
 */
#define _GNU_SOURCE
#include <sys/stat.h>
#include "../connection.h"
#include "../descriptor.h"
#include "../os.h"
#include "../scratch.h"
#include "../session.h"
#include "../text.h"
#include "handover.h"

/*
 * Judged from the mode bits, not by access(2): a program that has just given up root may hold root's capabilities
 * until its exec takes them away.
 */
struct reader {
  uint32_t uid, gid, groups[64];
  long group_count;
};

static bool in_group(const struct reader *r, uint32_t gid) {
  for (long i = 0; i < r->group_count; i++)
    if (r->groups[i] == gid) return true;
  return r->gid == gid;
}

/* @param wanted one digit of a mode: 4 to read, 1 to search */
static bool permits(const struct reader *r, const char *path, uint32_t wanted) {
  struct stat st;
  if (sys(SYS_newfstatat, AT_FDCWD, path, &st, 0)) return false;
  uint32_t shift = st.st_uid == r->uid ? 6 : in_group(r, st.st_gid) ? 3
                                                                    : 0;
  return (st.st_mode >> shift & wanted) == wanted;
}

__attribute__((noinline)) static bool readable_by(const struct reader *r, const char *path, char *prefix) {
  for (size_t i = 1; path[i]; i++) {
    if (path[i] != '/') continue;
    bytes_copy(prefix, path, i);
    prefix[i] = 0;
    if (!permits(r, prefix, 1)) return false;
  }
  return permits(r, path, 4);
}

static const char *unreadable(const struct reader *me) {
  struct scratch *room = scratch_take();
  struct stat st;
  bool readable = room && sys(SYS_newfstatat, AT_FDCWD, gate_path, &st, 0) == 0 && (!me->uid || readable_by(me, gate_path, room->plain));
  if (room) scratch_give(room);
  return readable ? NULL : "the gate's library cannot be read by its user, or not from its root directory";
}

static int inheritable(uint64_t what) {
  struct request q = {.op = OP_PASS, .b = what};
  struct shimfs_reply reply;
  int passed = -1;
  for (int i = 0; i < 16 && passed < 0; i++)
    if (host_receive(&q, &reply, &passed) < 0) break;
  return passed < 0 ? -1 : raise_fd(passed, false);
}

const char *handover_prepare(struct handover *h) {
  uint32_t uid[3], gid[3];
  *h = (struct handover){.library = gate_path, .page = session_page, .passed = -1};
  sys(SYS_getresuid, &uid[0], &uid[1], &uid[2]);
  sys(SYS_getresgid, &gid[0], &gid[1], &gid[2]);
  struct reader me = {.uid = uid[1], .gid = gid[1]};
  me.group_count = sys(SYS_getgroups, sizeof me.groups / sizeof *me.groups, me.groups);
  if (!me.uid || me.uid == session.owner || session_page >= 0) return unreadable(&me);
  if (uid[0] != uid[1] || gid[0] != gid[1]) return "its real and effective user differ, and such programs ignore preloaded libraries";
  h->passed = inheritable(PASS_FLAG_LIBRARY);
  h->page = h->passed < 0 ? -1 : inheritable(PASS_FLAG_PAGE);
  if (h->page < 0) return handover_undo(h), "the host could not pass it the gate's library";
  bytes_copy(h->by_descriptor, "/proc/self/fd/", 14);
  text_number(h->by_descriptor + 14, (uint64_t)h->passed);
  h->library = h->by_descriptor;
  return NULL;
}

void handover_undo(struct handover *h) {
  if (h->passed < 0) return;
  sys(SYS_close, h->passed);
  if (h->page >= 0) sys(SYS_close, h->page);
}
