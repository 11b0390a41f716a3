/*
 * Overlays: mounts that really exist, so that the kernel would find the real files by other paths that lead there.
 *
 * `/tmp/link/x`, `../proj/x` and names relative to a foreign directory are resolved here before the kernel sees
 * them, as it would: a symlink at a time, `..` physically. The result is remembered by the directory's text; then a
 * call that follows a link at its end is made as one that does not, and again if there is one (linux/crossing.c).
 */
#define _GNU_SOURCE
#include <string.h>
#include "calls.h"
#include "memory.h"
#include "mounts.h"
#include "os.h"
#include "overlay.h"
#include "path.h"
#include "scratch.h"
#include "session.h"
#include "text.h"

enum { REMEMBERED = 1024,
       MAX_LINKS = 40 };
/* Texts of directories that lead nowhere near a mount: a hash each, forgotten on collision. */
static uint64_t elsewhere[REMEMBERED];

void paths_forget(void) {
  elsewhere_forget();
  bytes_zero(elsewhere, sizeof elsewhere);
}

static uint64_t hash_text(const char *text, size_t n) {
  uint64_t h = 1469598103934665603ull;
  for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)text[i]) * 1099511628211ull;
  return h | 1;
}

/* Is the resolved directory above a mount? */
static bool above_mount(const char *directory, size_t n) {
  for (uint32_t i = 0; i < session.mount_count; i++) {
    const struct mount_point *m = &session.mounts[i];
    if (n < m->length && text_equal(m->path, directory, n) && m->path[n] == '/') return true;
  }
  return false;
}

enum outcome { NOWHERE,
               OUTSIDE,
               INSIDE };

/*
 * Resolves room->path into room->plain (*length bytes, none for the root). INSIDE: plain is the path of something
 * in a mount, with the rest behind it. NOWHERE: a component is missing.
 */
static enum outcome resolve(struct scratch *room, bool follow, size_t *length) {
  char *done = room->plain, *text = room->path;
  size_t n = 0, at = 0;
  int links = 0;
  for (;;) {
    while (text[at] == '/') at++;
    if (!text[at]) break;
    size_t end = at;
    while (text[end] && text[end] != '/') end++;
    size_t part = end - at;
    if (part == 1 && text[at] == '.') {
      at = end;
      continue;
    }
    if (part == 2 && text[at] == '.' && text[at + 1] == '.') {
      while (n && done[--n] != '/') continue;
      at = end;
      continue;
    }
    size_t before = n;
    if (n + part + 2 > MAX_PATH) return NOWHERE;
    done[n++] = '/';
    bytes_copy(done + n, text + at, part);
    n += part;
    done[n] = 0;
    if (under_mount(done)) {
      size_t tail = text_length(text + end);
      if (n + tail + 1 > MAX_PATH) return NOWHERE;
      bytes_copy(done + n, text + end, tail + 1);
      *length = n + tail;
      return INSIDE;
    }
    if (!text[end] && !follow) break;
    long target = sys(SYS_readlinkat, AT_FDCWD, done, room->link, MAX_PATH - 1);
    if (target == -EINVAL) {
      at = end;
      continue;
    }
    if (target <= 0) return NOWHERE;
    size_t tail = text_length(text + end);
    if (++links > MAX_LINKS || (size_t)target + tail + 2 > MAX_PATH) return NOWHERE;
    memmove(text + target, text + end, tail + 1);
    bytes_copy(text, room->link, (size_t)target);
    n = text[0] == '/' ? 0 : before;
    at = 0;
  }
  done[n] = 0;
  *length = n;
  return OUTSIDE;
}

/* The call's path as text from the root, in room->path. Its length, 0 when it is not known. */
static size_t whole_text(long dirfd, const char *path, struct scratch *room) {
  long n = 0, length = readable_text(path, MAX_PATH);
  if (length <= 0 || length == MAX_PATH) return 0;
  if (path[0] != '/') {
    if ((int)dirfd == AT_FDCWD) n = sys(SYS_getcwd, room->path, MAX_PATH - 2) - 1;
    else n = (long)descriptor_path((int)dirfd, room->path, MAX_PATH - 2);
    if (n <= 0 || room->path[0] != '/' || n + length + 2 > MAX_PATH) return 0;
    room->path[n++] = '/';
  }
  bytes_copy(room->path + n, path, (size_t)length + 1);
  return (size_t)(n + length);
}

bool leads_nowhere(long dirfd, const char *path) {
  long length = readable_text(path, MAX_PATH);
  uint64_t hash = length > 0 ? hash_directory(dirfd, path, (size_t)length) : 0;
  return hash && __atomic_load_n(&elsewhere[hash % REMEMBERED], __ATOMIC_RELAXED) == hash;
}

bool place_ahead(long dirfd, const char *path, bool follow, struct place *out, struct scratch *room) {
  size_t length = whole_text(dirfd, path, room), directory = length;
  if (!length) return false;
  while (room->path[directory - 1] != '/') directory--;
  uint64_t hash = hash_directory(dirfd, path, text_length(path));
  if (!hash) hash = hash_text(room->path, directory);
  uint64_t *cell = &elsewhere[hash % REMEMBERED];
  size_t n;
  if (__atomic_load_n(cell, __ATOMIC_RELAXED) != hash) {
    char first = room->path[directory];
    room->path[directory] = 0;
    enum outcome found = resolve(room, true, &n);
    if (found == NOWHERE) return false;
    bool near = found == INSIDE || above_mount(room->plain, n);
    /* resolve() took the text apart. */
    if (whole_text(dirfd, path, room) != length || room->path[directory] != first) return false;
    if (!near) __atomic_store_n(cell, hash, __ATOMIC_RELAXED);
    else goto lead;
  }
  if (!follow || directory == length || sys(SYS_readlinkat, AT_FDCWD, room->path, room->link, 1) <= 0) return false;
lead:
  if (resolve(room, follow, &n) != INSIDE) return false;
  *out = (struct place){0, room->plain, (uint32_t)n};
  return true;
}
