/* Where a virtual inode is. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Its path into `out`, as fcntl(F_GETPATH) returns it. 0, or -errno where it does not fit. */
long virtual_path(uint64_t ino, char *out, size_t size);
