/* The host's socket: where it is, how bytes pass, and how a wait for it ends. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "connection.h"

/* A wait for the host with the connection's lock held: a person may end the program meanwhile. */
extern struct host_wait {
  bool interruptible;
  bool interrupted; /* a signal that ends programs is pending, and the program handles it */
  uint64_t mask; /* the signal mask of the caller */
} host_wait;

/* Connects in a role and sends Hello, without waiting for its reply. The descriptor, raised and protected, or -errno. */
int endpoint_connect(uint32_t role, uint32_t parent_pid);
/* All `n` bytes, or false: the connection is cut, or the wait was interrupted. */
bool endpoint_send(int fd, const uint8_t *bytes, size_t n);
bool endpoint_receive(int fd, uint8_t *bytes, size_t n);
/* The first bytes of a reply, with the descriptor that comes with them. As recvmsg(2). */
long endpoint_receive_first(int fd, uint8_t *bytes, size_t n, int *passed);
/* Bytes of the request's frame; 0: it is longer than SHIMFS_MAX_REQUEST. */
size_t frame_encode(uint8_t *out, const struct request *q, uint32_t id);
