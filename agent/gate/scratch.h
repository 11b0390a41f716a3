/* Room for whole paths, off the stack. */
#pragma once
#include "session.h"

struct scratch {
  char path[MAX_PATH], link[MAX_PATH], plain[MAX_PATH];
};
struct scratch *scratch_take(void); /* NULL: no memory */
void scratch_give(struct scratch *s);
