/* What descriptors that come from elsewhere stand for: inherited over exec, or received. */
#pragma once
#include <stddef.h>

/* After exec: from the paths that the descriptors point at. */
void fd_recover(void);
/* Of that, the program's own name and its working directory. */
void fd_recover_place(void);
/* Of a descriptor made elsewhere: remembers what it stands for, if the path it points at is the session's. */
void fd_identify(int fd, const char *path, size_t length);
