/* The end of a descriptor, as kqueues and the agent's knotes see it. */
#pragma once
#include "fd_index.h"

/* A kqueue, or a descriptor that the agent has a knote on, is about to be closed. */
void knotes_fd_closing(int fd, enum fd_kind kind);
