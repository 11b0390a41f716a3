/* Handlers: names and directories. */
#pragma once
#include <stddef.h>
#include <stdint.h>

long on_rename(long fromdir, const char *from, long todir, const char *to, uint32_t flags);
long on_link(long fromdir, const char *from, long todir, const char *to, uint32_t flags);
long on_symlink(const char *target, long dirfd, const char *path);
long on_readlink(long dirfd, const char *path, char *out, size_t size);
long on_getdents(long fd, void *out, size_t size);
long on_chdir(const char *path);
long on_fchdir(long fd);
long on_getcwd(char *out, size_t size);
