/*
 * Libraries of the tree that a program is linked with.
 *
 * They are loaded before the first line of a preloaded library runs. So a program that may need some is started with
 * the gate as an auditor, too (LD_AUDIT): a copy in a namespace of its own, which comes before everything else. It
 * patches the loader alone, so that it finds the libraries that the program would find, and removes the patches when all is
 * mapped: then the preloaded gate begins, as everywhere.
 */
#define _GNU_SOURCE
#include <link.h>
#include "../api.h"
#include "../attributes.h"
#include "../calls.h"
#include "../connection.h"
#include "../namespace.h"
#include "../os.h"
#include "../overlay.h"
#include "../path.h"
#include "../process.h"
#include "../recovery.h"
#include "../scratch.h"
#include "../session.h"
#include "../text.h"
#include "loader.h"
#include "patch.h"

#define EXPORT __attribute__((visibility("default")))

enum { NAMES_ROOM = 32 * 1024 };

static bool known; /* the session is: libraries are looked for */
static bool standing; /* the loader is patched */
static struct text_range loader;
static char directory[MAX_PATH]; /* the program's own: $ORIGIN */
static char found[MAX_PATH];

static int first_name(struct dl_phdr_info *info, size_t size, void *out) {
  (void)size;
  *(const char **)out = info->dlpi_name;
  return 1;
}

bool loader_is_auditor(void) {
  const char *name = "";
  dl_iterate_phdr(first_name, &name);
  return name && *name; /* the program itself has none, and comes first in its namespace */
}

