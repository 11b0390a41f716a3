/*
 * The differences between the systems we run on, behind one set of names.
 *
 * The common files speak two languages: the system's own (flags, errno, structs), towards the program and the
 * kernel; and the wire's, which is Linux's generic numbering, towards the host (the WIRE_ names of wire.h).
 * Both are inline where they are the same.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>
#include "wire.h"

#if defined(__APPLE__)
#include "darwin/os.h"
#else
#include "linux/os.h"
#endif

#ifndef O_PATH
#define O_PATH 0 /* Linux's */
#endif

/* ---- structures the program sees, filled from a reply (linux|darwin/records.c) ---- */
void fill_stat(struct stat *out, const struct shimfs_reply *r);
#if defined(__linux__)
void fill_statx(void *out, const struct shimfs_reply *r);
#else
static inline void fill_statx(void *out, const struct shimfs_reply *r) { (void)out, (void)r; }
#endif
void fill_statfs(void *out, const struct shimfs_reply *r);
/* Appends a directory entry. Returns its length, 0 when it does not fit. */
size_t put_entry(char *at, size_t room, const struct shimfs_dirent *e);

/* ---- signals that arrive while the host is waited for (linux|darwin/interruption.c) ---- */
/*
 * All signals are held off. Lets a pending signal take effect that ends or stops the process by default. Returns true
 * when one is pending with which a person ends a program (SIGINT, SIGTERM, SIGHUP, SIGQUIT) and the program handles it.
 * @param own the program's own mask: signals in it stay pending
 */
bool wait_interrupted(uint64_t own);

/* ---- descriptors of this process (linux|darwin/descriptors.c) ---- */
/* The absolute path a descriptor stands on, not terminated. Returns its length, 0 when it has none. */
size_t descriptor_path(int fd, char *out, size_t size);
/* Calls `visit` for each open descriptor that stands on a path. */
void each_descriptor(void (*visit)(int fd, const char *path, size_t length));
