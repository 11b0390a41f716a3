/* Real files of an overlay, read in place until they are copied up. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

bool read_in_place(long fd);
void mapped_in_place(long fd);
/* The descriptor of one: moves on to its copy, if there is one by now. */
void follow_copy(long fd);
void follow_copies(void);
/* An inherited descriptor of a real file. */
void adopt_in_place(int fd, const char *path, uint32_t flags);
