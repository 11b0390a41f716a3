/* Mirrors, which inotify watches on virtual files stand on. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes over a descriptor, or finds the program, that a mirror's name leads to. */
bool recover_watched(int fd, const char *target, size_t length);
uint64_t watched_executable(const char *target, size_t length);
long on_inotify_add_watch(long fd, const char *path, uint32_t mask);
long on_fanotify_mark(long dirfd, const char *path);
