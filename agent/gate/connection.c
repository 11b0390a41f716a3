/* The connection to the host: one question at a time, signals held off, a lock that survives fork. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/socket.h>
#include "calls.h"
#include "connection.h"
#include "descriptor.h"
#include "endpoint.h"
#include "lock.h"
#include "os.h"
#include "process.h"
#include "session.h"
#include "text.h"

static struct {
  int fd; /* -1: none */
  uint32_t lock; /* lock.c */
  uint32_t next_id;
  uint32_t parent_pid;
  bool greeting; /* the reply to Hello has not been read yet */
  int *passing; /* where a descriptor goes that comes with the next reply */
  uint64_t seq;
  uint8_t out[SHIMFS_MAX_REQUEST] __attribute__((aligned(8)));
  uint8_t in[SHIMFS_MAX_REPLY] __attribute__((aligned(8)));
} the = {.fd = -1};

struct connection_hooks connection_hooks;

static void after_fork(int parent_pid);

static void hold(void) {
  uint64_t before;
  block_signals(&before);
  if (process_forked()) after_fork(self_pid);
  if (lock_take(&the.lock)) {
    /* Its last holder was killed in the middle of an exchange. */
    sys(SYS_close, the.fd);
    the.fd = -1;
  }
  host_wait.mask = before;
}

static void let_go(void) {
  uint64_t before = host_wait.mask;
  lock_give(&the.lock);
  restore_signals(&before);
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
  the.fd = endpoint_connect(ROLE_GATE, the.parent_pid);
  the.greeting = the.fd >= 0;
  if (the.fd >= 0) connection_hooks.connected();
  else if (the.fd == -ECONNREFUSED || the.fd == -ENOENT) session_lose();
  if (the.fd < 0) the.fd = -1;
  return the.fd >= 0;
}

static bool send_frame(const struct request *q, uint32_t id) {
  size_t n = frame_encode(the.out, q, id);
  return n && endpoint_send(the.fd, the.out, n);
}

/* Reads one whole reply into the.in. */
static bool receive_reply(uint32_t id) {
  struct shimfs_reply *r = (void *)the.in;
  long first = the.passing ? endpoint_receive_first(the.fd, the.in, sizeof *r, the.passing) : 0;
  if (first < 0 || (the.passing && !first) || !endpoint_receive(the.fd, the.in + first, sizeof *r - (size_t)first)) return false;
  if (r->id != id || r->length != sizeof *r + r->data_length || r->length > SHIMFS_MAX_REPLY) return false;
  r->result = (int32_t)native_result(r->result);
  return endpoint_receive(the.fd, the.in + sizeof *r, r->data_length);
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
    if (host_wait.interrupted || !fresh) return false;
  }
  session_lose();
  return false;
}

static long exchange(const struct request *q, const struct shimfs_reply **reply, const char **data, int *passing) {
  struct shimfs_reply *r = (void *)the.in;
  hold();
  the.passing = passing;
  host_wait.interruptible = true;
  host_wait.interrupted = false;
  uint32_t id = ++the.next_id ? the.next_id : ++the.next_id;
  if (sizeof(struct shimfs_request) + q->path_length + q->path2_length + q->data_length > SHIMFS_MAX_REQUEST) {
    bytes_zero(r, sizeof *r);
    r->result = -ENAMETOOLONG;
  } else if (!exchanged(q, id)) {
    bool interrupted = host_wait.interrupted;
    hang_up();
    if (!interrupted) connected(); /* finds out whether it was this connection or the host */
    bytes_zero(r, sizeof *r);
    r->result = interrupted ? -EINTR : -EIO;
  }
  host_wait.interruptible = host_wait.interrupted = false;
  the.passing = NULL;
  if (r->seq > the.seq) the.seq = r->seq;
  if (reply) *reply = r;
  if (data) *data = (const char *)(r + 1);
  return r->result;
}

long host_begin(const struct request *q, const struct shimfs_reply **reply, const char **data) {
  return exchange(q, reply, data, NULL);
}

long host_receive(const struct request *q, struct shimfs_reply *reply, int *passed) {
  const struct shimfs_reply *r;
  long result = exchange(q, &r, NULL, passed);
  *reply = *r;
  let_go();
  return result;
}

void host_end(void) { let_go(); }

const char *host_exit_path(uint32_t *length) {
  const struct shimfs_reply *r = (const void *)the.in;
  *length = r->data_length;
  return (const char *)(r + 1);
}

long host_ask(const struct request *q) {
  const struct shimfs_reply *reply;
  long result = host_begin(q, &reply, NULL);
  if (result == 0 && reply->reply_flags & REPLY_FLAG_EXIT) return LEFT_MOUNTS; /* held */
  host_end();
  return result;
}

void host_post(const struct request *q) {
  hold();
  if (connected() && !send_frame(q, 0)) hang_up();
  let_go();
}

/* Called with the connection held, by connected(): must not take it again. */
void host_post_held(const struct request *q) {
  if (the.fd >= 0) send_frame(q, 0);
}

void connection_start(void) {
  hold();
  connected();
  let_go();
}

void connection_stop(void) {
  hold();
  hang_up();
  let_go();
}

/* Gives the connection's number back, for a process that has none left and is about to exec. */
void connection_release_descriptor(void) {
  if (!in_vfork_child()) connection_stop();
  else if (the.fd >= 0) sys(SYS_close, the.fd); /* the parent keeps its own */
}

/* Right after fork, so that the host knows of the child even if it never touches a virtual file. */
void connection_start_child(void) {
  if (!session.active) return;
  hold();
  connected();
  let_go();
}

/* In a fork child: the parent's connection is not ours, and its lock may have been held by another thread. */
static void after_fork(int parent_pid) {
  process_own();
  the.parent_pid = (uint32_t)parent_pid;
  the.lock = 0;
  the.greeting = false;
  hang_up();
  connection_hooks.forked();
}

int connection_open(uint32_t role) {
  int fd = session_host_alive() ? endpoint_connect(role, 0) : -EIO;
  if (fd < 0) return fd;
  struct shimfs_reply reply;
  if (endpoint_receive(fd, (uint8_t *)&reply, sizeof reply) && reply.result == 0 && reply.length == sizeof reply) return fd;
  protect_fd(fd, false);
  sys(SYS_close, fd);
  return -EIO;
}

/* A question on a connection of connection_open's. The answer's data is not wanted. */
long connection_exchange(int fd, const struct request *q) {
  uint8_t frame[sizeof(struct shimfs_request) + 64] __attribute__((aligned(8)));
  struct shimfs_reply reply;
  if (q->path_length + q->path2_length + q->data_length > 64) return -EINVAL;
  if (!endpoint_send(fd, frame, frame_encode(frame, q, 1))) return -EIO;
  if (!endpoint_receive(fd, (uint8_t *)&reply, sizeof reply) || reply.length != sizeof reply) return -EIO;
  return native_result(reply.result);
}

void connection_move(int fd) {
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
 * Without a request: has the host ended? A killed host cannot mark the shared page. Looks at the
 * socket on every 32nd call, so a remembered answer outlives its host by a few calls at most.
 */
bool connection_stands(void) {
  static uint32_t calls;
  if (__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) % 32) return true;
  int fd = the.fd;
  uint8_t byte;
  return fd >= 0 && sys(SYS_recvfrom, fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT, 0, 0) != 0;
}

uint64_t connection_last_event(void) { return the.seq; }
