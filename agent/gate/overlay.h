/* Paths that lead into an overlay by another way than its own name. */
#pragma once
#include "path.h"

/* Does a path that looks foreign lead into a mount? Asked before the native call where there are overlays (overlay.c). */
bool place_ahead(long dirfd, const char *path, bool follow, struct place *out, struct scratch *room);
/* Is that known not to be so, as long as the path does not end in a symbolic link? */
bool leads_nowhere(long dirfd, const char *path);
/* A symlink was made or a directory moved: a path that led nowhere may lead somewhere now. */
void paths_forget(void);
