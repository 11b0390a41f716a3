/* The names under which a process finds its own descriptors. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* The inode behind a name of our own descriptors or working directory (proc_path.c); 0: it is none of these. */
uint64_t proc_inode(const char *path, const char **rest);
extern uint64_t executable_ino; /* of a virtual program */
/* Might it be one of those? */
static inline bool proc_like(const char *p) {
  if (p[0] != '/') return false;
  if (p[1] == 'p') return p[2] == 'r';
  return p[1] == 'd' && p[2] == 'e' && p[3] == 'v' && p[4] == '/' && (p[5] == 'f' || (p[5] == 's' && p[6] == 't'));
}
bool proc_executable(const char *path);
