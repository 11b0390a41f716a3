/* Descriptors that come from another process: by SCM_RIGHTS, or by pidfd_getfd(2). */
#define _GNU_SOURCE
#include <sys/socket.h>
#include "../calls.h"
#include "../memory.h"
#include "../os.h"
#include "../process.h"
#include "../recovery.h"
#include "../scratch.h"
#include "../text.h"
#include "calls.h"
#include "numbers.h"

/* One that a process of the session holds is virtual here, too. */
static void received(int fd) {
  struct scratch *room = in_vfork_child() ? NULL : scratch_take();
  if (!room) return;
  size_t length = descriptor_path(fd, room->path, sizeof room->path - 1);
  room->path[length] = 0;
  if (length) fd_identify(fd, room->path, length);
  scratch_give(room);
}

/* cmsg(3), without libc's macros, which want the whole buffer to be there. */
static void messages_received(const struct msghdr *m) {
  const char *at = m->msg_control, *end = at + m->msg_controllen;
  while (at && end - at >= (long)sizeof(struct cmsghdr)) {
    struct cmsghdr head;
    if (!readable(at, sizeof head)) return;
    bytes_copy(&head, at, sizeof head);
    if (head.cmsg_len < sizeof head || head.cmsg_len > (size_t)(end - at)) return;
    size_t count = (head.cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; head.cmsg_level == SOL_SOCKET && head.cmsg_type == SCM_RIGHTS && i < count; i++) {
      int fd;
      bytes_copy(&fd, at + CMSG_LEN(i * sizeof fd), sizeof fd);
      received(fd);
    }
    at += CMSG_ALIGN(head.cmsg_len);
  }
}

void descriptors_received(const struct msghdr *m) {
  if (m->msg_control && m->msg_controllen) messages_received(m);
}

long receive_many(struct arguments *a) {
  long n = native_call(SYS_recvmmsg, a);
  struct mmsghdr *list = (struct mmsghdr *)a->a2;
  for (long i = 0; i < n && readable(&list[i], sizeof *list); i++) descriptors_received(&list[i].msg_hdr);
  return n;
}

long take_descriptor(struct arguments *a) {
  long fd = native_call(SYS_pidfd_getfd, a);
  if (fd >= 0) received((int)fd);
  return fd;
}
