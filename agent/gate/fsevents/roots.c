/* The paths that a stream is to watch: which are of the virtual tree, and which the system is to watch. */
#define _GNU_SOURCE
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "../mounts.h"
#include "../os.h"
#include "../real.h"
#include "../session.h"
#include "roots.h"

static bool holds_mount(const char *path) {
  size_t n = strcmp(path, "/") ? strlen(path) : 0;
  for (uint32_t i = 0; i < session.mount_count; i++)
    if (!strncmp(session.mounts[i].path, path, n) && session.mounts[i].path[n] == '/') return true;
  return false;
}

void roots_free(struct roots *r) {
  for (uint32_t i = 0; i < r->real_count; i++) free(r->real[i]);
  free(r->real);
  free(r->told.bytes);
  free(r->given.bytes);
}

bool roots_read(struct roots *r, void *paths, bool whole) {
  long count = paths ? real.CFArrayGetCount(paths) : 0;
  char *out = malloc(PATH_MAX);
  r->real = calloc((size_t)(count > 0 ? count : 1), sizeof *r->real);
  bool good = count > 0 && out && r->real;
  for (long i = 0; good && i < count; i++) {
    char *bytes = cf_path_bytes(real.CFArrayGetValueAtIndex(paths, i));
    if (bytes && whole && bytes[0] != '/') {
      memmove(bytes + 1, bytes, strlen(bytes) + 1);
      bytes[0] = '/';
    }
    good = bytes && canonical_path(bytes, out) && text_append_path(&r->told, bytes) && text_append_path(&r->told, out) && text_append_path(&r->given, bytes);
    if (good) {
      bool inside = under_mount(out);
      r->ours |= inside || holds_mount(out);
      if (!inside && !whole) r->real[r->real_count++] = strdup(bytes);
      r->count++;
    }
    free(bytes);
  }
  free(out);
  return good;
}
