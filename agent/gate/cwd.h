/* The working directory, where it is virtual. */
#pragma once
#include <stdint.h>

/* Its inode; 0 where it is foreign. */
uint64_t cwd_inode(void);
void cwd_changed(uint64_t ino);
/* Counted up by each change: a name found relative to an earlier directory says nothing of now. */
extern uint32_t cwd_changes;
