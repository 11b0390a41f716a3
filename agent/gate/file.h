/* Handlers: opening, closing and writing. */
#pragma once
#include "calls.h"

long on_open(long dirfd, const char *path, long flags, long mode);
long on_close(long fd);
/* A write to a virtual file's descriptor: native, with the mark before and the ring after it. */
long native_write(long nr, long fd, const struct arguments *a);
