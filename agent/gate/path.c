/* Is a path about a virtual file? The test every file call pays for, so the common answer comes first. */
#define _GNU_SOURCE
#include <string.h>
#include "cwd.h"
#include "fd_index.h"
#include "memory.h"
#include "mounts.h"
#include "os.h"
#include "path.h"
#include "proc_path.h"
#include "scratch.h"
#include "session.h"
#include "text.h"

static bool has_parent_step(const char *path) {
  for (const char *p = path; *p; p++)
    if (p[0] == '.' && p[1] == '.' && (p == path || p[-1] == '/') && (p[2] == '/' || p[2] == 0)) return true;
  return false;
}

/* Lexical: right for a path without symlinks; those with come back through place_behind. */
static bool normalise(char out[MAX_PATH], const char *path) {
  size_t n = 0;
  for (const char *p = path; *p;) {
    while (*p == '/') p++;
    const char *end = p;
    while (*end && *end != '/') end++;
    size_t length = (size_t)(end - p);
    if (length == 2 && p[0] == '.' && p[1] == '.') {
      while (n && out[n - 1] != '/') n--;
      if (n) n--;
    } else if (length && !(length == 1 && p[0] == '.')) {
      if (n + length + 2 > MAX_PATH) return false;
      out[n++] = '/';
      bytes_copy(out + n, p, length);
      n += length;
    }
    p = end;
  }
  if (!n) out[n++] = '/';
  out[n] = 0;
  return true;
}

static bool whole(struct place *out, uint64_t dir, const char *path) {
  long length = readable_text(path, 0xffff);
  out->dir = dir;
  out->path = path;
  out->length = (uint32_t)length;
  return length >= 0;
}

/* `path` is readable and not empty. */
static inline bool place_in(long dirfd, const char *path, struct place *out) {
  if (path[0] == '/') return mount_initials[(uint8_t)path[1]] && under_mount(path) && whole(out, 0, path);
  if ((int)dirfd == AT_FDCWD) {
    uint64_t cwd = cwd_inode();
    return cwd && whole(out, cwd, path);
  }
  return fd_virtual((int)dirfd) && whole(out, fd_entry((int)dirfd)->ino, path);
}

bool place_of(long dirfd, const char *path, struct place *out) {
  return session.active && readable_byte(path) && path[0] && place_in(dirfd, path, out);
}

static bool itself(long dirfd, struct place *out) {
  uint64_t ino = (int)dirfd == AT_FDCWD ? cwd_inode() : fd_virtual((int)dirfd) ? fd_entry((int)dirfd)->ino
                                                                               : 0;
  *out = (struct place){ino, "", 0};
  return ino != 0;
}

bool place_at(long dirfd, const char *path, long flags, struct place *out) {
  if (!session.active) return false;
  if (path && !readable_byte(path)) return false;
  if (!path || !path[0]) return flags & WIRE_AT_EMPTY_PATH && itself(dirfd, out);
  if (place_in(dirfd, path, out)) return true;
  if (!proc_like(path)) return false;
  const char *rest;
  uint64_t ino = proc_inode(path, &rest);
  if (!ino || (!*rest && flags & WIRE_AT_SYMLINK_NOFOLLOW)) return false;
  while (*rest == '/') rest++;
  return whole(out, ino, rest);
}

/* ---- the long way, taken only by calls that found nothing ---- */

/* Directories in which no name leads near a mount: a hash each, forgotten on collision. */
enum { REMEMBERED = 1024 };
static uint64_t elsewhere[REMEMBERED];

uint64_t hash_directory(long dirfd, const char *path, size_t length) {
  size_t end = length, i = 0;
  if (path[0] != '/' && (int)dirfd != AT_FDCWD) return 0;
  while (end && path[end - 1] != '/') end--;
  uint64_t h = 1469598103934665603ull ^ (path[0] == '/' ? 0 : (uint64_t)cwd_changes << 32 | 1), word;
  for (; i + 8 <= end; i += 8) {
    __builtin_memcpy(&word, path + i, 8);
    h = (h ^ word) * 0x9e3779b97f4a7c15ull;
    h ^= h >> 29;
  }
  for (; i < end; i++) h = (h ^ (unsigned char)path[i]) * 1099511628211ull;
  return (h ^ h >> 31) | 1;
}

bool place_elsewhere(long dirfd, const char *path) {
  if (!readable_byte(path)) return false;
  uint64_t hash = hash_directory(dirfd, path, text_length(path));
  return hash && elsewhere[hash % REMEMBERED] == hash;
}

/* The directory a relative path starts from, as text with a trailing slash. */
static size_t base_directory(long dirfd, char *out) {
  long n;
  if ((int)dirfd == AT_FDCWD) {
    n = sys(SYS_getcwd, out, MAX_PATH - 2);
    n = n > 0 ? n - 1 : n;
  } else {
    n = (long)descriptor_path((int)dirfd, out, MAX_PATH - 2);
  }
  if (n <= 0 || out[0] != '/') return 0;
  out[n] = '/';
  return (size_t)n + 1;
}

/*
 * Replaces the first symlink in `path` by its target. 1: replaced, 0: there is none before the path ends or
 * stops existing, -1: too long.
 */
static int expand_one(char path[MAX_PATH], char link[MAX_PATH]) {
  for (size_t at = 1; path[at - 1]; at++) {
    if (path[at] != '/' && path[at] != 0) continue;
    char rest = path[at];
    path[at] = 0;
    long n = sys(SYS_readlinkat, AT_FDCWD, path, link, MAX_PATH - 1);
    path[at] = rest;
    if (n == -ENOENT || n == -ENOTDIR || n == -EACCES) return 0;
    if (n <= 0) {
      if (!rest) return 0;
      continue;
    }
    size_t tail = text_length(path + at), base = 0;
    if (link[0] != '/')
      for (base = at; base && path[base - 1] != '/';) base--;
    if (base + (size_t)n + tail + 2 > MAX_PATH) return -1;
    memmove(path + base + n, path + at, tail + 1);
    bytes_copy(path + base, link, (size_t)n);
    return 1;
  }
  return 0;
}

bool place_behind(long dirfd, const char *path, struct place *out, struct scratch *room) {
  char *buffer = room->path, *plain = room->plain;
  if (!session.active || !readable(path, 1) || !path[0]) return false;
  size_t start = path[0] == '/' ? 0 : base_directory(dirfd, buffer);
  size_t length = text_length(path);
  if ((path[0] != '/' && !start) || start + length + 1 > MAX_PATH) return false;
  bytes_copy(buffer + start, path, length + 1);
  bool steps = has_parent_step(buffer);
  if (!steps && under_mount(buffer)) return whole(out, 0, buffer);
  uint64_t hash = hash_directory(dirfd, path, length);
  for (int links = 0; links < 40; links++) {
    int expanded = expand_one(buffer, room->link);
    if (expanded < 0) break;
    if (has_parent_step(buffer) && normalise(plain, buffer) && under_mount(plain)) {
      bytes_copy(buffer, plain, text_length(plain) + 1);
      return whole(out, 0, buffer);
    }
    if (under_mount(buffer)) return whole(out, 0, buffer);
    if (!expanded) break;
  }
  if (hash) elsewhere[hash % REMEMBERED] = hash;
  return false;
}

void elsewhere_forget(void) { bytes_zero(elsewhere, sizeof elsewhere); }
