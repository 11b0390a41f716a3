/* The connection to the host: one question at a time, signals held off, a lock that survives fork. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "gate.h"
#include "os.h"
#include "sys.h"

static struct {
  int fd; /* -1: none */
  uint32_t lock; /* lock.c */
  uint32_t next_id;
  uint32_t parent_pid;
  bool greeting; /* the reply to Hello has not been read yet */
  bool waiting;     /* an exchange is under way, with the lock held */
  bool interrupted; /* a person wants to end the program meanwhile */
  int *passing;  /* where a descriptor goes that comes with the next reply */
  uint64_t seq;
  uint64_t mask; /* the holder's signal mask */
  uint8_t out[SHIMFS_MAX_REQUEST] __attribute__((aligned(8)));
  uint8_t in[SHIMFS_MAX_REPLY] __attribute__((aligned(8)));
} the = {.fd = -1};

/* A page the kernel wipes in a fork child: how a child by raw clone is told from its parent. */
static volatile uint32_t *parentage;

static void hold(void) {
  uint64_t before;
  block_signals(&before);
  if (link_forked()) link_after_fork(self_pid);
  if (lock_take(&the.lock)) {
    /* Its last holder was killed in the middle of an exchange. */
    sys(SYS_close, the.fd);
    the.fd = -1;
  }
  the.mask = before;
}

static void let_go(void) {
  uint64_t before = the.mask;
  lock_give(&the.lock);
  restore_signals(&before);
}

/* May a wait that a second has passed in go on? Not once a person wants to end the program. */
static bool keeps_waiting(void) {
  if (!the.waiting) return true;
  the.interrupted = wait_interrupted(the.mask);
  return !the.interrupted;
}

static bool send_all(int fd, const uint8_t *bytes, size_t n) {
  while (n) {
    long sent = sys(SYS_sendto, fd, bytes, n, MSG_NOSIGNAL, 0, 0);
    if (sent == -EINTR || (sent == -EAGAIN && keeps_waiting())) continue;
    if (sent <= 0) return false;
    bytes += sent;
    n -= (size_t)sent;
  }
  return true;
}

static bool receive_all(int fd, uint8_t *bytes, size_t n) {
  while (n) {
    long got = sys(SYS_recvfrom, fd, bytes, n, MSG_WAITALL, 0, 0);
    if (got == -EINTR || (got == -EAGAIN && keeps_waiting())) continue;
    if (got <= 0) return false;
    bytes += got;
    n -= (size_t)got;
  }
  return true;
}

static long receive_first(int fd, uint8_t *bytes, size_t n, int *passed) {
  for (;;) {
    long got = receive_passing(fd, bytes, n, passed);
    if (got != -EINTR && !(got == -EAGAIN && keeps_waiting())) return got;
  }
}

