/* The gate's functions by the names that they replace. */
#include <stdint.h>
#include "functions.h"
#include "replacements.h"
#include "text.h"

#define DECLARE(name, ...) extern void shimfs_##name(void);
KQUEUE_FUNCTIONS(DECLARE)
DISPATCH_FUNCTIONS(DECLARE)
DISPATCH_COUNTED(DECLARE)
FSEVENTS_FUNCTIONS(DECLARE)

#define ROW(name, ...) {#name, (void *)(uintptr_t)&shimfs_##name},
static const struct {
  const char *name;
  void *function;
} replacements[] = {KQUEUE_FUNCTIONS(ROW) DISPATCH_FUNCTIONS(ROW) DISPATCH_COUNTED(ROW) FSEVENTS_FUNCTIONS(ROW)};

void *replacement_for(const char *name) {
  for (unsigned i = 0; i < sizeof replacements / sizeof replacements[0]; i++)
    if (text_same(replacements[i].name, name)) return replacements[i].function;
  return NULL;
}
