/* The connection to the host: one request at a time, with signals held off and a lock that survives fork. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "wire.h"

struct request {
  uint16_t op;
  uint32_t flags, mode;
  uint64_t dir, dir2, a, b;
  const char *path, *path2, *data;
  uint32_t path_length, path2_length, data_length;
};

/*
 * Sends a request and waits for its reply. Blocks signals and takes the connection's lock from host_begin to host_end, so
 * the reply, which lives in the connection's own buffer, may be read in between.
 * Returns the host's result (≥ 0 or -errno; -EIO when the host has ended, -EINTR when a person ends the program meanwhile).
 */
long host_begin(const struct request *q, const struct shimfs_reply **reply, const char **data);
void host_end(void);
/* For a request with a number as its reply. LEFT_MOUNTS (calls.h): the lock is still held. */
long host_ask(const struct request *q);
/* The real path that a reply with REPLY_FLAG_EXIT leads to. With the lock held. */
const char *host_exit_path(uint32_t *length);
/* For a request with a reply that may bring a descriptor along (-1: none). */
long host_receive(const struct request *q, struct shimfs_reply *reply, int *passed);
/* Sends a request that has no reply. */
void host_post(const struct request *q);
/* The same for connection_hooks.connected, which runs with the lock held. */
void host_post_held(const struct request *q);

/* Functions of higher floors, set before the first connection. Both run with the lock held. */
extern struct connection_hooks {
  void (*connected)(void); /* right after Hello on a new connection */
  void (*forked)(void); /* in a fork child */
} connection_hooks;

void connection_start(void);
/* Right after fork, so that the host knows of the child even if it never touches a virtual file. */
void connection_start_child(void);
void connection_stop(void);
/* Gives the connection's number back, for a process that has none left and is about to exec. */
void connection_release_descriptor(void);
/* A connection of its own in the given role, Hello exchanged; -errno on failure. */
int connection_open(uint32_t role);
/* A request on a connection of connection_open's. Returns the result; the reply's data is not wanted. */
long connection_exchange(int fd, const struct request *q);
/* dup2 needs the number `fd`: the connection takes another if it has this one. */
void connection_move(int fd);
/* Number of the newest event that the host had sent before its last reply. */
uint64_t connection_last_event(void);
/* Does the host still hold its end? Looks at the socket on every 32nd call. */
bool connection_stands(void);
