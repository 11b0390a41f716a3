/* What the files of the system call table tell each other. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include "site.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

/* Where a call's paths stand: argument numbers, 0 for none. dir 0: relative to the working directory. */
struct shape {
  uint16_t nr;
  uint8_t dir, path;
};

/* The argument of that number, 1 to 6. */
static inline long *argument(struct arguments *a, int number) {
  long *const each[] = {0, &a->a1, &a->a2, &a->a3, &a->a4, &a->a5, &a->a6};
  return each[number];
}

/* calls.c: who answers; NOT_OURS, LEFT_MOUNTS or a result */
long handle_call(long nr, struct arguments *a);

/* crossing.c: paths that lead into the mounts from outside, or out of them */
long call_at_exit(long nr, struct arguments *a, const struct shape *s, int crossings);
long call_behind(long nr, struct arguments *a, const struct shape *s, long failure, int crossings);
long call_behind_both(long nr, struct arguments *a, long failure);
bool call_ahead(long nr, struct arguments *a, const struct shape *s, int crossings, long *result);
bool call_ahead_both(long nr, struct arguments *a, long *result);
bool has_two_paths(long nr);

/* descriptor_calls.c */
/* `to` is a new number of `from`'s, or an error. Returns what the call answers. */
long note_duplicate(int from, long to);
long duplicate_onto(long nr, struct arguments *a);
long close_some(unsigned first, unsigned last, unsigned flags);
long control_descriptor(struct arguments *a);

/* in_place.c */
bool read_in_place(long fd);
void mapped_in_place(long fd);

/* listing.c */
long list_foreign(long fd, char *out, size_t size);
/* special.c: AF_UNIX addresses, towards the kernel and from it */
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
/* watch.c */
long on_inotify_add_watch(long fd, const char *path, uint32_t mask);
long on_fanotify_mark(long dirfd, const char *path);
/* quota.c: a write to a virtual file, as much of it as there is room for. */
long write_within_quota(long nr, long fd, const struct arguments *a);
/* mapping.c */
void mapping_made(long start, size_t length, int fd);
void mapping_synced(uintptr_t start, size_t length);
void mapping_gone(uintptr_t start, size_t length);
void mapping_end(void);
/* memory.c: pages may have gone, or become unwritable */
void memory_changed(void);
