/* Libraries of the tree that a program is linked with (loader.c, needed.c). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Is this the copy that came by LD_AUDIT? */
bool loader_is_auditor(void);
/* Once the session is open. */
bool loader_start(void);
/* In the copy that was preloaded. */
void loader_tidy(char **environment);
/* Before a program starts: might it need that? `head`: its first `n` bytes; the texts are of its environment. */
bool needs_tree(long fd, const uint8_t *head, long n, const char *library_path, const char *preload, bool program_virtual);
