/* exec: the new image must come up covered. */
#pragma once

/* Returns only on failure. */
long on_execve(long dirfd, const char *path, char *const argv[], char *const envp[], long flags);