static size_t encode(uint8_t *out, const struct request *q, uint32_t id) {
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
enum { BY_PATH, BY_NAME, BY_PADDED_NAME }; /* libuv pads a name with NULs up to 1.46 */
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

/* Connects and says Hello; the reply is not waited for. */
static int dial(uint32_t role, uint32_t parent_pid) {
  long fd = connected_socket(BY_PATH, role);
  for (int kind = BY_NAME; fd < 0 && fd != -EMFILE && !the.interrupted && kind <= BY_PADDED_NAME; kind++) {
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
  if (!send_all((int)fd, frame, encode(frame, &q, 0))) {
    protect_fd((int)fd, false);
    sys(SYS_close, fd);
    return -EIO;
  }
  return (int)fd;
}

static bool hang_up(void) {
  if (the.fd >= 0) {
    protect_fd(the.fd, false);
    sys(SYS_close, the.fd);
  }
  the.fd = -1;
  return false;
}

static bool connected(void) {
  if (the.fd >= 0) return true;
  if (!session_host_alive()) return false;
  the.fd = dial(ROLE_GATE, the.parent_pid);
  the.greeting = the.fd >= 0;
  if (the.fd >= 0) fd_inherit();
  else if (the.fd == -ECONNREFUSED || the.fd == -ENOENT) session_lose();
  if (the.fd < 0) the.fd = -1;
  return the.fd >= 0;
}

static bool send_frame(const struct request *q, uint32_t id) {
  size_t n = encode(the.out, q, id);
  return n && send_all(the.fd, the.out, n);
}

/* Reads one whole reply into the.in. */
static bool receive_reply(uint32_t id) {
  struct shimfs_reply *r = (void *)the.in;
  long first = the.passing ? receive_first(the.fd, the.in, sizeof *r, the.passing) : 0;
  if (first < 0 || (the.passing && !first) || !receive_all(the.fd, the.in + first, sizeof *r - (size_t)first)) return false;
  if (r->id != id || r->length != sizeof *r + r->data_length || r->length > SHIMFS_MAX_REPLY) return false;
  r->result = (int32_t)native_result(r->result);
  return receive_all(the.fd, the.in + sizeof *r, r->data_length);
}

/* Reads the reply to Hello, if it is still to come. False: the host has hung up, and read no request of ours. */
static bool greeted(void) {
  if (!the.greeting) return true;
  the.greeting = false;
  int *passing = the.passing;
  the.passing = NULL;
  bool welcome = receive_reply(0);
  the.passing = passing;
  return welcome && ((struct shimfs_reply *)the.in)->result == 0;
}

/*
 * A new connection that is cut before Hello is answered is tried again: a host that was stopped for a while may have
 * given up on it. One that is refused each time leads to another host, which serves this name now.
 */
enum { GREETINGS = 3 };
static bool exchanged(const struct request *q, uint32_t id) {
  for (int i = 0; i < GREETINGS; i++) {
    if (!connected()) return false;
    bool fresh = the.greeting;
    if (send_frame(q, id) && greeted()) return receive_reply(id);
    hang_up();
    if (the.interrupted || !fresh) return false;
  }
  session_lose();
  return false;
}

static long exchange(const struct request *q, const struct shimfs_reply **reply, const char **data, int *passing) {
  struct shimfs_reply *r = (void *)the.in;
  hold();
  the.passing = passing;
  the.waiting = true;
  the.interrupted = false;
  uint32_t id = ++the.next_id ? the.next_id : ++the.next_id;
  if (sizeof(struct shimfs_request) + q->path_length + q->path2_length + q->data_length > SHIMFS_MAX_REQUEST) {
    bytes_zero(r, sizeof *r);
    r->result = -ENAMETOOLONG;
  } else if (!exchanged(q, id)) {
    bool interrupted = the.interrupted;
    hang_up();
    if (!interrupted) connected(); /* finds out whether it was this connection or the host */
    bytes_zero(r, sizeof *r);
    r->result = interrupted ? -EINTR : -EIO;
  }
  the.waiting = the.interrupted = false;
  the.passing = NULL;
  if (r->seq > the.seq) the.seq = r->seq;
  if (reply) *reply = r;
  if (data) *data = (const char *)(r + 1);
  return r->result;
}

long link_begin(const struct request *q, const struct shimfs_reply **reply, const char **data) {
  return exchange(q, reply, data, NULL);
}

long link_receive(const struct request *q, struct shimfs_reply *reply, int *passed) {
  const struct shimfs_reply *r;
  long result = exchange(q, &r, NULL, passed);
  *reply = *r;
  let_go();
  return result;
}

void link_end(void) { let_go(); }

const char *link_exit_path(uint32_t *length) {
  const struct shimfs_reply *r = (const void *)the.in;
  *length = r->data_length;
  return (const char *)(r + 1);
}

long link_ask(const struct request *q) {
  const struct shimfs_reply *reply;
  long result = link_begin(q, &reply, NULL);
  if (result == 0 && reply->reply_flags & REPLY_FLAG_EXIT) return LEFT_MOUNTS; /* held */
  link_end();
  return result;
}

void link_tell(const struct request *q) {
  hold();
  if (connected() && !send_frame(q, 0)) hang_up();
  let_go();
}

/* Called with the link held, by connected(): must not take it again. */
void link_tell_held(const struct request *q) {
  if (the.fd >= 0) send_frame(q, 0);
}

void link_start(void) {
  parentage = fork_page();
  if (parentage) *parentage = 1;
  hold();
  connected();
  let_go();
}

void link_stop(void) {
  hold();
  hang_up();
  let_go();
}

/* Gives the connection's number back, for a process that has none left and is about to exec. */
void link_release_descriptor(void) {
  if (!in_vfork_child()) link_stop();
  else if (the.fd >= 0) sys(SYS_close, the.fd); /* the parent keeps its own */
}

bool link_forked(void) { return parentage && !*parentage; }

/* Right after fork, so that the host knows of the child even if it never touches a virtual file. */
void link_start_child(void) {
  if (!session.active) return;
  hold();
  connected();
  let_go();
}

/* In a fork child: the parent's connection is not ours, and its lock may have been held by another thread. */
void link_after_fork(int parent_pid) {
  if (parentage) *parentage = 1;
  self_pid = (int)sys(SYS_getpid);
  the.parent_pid = (uint32_t)parent_pid;
  the.lock = 0;
  the.greeting = false;
  hang_up();
  agent_after_fork();
}

int link_open(uint32_t role) {
  int fd = session_host_alive() ? dial(role, 0) : -EIO;
  if (fd < 0) return fd;
  struct shimfs_reply reply;
  if (receive_all(fd, (uint8_t *)&reply, sizeof reply) && reply.result == 0 && reply.length == sizeof reply) return fd;
  protect_fd(fd, false);
  sys(SYS_close, fd);
  return -EIO;
}

/* A question on a connection of link_open's. The answer's data is not wanted. */
long link_exchange(int fd, const struct request *q) {
  uint8_t frame[sizeof(struct shimfs_request) + 64] __attribute__((aligned(8)));
  struct shimfs_reply reply;
  if (q->path_length + q->path2_length + q->data_length > 64) return -EINVAL;
  if (!send_all(fd, frame, encode(frame, q, 1))) return -EIO;
  if (!receive_all(fd, (uint8_t *)&reply, sizeof reply) || reply.length != sizeof reply) return -EIO;
  return native_result(reply.result);
}

void link_move_away(int fd) {
  hold();
  if (the.fd == fd) {
    int to = raise_fd((int)sys(SYS_dup, fd), true);
    protect_fd(fd, false);
    protect_fd(to, true);
    the.fd = to;
  }
  let_go();
}

/*
 * For those who have not asked for a while: has the host hung up? A killed host cannot say so itself. Looks at the
 * socket on every 32nd call, so a remembered answer outlives its host by a few calls at most.
 */
bool link_stands(void) {
  static uint32_t calls;
  if (__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) % 32) return true;
  int fd = the.fd;
  uint8_t byte;
  return fd >= 0 && sys(SYS_recvfrom, fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT, 0, 0) != 0;
}

uint64_t link_last_seq(void) { return the.seq; }
