/*
 * AF_UNIX sockets: a virtual name, and a real socket at the inode's object path.
 *
 * The kernel is given the object's path in place of the virtual one; addresses that it returns are replaced by the text
 * the socket was bound by. Calls without an AF_UNIX path cost a look at the address's family.
 */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/un.h>
#include "../calls.h"
#include "../connection.h"
#include "../memory.h"
#include "../os.h"
#include "../overlay.h"
#include "../path.h"
#include "../real.h"
#include "../scratch.h"
#include "../session.h"
#include "../text.h"
#include "calls.h"

enum { UNIX_PATH = sizeof((struct sockaddr_un *)0)->sun_path,
       HEAD = offsetof(struct sockaddr_un, sun_path) };

/* ---- towards the kernel ---- */

/* The address's path, with a NUL; false for every other kind of address, and for those that the kernel refuses. */
static bool path_in(const struct sockaddr_un *name, size_t size, char path[UNIX_PATH + 1]) {
  if (!session.active || size <= HEAD || size > sizeof *name || !readable(name, size)) return false;
  if (name->sun_family != AF_UNIX || !name->sun_path[0]) return false;
  bytes_copy(path, name->sun_path, size - HEAD);
  path[size - HEAD] = 0;
  return true;
}

static bool is_unix(long fd) {
  int domain = 0;
  unsigned length = sizeof domain;
  return sys(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX;
}

struct target {
  struct sockaddr_un address;
  size_t size;
  int held; /* a descriptor that the address goes through, -1 for none */
  bool virtual; /* it is one of ours that was found, not a real path */
};

/* `real` as an address. One too long for it goes through a descriptor: of its directory, or of itself. */
static long address_to(const char *real, struct target *t) {
  size_t n = text_length(real), tail = 0;
  char *at = t->address.sun_path;
  t->address.sun_family = AF_UNIX;
  t->held = -1;
  if (n < UNIX_PATH) {
    bytes_copy(at, real, n + 1);
  } else {
    char object[64], place[MAX_PATH / 8];
    const char *opened = real;
    if (t->virtual) {
      /* Recognized by its shape in the kernel's replies: `/../o/`. */
      tail = n - session.directory_length;
      bytes_copy(object, "/..", 3);
      bytes_copy(object + 3, real + session.directory_length, tail + 1);
      tail += 3;
      session_object_path(place, SHIMFS_OBJECTS, NULL);
      opened = place;
    }
    t->held = (int)sys(SYS_openat, AT_FDCWD, opened, O_PATH | O_CLOEXEC);
    if (t->held < 0) return t->held;
    bytes_copy(at, "/proc/self/fd/", 14);
    at = text_number(at + 14, (uint64_t)t->held);
    bytes_copy(at, object, tail);
    at[tail] = 0;
  }
  t->size = HEAD + text_length(t->address.sun_path) + 1;
  return 0;
}

/* The same for a process of another user, which cannot enter the object directory: by a descriptor of the host's. */
static long address_passed(const char *real, struct target *t) {
  struct request q = {.op = OP_PASS, .b = PASS_FLAG_OBJECTS};
  struct shimfs_reply reply;
  long result = host_receive(&q, &reply, &t->held);
  if (t->held < 0) return result < 0 ? result : -EAGAIN;
  size_t n = text_length(real), name = n;
  while (name && real[name - 1] != '/') name--;
  char *at = t->address.sun_path;
  bytes_copy(at, "/proc/self/fd/", 14);
  at = text_number(at + 14, (uint64_t)t->held);
  bytes_copy(at, "/./", 3); /* known again by its shape */
  bytes_copy(at + 3, real + name, n - name + 1);
  t->size = HEAD + text_length(t->address.sun_path) + 1;
  return 0;
}

static void release(struct target *t) {
  if (t->held >= 0) sys(SYS_close, t->held);
}

/* Where the socket of that place is. With SOCKET_USE_MAKE its name is made, for the address `text`. Uses room->link. */
static long reach(const struct place *p, uint32_t how, const char *text, struct scratch *room, struct target *t) {
  const struct shimfs_reply *reply;
  const char *data;
  struct request q = {.op = OP_SOCKET, .flags = how, .mode = 0777, .dir = p->dir, .path = p->path, .path_length = p->length, .data = text, .data_length = how == SOCKET_USE_MAKE ? (uint32_t)text_length(text) : 0};
  long result = host_begin(&q, &reply, &data);
  bool real = reply->reply_flags & (REPLY_FLAG_EXIT | REPLY_FLAG_LOWER);
  size_t n = reply->data_length;
  if (result >= 0 && n == 0) result = -ECONNREFUSED;
  if (result >= 0 && n + 1 > MAX_PATH - 300) result = -ENAMETOOLONG;
  if (result >= 0) {
    char *to = room->link;
    if (!real) {
      session_object_path(to, NULL, NULL);
      to += session.directory_length;
      *to++ = '/';
    }
    bytes_copy(to, data, n);
    to[n] = 0;
  }
  host_end();
  if (result < 0) return how == SOCKET_USE_MAKE && result == -EEXIST ? -EADDRINUSE : result;
  t->virtual = !real;
  return address_to(room->link, t);
}

/* Is the path ours at first or second sight? Then `p` may point into the room. */
static bool found_ahead(const char *path, bool follow, struct place *p, struct scratch **room) {
  bool ours = place_at(AT_FDCWD, path, WIRE_AT_SYMLINK_NOFOLLOW, p);
  if (!ours && !session.overlays) return false;
  if (!(*room = scratch_take())) return false;
  return ours || place_ahead(AT_FDCWD, path, follow, p, *room);
}

static long with_address(long nr, const struct arguments *a, const struct target *t) {
  struct arguments changed = *a;
  struct msghdr message;
  if (nr == SYS_sendmsg) {
    message = *(const struct msghdr *)a->a2;
    message.msg_name = (void *)(uintptr_t)&t->address;
    message.msg_namelen = (unsigned)t->size;
    changed.a2 = (long)&message;
  } else {
    bool sends = nr == SYS_sendto;
    *argument(&changed, sends ? 5 : 2) = (long)&t->address;
    *argument(&changed, sends ? 6 : 3) = (long)t->size;
  }
  return native_call(nr, &changed);
}

static long call_at(long nr, const struct arguments *a, const struct place *p, const char *text, struct scratch *room) {
  struct target t = {.held = -1};
  bool binds = nr == SYS_bind;
  long result = reach(p, binds ? SOCKET_USE_MAKE : SOCKET_USE_FIND, text, room, &t);
  if (result < 0) return result;
  result = with_address(nr, a, &t);
  if (result == -EACCES && t.virtual) {
    release(&t);
    t.held = -1;
    result = address_passed(room->link, &t);
    if (result == 0) result = with_address(nr, a, &t);
  }
  if (binds && t.virtual) {
    /* The mode of the virtual socket decides who may connect. */
    if (result == 0) sys(SYS_fchmodat, AT_FDCWD, t.address.sun_path, 0777);
    else {
      struct request undo = {.op = OP_UNLINK, .dir = p->dir, .path = p->path, .path_length = p->length};
      host_ask(&undo);
    }
  }
  release(&t);
  /* The name is there, the socket behind it is not. */
  return !binds && t.virtual && result == -ENOENT ? -ECONNREFUSED : result;
}

__attribute__((noinline)) static long call_to(long nr, const struct arguments *a, const struct sockaddr_un *name, size_t size) {
  char path[UNIX_PATH + 1];
  if (!path_in(name, size, path) || !is_unix(a->a1)) return NOT_OURS;
  struct place p;
  struct scratch *room = NULL;
  bool binds = nr == SYS_bind;
  long result;
  if (found_ahead(path, !binds, &p, &room) && room) {
    result = call_at(nr, a, &p, path, room);
  } else {
    result = native_call(nr, a);
    bool nothing = (result == -ENOENT || result == -ENOTDIR) && !place_elsewhere(AT_FDCWD, path);
    if (nothing && !room) room = scratch_take();
    if (nothing && room && place_behind(AT_FDCWD, path, &p, room)) result = call_at(nr, a, &p, path, room);
  }
  if (room) scratch_give(room);
  return result;
}

long socket_call_to(long nr, struct arguments *a) {
  const void *name = nr == SYS_sendto ? (const void *)a->a5 : (const void *)a->a2;
  size_t size = (size_t)(nr == SYS_sendto ? a->a6 : a->a3) & 0xffffffff;
  if (nr == SYS_sendmsg) {
    const struct msghdr *m = name;
    if (!readable(m, sizeof *m)) return NOT_OURS;
    name = m->msg_name;
    size = m->msg_namelen;
  }
  if (!name || size <= HEAD || size > sizeof(struct sockaddr_un) || !readable_byte(name)) return NOT_OURS;
  if (*(const uint8_t *)name != AF_UNIX) return NOT_OURS;
  return call_to(nr, a, name, size);
}

/* ---- from the kernel ---- */

union told {
  struct sockaddr_storage storage;
  struct sockaddr_un name;
};

/* The object that an address of the kernel's leads to; 0 for others. */
static uint64_t object_in(const struct sockaddr_un *name, size_t size) {
  const char *text = name->sun_path, *end = (const char *)name + size;
  size_t n = session.directory_length;
  uint64_t oid;
  if (size <= HEAD || name->sun_family != AF_UNIX || text[0] != '/') return 0;
  if ((size_t)(end - text) > n + 3 && text_equal(text, session.directory, n)) {
    text += n;
  } else if ((size_t)(end - text) > 18 && text_equal(text, "/proc/self/fd/", 14)) {
    for (text += 14; text < end && *text >= '0' && *text <= '9';) text++;
    if (end - text > 3 && text_equal(text, "/./", 3)) return text += 3, text_parse(&text, &oid) ? oid : 0;
    if (end - text < 6 || !text_equal(text, "/..", 3)) return 0;
    text += 3;
  } else {
    return 0;
  }
  if (text[0] != '/' || text[1] != SHIMFS_OBJECTS[0] || text[2] != '/') return 0;
  text += 3;
  return text_parse(&text, &oid) ? oid : 0;
}

/* Puts the text that it was bound by in an object's place. Both may be as long as they can be. */
static void as_bound(union told *told, unsigned *size) {
  uint64_t oid = *size < sizeof *told ? object_in(&told->name, *size) : 0;
  if (!oid) return;
  const struct shimfs_reply *reply;
  const char *data;
  struct request q = {.op = OP_SOCKET, .flags = SOCKET_USE_BOUND, .a = oid};
  long result = host_begin(&q, &reply, &data);
  size_t n = result < 0 ? 0 : reply->data_length;
  if (n > UNIX_PATH) n = 0;
  bytes_copy(told->name.sun_path, data, n);
  host_end();
  ((char *)told)[HEAD + n] = 0; /* the room is larger than the longest address */
  *size = (unsigned)(n ? HEAD + n + 1 : sizeof(sa_family_t));
}

/* As the kernel does: the part that fits, and the whole length. */
static bool give_address(const union told *told, unsigned size, void *to, unsigned room, unsigned *length) {
  unsigned n = size < room ? size : room;
  if ((n && !writable(to, n)) || !writable(length, sizeof *length)) return false;
  bytes_copy(to, told, n);
  *length = size;
  return true;
}

__attribute__((noinline)) static long receive_message(struct arguments *a, struct msghdr *m) {
  union told told;
  struct msghdr mine = *m;
  struct arguments changed = *a;
  if ((int)m->msg_namelen < 0) return NOT_OURS;
  mine.msg_name = &told;
  mine.msg_namelen = sizeof told;
  changed.a2 = (long)&mine;
  long result = native_call(SYS_recvmsg, &changed);
  if (result < 0) return result;
  unsigned size = mine.msg_namelen;
  as_bound(&told, &size);
  m->msg_controllen = mine.msg_controllen;
  m->msg_flags = mine.msg_flags;
  descriptors_received(&mine);
  return give_address(&told, size, m->msg_name, m->msg_namelen, &m->msg_namelen) ? result : -EFAULT;
}

__attribute__((noinline)) static long call_from(long nr, struct arguments *a, int where, void *to, unsigned *length) {
  union told told;
  struct arguments changed = *a;
  unsigned room = *length, size = sizeof told;
  if ((int)room < 0) return NOT_OURS;
  *argument(&changed, where) = (long)&told;
  *argument(&changed, where + 1) = (long)&size;
  long result = native_call(nr, &changed);
  if (result < 0) return result;
  as_bound(&told, &size);
  if (give_address(&told, size, to, room, length)) return result;
  if (nr == SYS_accept || nr == SYS_accept4) sys(SYS_close, result);
  return -EFAULT;
}

long socket_call_from(long nr, struct arguments *a) {
  if (nr == SYS_recvmsg) {
    struct msghdr *m = (struct msghdr *)a->a2;
    if (!readable(m, sizeof *m) || (!m->msg_name && !m->msg_control)) return NOT_OURS;
    if (m->msg_name) return receive_message(a, m);
    long result = native_call(SYS_recvmsg, a);
    if (result >= 0) descriptors_received(m);
    return result;
  }
  int where = nr == SYS_recvfrom ? 5 : 2;
  void *to = (void *)*argument(a, where);
  unsigned *length = (unsigned *)*argument(a, where + 1);
  return to && length && readable(length, sizeof *length) ? call_from(nr, a, where, to, length) : NOT_OURS;
}
