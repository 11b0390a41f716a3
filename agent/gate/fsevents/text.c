/* Paths out of CoreFoundation, and text that grows. */
#define _GNU_SOURCE
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "../os.h"
#include "../real.h"
#include "roots.h"

char *cf_path_bytes(void *string) {
  char *buffer = string ? malloc(PATH_MAX * 2) : NULL;
  if (buffer && !real.CFStringGetFileSystemRepresentation(string, buffer, PATH_MAX * 2)) {
    free(buffer);
    return NULL;
  }
  return buffer;
}

bool canonical_path(const char *path, char out[PATH_MAX]) {
  char *head = malloc(PATH_MAX * 2), *tail = malloc(PATH_MAX * 2);
  bool done = false;
  size_t n = strlen(path);
  if (head && tail && n < PATH_MAX) {
    memcpy(head, path, n + 1);
    tail[0] = 0;
    for (;;) {
      if (realpath(head[0] ? head : ".", out)) {
        size_t base = strlen(out), rest = strlen(tail);
        if (base == 1) base = 0;
        if (base + rest < PATH_MAX) {
          memcpy(out + base, tail, rest + 1);
          if (!out[0]) memcpy(out, "/", 2);
          done = true;
        }
        break;
      }
      /* Missing: the directory is resolved, the name itself is taken as it is. */
      for (n = strlen(head); n > 1 && head[n - 1] == '/'; n--) head[n - 1] = 0;
      char *cut = strrchr(head, '/');
      const char *name = cut ? cut + 1 : head;
      size_t length = strlen(name), rest = strlen(tail);
      if (!length || length + rest + 2 > PATH_MAX) break;
      memmove(tail + length + 1, tail, rest + 1);
      memcpy(tail + 1, name, length);
      tail[0] = '/';
      if (!cut) head[0] = 0;
      else cut[cut == head] = 0;
    }
  }
  free(head);
  free(tail);
  return done;
}

bool text_append(struct text *t, const void *bytes, size_t n) {
  if (t->length + n > t->room) {
    size_t room = (t->length + n) * 2 + 256;
    char *larger = realloc(t->bytes, room);
    if (!larger) return false;
    t->bytes = larger;
    t->room = room;
  }
  memcpy(t->bytes + t->length, bytes, n);
  t->length += n;
  return true;
}

bool text_append_path(struct text *t, const char *path) { return text_append(t, path, strlen(path) + 1); }
