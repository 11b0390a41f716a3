/* System calls that a program or library makes by instructions of its own, past libc (raw_calls.c). */
#pragma once
#include "patch.h"

/*
 * The instructions of a text that make a call the gate handles, or a call with its number in a register. A mark of
 * length 0 has no room for a jump. Returns how many; `capacity`: there may be more.
 */
int raw_sites(const struct text_range *text, struct site_mark *out, int capacity);

/* The program and the libraries loaded with it. NULL, or why they cannot be covered. @param running has it threads? */
const char *cover_loaded_code(bool running);
/* A library's segment that has just been mapped, before anything executes it. 0 or -errno. */
long cover_mapped_code(uint8_t *start, size_t length, int fd, uint64_t offset);
