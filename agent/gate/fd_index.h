/* FdIndex: which of this process's descriptors are virtual, and which inode each stands for. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "wire.h"

#define MAX_FDS SHIMFS_MAX_FDS

enum fd_kind { FD_FOREIGN = 0,
               FD_FILE = 1,
               FD_DIRECTORY = 2,
               FD_KQUEUE = 3,
               FD_FIFO = 4 };
struct fd_entry {
  uint64_t ino;
  uint64_t oid;
  uint32_t slot; /* of a directory: is it a mirror's? */
  uint32_t flags; /* O_* it was opened with */
  uint8_t watched; /* the agent holds a knote on this number */
  uint8_t in_place; /* a real file, read where it is: `oid` is the reader's number */
  uint8_t mapped; /* in place, and mapped */
  uint32_t generation; /* in place: the inode's counter when it was last known not to be copied up */
};
extern uint8_t fd_kinds[MAX_FDS];
/* Of a descriptor that is not virtual: an entry of zeros. */
struct fd_entry *fd_entry(int fd);
/* Is there room to remember this number? Asked before a call that made it answers; `false`: close it, and fail. */
bool fd_admits(long fd);
static inline enum fd_kind fd_kind(long fd) {
  return (unsigned long)fd < MAX_FDS ? (enum fd_kind)fd_kinds[fd] : FD_FOREIGN;
}
static inline bool fd_virtual(long fd) {
  enum fd_kind k = fd_kind(fd);
  return k == FD_FILE || k == FD_DIRECTORY || k == FD_FIFO;
}
void fd_assign(int fd, enum fd_kind kind, uint64_t ino, uint64_t oid, uint32_t slot, uint32_t flags);
void fd_assign_in_place(int fd, const struct shimfs_reply *r, uint32_t flags);
int fd_highest(void);
void fd_duplicated(int from, int to);
void fd_closing(int fd); /* before the number is free again */
void fd_inherit(void); /* on a new connection, with its lock held: the host learns which objects are held */

/* Functions of higher floors, set before the first descriptor is assigned. */
extern struct fd_hooks {
  void (*closing)(int fd, enum fd_kind kind); /* a kqueue, or a descriptor with a knote */
  void (*duplicated)(int from, int to); /* a kqueue */
} fd_hooks;
