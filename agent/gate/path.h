/* Is a path about a virtual file? */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "scratch.h"

struct place {
  uint64_t dir;
  const char *path;
  uint32_t length;
};
/* Is this about a virtual file? Fills `out`. An empty path is not: the kernel has the answer (ENOENT). */
bool place_of(long dirfd, const char *path, struct place *out);
/* The same with the AT_ flags of a call: an empty path may be `dirfd` itself, and /proc/self/fd/N the file behind it. */
bool place_at(long dirfd, const char *path, long flags, struct place *out);
/* The same for a path that the kernel did not find: through symlinks, `..` and foreign directories. */
bool place_behind(long dirfd, const char *path, struct place *out, struct scratch *room);
/* Was it found before to lead nowhere near a mount? */
bool place_elsewhere(long dirfd, const char *path);
/* Of a path's directory part. A relative one counts for the working directory it was asked in; 0: not to be remembered. */
uint64_t hash_directory(long dirfd, const char *path, size_t length);
/* Forgets which directories were found to lead nowhere near a mount. */
void elsewhere_forget(void);
