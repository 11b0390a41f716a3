/* Handlers: attributes of files, and operations that change them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

long on_stat(long dirfd, const char *path, long flags, struct stat *out);
long on_statx(long dirfd, const char *path, long flags, unsigned mask, void *out);
long on_fstat(long fd, struct stat *out);
long on_access(long dirfd, const char *path, long mode, long flags);
long on_path_op(uint16_t op, long dirfd, const char *path, uint32_t flags, uint32_t mode, uint64_t a, uint64_t b);
long on_fd_op(uint16_t op, long fd, uint32_t mode, uint64_t a, uint64_t b);
long on_utimens(long dirfd, const char *path, const struct timespec *times, long flags);
long on_getxattr(long dirfd, const char *path, const char *name, void *value, size_t size, bool follow);
long on_setxattr(long dirfd, const char *path, const char *name, const void *value, size_t size, uint32_t flags, bool follow);
long on_listxattr(long dirfd, const char *path, char *list, size_t size, bool follow);
long on_removexattr(long dirfd, const char *path, const char *name, bool follow);
long on_statfs(long fd, const char *path, void *out);
