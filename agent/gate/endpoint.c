/* The host's socket: where it is, how bytes pass, and how a wait for it ends. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "descriptor.h"
#include "endpoint.h"
#include "os.h"
#include "process.h"
#include "session.h"
#include "text.h"

struct host_wait host_wait;

/* May a wait that a second has passed in go on? Not once a person wants to end the program. */
static bool keeps_waiting(void) {
  if (!host_wait.interruptible) return true;
  host_wait.interrupted = wait_interrupted(host_wait.mask);
  return !host_wait.interrupted;
}

bool endpoint_send(int fd, const uint8_t *bytes, size_t n) {
  while (n) {
    long sent = sys(SYS_sendto, fd, bytes, n, MSG_NOSIGNAL, 0, 0);
    if (sent == -EINTR || (sent == -EAGAIN && keeps_waiting())) continue;
    if (sent <= 0) return false;
    bytes += sent;
    n -= (size_t)sent;
  }
  return true;
}

bool endpoint_receive(int fd, uint8_t *bytes, size_t n) {
  while (n) {
    long got = sys(SYS_recvfrom, fd, bytes, n, MSG_WAITALL, 0, 0);
    if (got == -EINTR || (got == -EAGAIN && keeps_waiting())) continue;
    if (got <= 0) return false;
    bytes += got;
    n -= (size_t)got;
  }
  return true;
}

long endpoint_receive_first(int fd, uint8_t *bytes, size_t n, int *passed) {
  for (;;) {
    long got = receive_passing(fd, bytes, n, passed);
    if (got != -EINTR && !(got == -EAGAIN && keeps_waiting())) return got;
  }
}

size_t frame_encode(uint8_t *out, const struct request *q, uint32_t id) {
  struct shimfs_request r = {0};
  size_t total = sizeof r + q->path_length + q->path2_length + q->data_length;
  if (total > SHIMFS_MAX_REQUEST) return 0;
  r.length = (uint32_t)total;
  r.op = q->op;
  r.id = id;
  r.flags = q->flags;
  r.mode = q->mode;
  r.umask = process_umask;
  r.dir = q->dir;
  r.dir2 = q->dir2;
  r.a = q->a;
  r.b = q->b;
  r.path_length = q->path_length;
  r.path2_length = q->path2_length;
  r.data_length = q->data_length;
  bytes_copy(out, &r, sizeof r);
  uint8_t *at = out + sizeof r;
  if (q->path_length) bytes_copy(at, q->path, q->path_length);
  at += q->path_length;
  if (q->path2_length) bytes_copy(at, q->path2, q->path2_length);
  at += q->path2_length;
  if (q->data_length) bytes_copy(at, q->data, q->data_length);
  return total;
}

/*
 * Where the host listens: at a path in the run directory, and on Linux at an abstract name, which a process sees that
 * has another root directory or other mounts. Returns the address's length, 0 when there is none of that kind.
 */
enum { BY_PATH,
       BY_NAME,
       BY_PADDED_NAME }; /* libuv pads a name with NULs up to 1.46 */
static size_t address_of(int kind, struct sockaddr_un *out) {
  const char *text = kind == BY_PATH ? (const char *)(uintptr_t)session.shared + session.shared->socket_offset : session_base();
  size_t n = text_length(text), head = kind == BY_PATH ? 0 : sizeof SHIMFS_ABSTRACT_SOCKET;
  *out = (struct sockaddr_un){.sun_family = AF_UNIX};
  if (head + n >= sizeof out->sun_path) return 0;
  if (head) bytes_copy(out->sun_path + 1, SHIMFS_ABSTRACT_SOCKET, head - 1);
  bytes_copy(out->sun_path + head, text, n);
  return kind == BY_PADDED_NAME ? sizeof *out : offsetof(struct sockaddr_un, sun_path) + head + n + (kind == BY_PATH);
}

/* Takes a number above the program's limit for as long as it needs one where the program has used up its own. */
static long new_socket(void) {
  long fd = sys(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd != -EMFILE) return fd;
  struct rlimit before = widen_descriptors(64);
  fd = sys(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  restore_descriptors(&before);
  return fd;
}

static long connected_socket(int kind, uint32_t role) {
  struct sockaddr_un address;
  size_t length = address_of(kind, &address);
  if (!length) return -ENAMETOOLONG;
  long fd = new_socket();
  if (fd < 0) return fd;
  if (role == ROLE_GATE) limit_waits((int)fd); /* an agent's reader waits for events, however long */
  long r;
  do r = sys(SYS_connect, fd, &address, length);
  while (r == -EINTR || (r == -EAGAIN && keeps_waiting()));
  if (r == 0 && kind != BY_PATH && !peer_is((int)fd, session.owner)) r = -ECONNREFUSED;
  if (r == 0) return fd;
  sys(SYS_close, fd);
  return r;
}

int endpoint_connect(uint32_t role, uint32_t parent_pid) {
  long fd = connected_socket(BY_PATH, role);
  for (int kind = BY_NAME; fd < 0 && fd != -EMFILE && !host_wait.interrupted && kind <= BY_PADDED_NAME; kind++) {
    long other = connected_socket(kind, role);
    if (other >= 0) fd = other;
  }
  if (fd < 0) return (int)fd;
  fd = raise_fd((int)fd, true);
  protect_fd((int)fd, true);

  struct {
    struct shimfs_hello hello;
    uint8_t token[SHIMFS_TOKEN_BYTES];
  } data = {.hello = {.magic = SHIMFS_MAGIC,
                      .version = SHIMFS_PROTOCOL_VERSION,
                      .role = role,
                      .binding = session.binding,
                      .parent_pid = parent_pid}};
  bytes_copy(data.token, (const uint8_t *)(uintptr_t)session.shared + session.shared->token_offset, SHIMFS_TOKEN_BYTES);
  struct request q = {.op = OP_HELLO, .data = (const char *)&data, .data_length = sizeof data};
  uint8_t frame[sizeof(struct shimfs_request) + sizeof data] __attribute__((aligned(8)));
  if (!endpoint_send((int)fd, frame, frame_encode(frame, &q, 0))) {
    protect_fd((int)fd, false);
    sys(SYS_close, fd);
    return -EIO;
  }
  return (int)fd;
}
