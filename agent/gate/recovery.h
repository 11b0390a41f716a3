/* The virtual files behind descriptors that the process did not open itself: inherited over exec, or received. */
#pragma once
#include <stddef.h>

/* After exec: from the paths that the descriptors point at. */
void fd_recover(void);
/* Of that, the program's own name and its working directory. */
void fd_recover_place(void);
/* Enters a descriptor in FdIndex if the path that it points at is the session's. */
void fd_identify(int fd, const char *path, size_t length);
