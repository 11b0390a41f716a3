/* The process that this memory belongs to, and lines on its standard error. */
#define _GNU_SOURCE
#include "os.h"
#include "process.h"
#include "text.h"

int self_pid;
uint32_t process_umask;

/* A page that the kernel wipes in a fork child: it distinguishes a child by raw clone from its parent. */
static volatile uint32_t *parentage;

void process_start(void) {
  self_pid = (int)sys(SYS_getpid);
  process_umask = (uint32_t)sys(SYS_umask, 0);
  sys(SYS_umask, process_umask);
}

bool in_vfork_child(void) { return (int)sys(SYS_getpid) != self_pid && !process_forked(); }

void process_watch_forks(void) {
  parentage = fork_page();
  if (parentage) *parentage = 1;
}

bool process_forked(void) { return parentage && !*parentage; }

void process_own(void) {
  if (parentage) *parentage = 1;
  self_pid = (int)sys(SYS_getpid);
}

void gate_log(const char *text) {
  sys(SYS_write, 2, "shimfs: ", 8);
  sys(SYS_write, 2, text, text_length(text));
  sys(SYS_write, 2, "\n", 1);
}

void gate_fail(const char *text) {
  gate_log(text);
  sys(SYS_exit_group, 126);
}

const char *gate_environment(const char *name) {
  size_t n = text_length(name);
  for (char **e = process_environment(); e && *e; e++)
    if (text_equal(*e, name, n) && (*e)[n] == '=') return *e + n + 1;
  return NULL;
}
