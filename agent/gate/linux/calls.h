/* Handlers of system calls that only Linux has. Each returns as the handlers of ../calls.h do. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../calls.h"
#include "numbers.h"

/* descriptor_calls.c */
long duplicate(long nr, struct arguments *a);
long duplicate_onto(long nr, struct arguments *a);
long close_some(unsigned first, unsigned last, unsigned flags);
long control_descriptor(struct arguments *a);

/* listing.c */
void listing_start(void); /* mount points stand in the listing of their parent */
long list_foreign(long fd, char *out, size_t size);
/* sockets.c: AF_UNIX addresses, towards the kernel and from it */
long socket_call_to(long nr, struct arguments *a);
long socket_call_from(long nr, struct arguments *a);
/* openat2.c */
long on_openat2(long dirfd, const char *path, const void *how, size_t size);
/* received.c */
struct msghdr;
void descriptors_received(const struct msghdr *m);
long receive_many(struct arguments *a);
long take_descriptor(struct arguments *a);
/* root.c */
long on_chroot(const char *path, const struct arguments *a);
/* quota.c: a write to a virtual file, as much of it as there is room for. */
long write_within_quota(long nr, long fd, const struct arguments *a);
/* mapping.c */
void mapping_made(long start, size_t length, int fd);
void mapping_synced(uintptr_t start, size_t length);
void mapping_gone(uintptr_t start, size_t length);
void mapping_end(void);
/* memory.c: pages may have gone, or become unwritable */
void memory_changed(void);
