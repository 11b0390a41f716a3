/* The working directory, where it is virtual. */
#define _GNU_SOURCE
#include "cwd.h"
#include "os.h"
#include "process.h"

static uint64_t virtual_cwd;
uint32_t cwd_changes;
/* A vfork child's own working directory: the table is its parent's, the directory is not. */
static struct {
  int pid;
  uint64_t ino;
} apart;

void cwd_changed(uint64_t ino) {
  cwd_changes++;
  if (!in_vfork_child()) {
    virtual_cwd = ino;
    apart.pid = 0;
    return;
  }
  apart.ino = ino;
  apart.pid = (int)sys(SYS_getpid);
}

uint64_t cwd_inode(void) { return apart.pid && apart.pid == (int)sys(SYS_getpid) ? apart.ino : virtual_cwd; }
