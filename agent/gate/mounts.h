/* The mounts of the session as paths. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Once the session is open. */
void mounts_start(void);
/* Does a path below a mount begin so? By the character behind its first slash: one look settles most foreign paths. */
extern uint8_t mount_initials[256];
/* Is an absolute path, taken by its text, that of a mount or below one? */
bool under_mount(const char *absolute);