static void learn_directory(void) {
  long n = on_readlink(AT_FDCWD, "/proc/self/exe", directory, sizeof directory - 1);
  if (n == LEFT_MOUNTS) host_end();
  if (n == NOT_OURS) n = sys(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", directory, sizeof directory - 1);
  while (n > 0 && directory[n - 1] != '/') n--;
  directory[n > 1 ? n - 1 : 0] = 0;
}

bool loader_start(void) {
  shimfs_prepare_calls();
  patch_entry = shimfs_site_entry;
  if (!find_loader_text(&loader) || patch_text(&loader, false) <= 0) return false;
  connection_start();
  fd_recover_place();
  learn_directory();
  return known = standing = true;
}

/* The name that `<object dir>/o/…` stands for: the loader read $ORIGIN before we stood. NULL: it is no such name. */
static char *in_tree(const char *name) {
  size_t n = session.directory_length, before = text_length(directory);
  if (!before || !text_equal(name, session.directory, n) || name[n] != '/' || name[n + 1] != SHIMFS_OBJECTS[0] || name[n + 2] != '/') return NULL;
  size_t more = text_length(name + n + 2);
  if (before + more >= sizeof found) return NULL;
  bytes_copy(found, directory, before);
  bytes_copy(found + before, name + n + 2, more + 1);
  return found;
}

/* ---- the search, done here: the loader has found the tree's directories missing while it loaded ourselves ---- */

enum outcome { ABSENT,
               REAL,
               OURS };

static enum outcome look(const char *path) {
  struct place p;
  struct scratch *room = session.overlays ? scratch_take() : NULL;
  if (room && place_ahead(AT_FDCWD, path, true, &p, room) && p.length < MAX_PATH) bytes_copy(found, p.path, p.length + 1), path = found;
  if (room) scratch_give(room);
  long result = on_access(AT_FDCWD, path, 4, 0);
  if (result == LEFT_MOUNTS) return host_end(), OURS;
  if (result != NOT_OURS) return result == 0 ? OURS : ABSENT;
  return sys(SYS_faccessat, AT_FDCWD, path, 4) == 0 ? REAL : ABSENT;
}

/* `found`: the directory of `n` bytes, $ORIGIN put in, and the library's name. */
static bool candidate(const char *part, size_t n, const char *origin, size_t origin_length, const char *name) {
  size_t at = 0, more = text_length(name);
  for (size_t i = 0; i < n;) {
    size_t word = text_equal(part + i, "$ORIGIN", 7) ? 7 : text_equal(part + i, "${ORIGIN}", 9) ? 9
                                                                                                : 0;
    if (!word && part[i] == '$') return false;
    if (at + origin_length + more + 4 > sizeof found) return false;
    if (word) bytes_copy(found + at, origin, origin_length), at += origin_length, i += word;
    else found[at++] = part[i++];
  }
  if (!n) found[at++] = '.';
  if (found[at - 1] != '/') found[at++] = '/';
  bytes_copy(found + at, name, more + 1);
  return true;
}

/* @param list directories, parted by colons or semicolons */
static enum outcome search(const char *list, const char *origin, size_t origin_length, const char *name) {
  while (list && *list) {
    size_t n = 0;
    while (list[n] && list[n] != ':' && list[n] != ';') n++;
    enum outcome there = candidate(list, n, origin, origin_length, name) ? look(found) : ABSENT;
    if (there != ABSENT) return candidate(list, n, origin, origin_length, name), there;
    list = list[n] ? list + n + 1 : NULL;
  }
  return ABSENT;
}

static const char *dynamic_text(const struct link_map *map, long tag) {
  uintptr_t strings = 0, at = 0;
  for (const ElfW(Dyn) *d = map->l_ld; d && d->d_tag != DT_NULL; d++) {
    if (d->d_tag == DT_STRTAB) strings = d->d_un.d_ptr;
    if (d->d_tag == tag) at = d->d_un.d_val;
  }
  if (strings && strings < map->l_addr) strings += map->l_addr;
  return strings && at ? (const char *)strings + at : NULL;
}

static enum outcome find_library(const struct link_map *map, const char *name) {
  const struct link_map *program = map;
  while (program->l_prev) program = program->l_prev;
  const char *origin = map->l_name && map->l_name[0] ? map->l_name : NULL;
  size_t length = 0;
  if (origin)
    for (length = text_length(origin); length && origin[length - 1] != '/';) length--;
  if (length) length--;
  else origin = directory, length = text_length(directory);
  const char *own = dynamic_text(map, DT_RUNPATH);
  enum outcome there = own ? ABSENT : search(dynamic_text(map, DT_RPATH), origin, length, name);
  if (!own && there == ABSENT && program != map) there = search(dynamic_text(program, DT_RPATH), directory, text_length(directory), name);
  if (there == ABSENT) there = search(gate_environment("LD_LIBRARY_PATH"), directory, text_length(directory), name);
  return there == ABSENT ? search(own, origin, length, name) : there;
}

/* ---- the auditor's functions ---- */

EXPORT unsigned la_version(unsigned version) { return known ? version : 0; }

EXPORT char *la_objsearch(const char *name, uintptr_t *cookie, unsigned flag) {
  char *there = known ? in_tree(name) : NULL;
  bool bare = true;
  for (const char *c = name; *c; c++) bare = bare && *c != '/';
  if (known && bare && flag == LA_SER_ORIG) {
    /* Later on we are asked from time to time, and keep nothing open that the program might close. */
    session.active = true;
    if (!standing) fd_recover_place();
    if (find_library((const struct link_map *)*cookie, name) == OURS) there = found;
    if (!standing) connection_stop();
    session.active = standing;
  }
  return there ? there : (char *)(uintptr_t)name;
}

/* A library's name for the program is its path in the tree. */
EXPORT unsigned la_objopen(struct link_map *map, Lmid_t namespace, uintptr_t *cookie) {
  static char names[NAMES_ROOM];
  static size_t used;
  (void)namespace, (void)cookie;
  const char *name = standing && map->l_name ? in_tree(map->l_name) : NULL;
  size_t n = name ? text_length(name) + 1 : 0;
  if (name && used + n <= sizeof names) {
    bytes_copy(names + used, name, n);
    map->l_name = names + used;
    used += n;
  }
  return 0;
}

EXPORT void la_activity(uintptr_t *cookie, unsigned flag) {
  /* Another auditor has a namespace of its own; the program's is that of which the first has no name. */
  const struct link_map *first = (const struct link_map *)*cookie;
  if (!standing || flag != LA_ACT_CONSISTENT || !first->l_name || first->l_name[0]) return;
  standing = false;
  unpatch_text(&loader);
  connection_stop();
  session.active = false;
}

/* Removes the gate from the environment again, for the program and its children. */
void loader_tidy(char **environment) {
  size_t n = text_length(gate_path);
  for (char **e = environment; e && *e; e++) {
    if (!text_equal(*e, "LD_AUDIT=", 9) || !text_equal(*e + 9, gate_path, n)) continue;
    char *rest = *e + 9 + n;
    if (*rest == ':') {
      rest++;
      for (char *to = *e + 9; (*to = *rest); to++) rest++;
      return;
    }
    if (*rest) continue;
    for (char **next = e; (*next = next[1]); next++) continue;
    return;
  }
}
