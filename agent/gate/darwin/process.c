/* The process on macOS: its environment, and how a fork is noticed. */
#include <crt_externs.h>
#include <pthread.h>
#include "../os.h"

char **process_environment(void) { return *_NSGetEnviron(); }

/* No page is wiped by a fork (minherit cannot), but every fork runs the atfork handlers. */
static volatile uint32_t generation;

static void forked(void) { generation = 0; }

/* Registered before anybody else's handler of ours: in a child, the first to run. */
volatile uint32_t *fork_page(void) {
  static bool registered;
  if (!registered && pthread_atfork(NULL, NULL, forked)) return NULL;
  registered = true;
  return &generation;
}
