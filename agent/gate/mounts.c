/* The mounts of the session as paths. */
#define _GNU_SOURCE
#include "mounts.h"
#include "os.h"
#include "session.h"

uint8_t mount_initials[256];

void mounts_start(void) {
  mount_initials['/'] = mount_initials['.'] = mount_initials[0] = 1;
  for (uint32_t i = 0; i < session.mount_count; i++) mount_initials[(uint8_t)session.mounts[i].path[1]] = 1;
}

static const char *skip_slashes(const char *p) {
  while (*p == '/' || (*p == '.' && (p[1] == '/' || p[1] == 0))) p++;
  return p;
}

/* Does absolute `path` begin with the mount's components? Repeated slashes and `.` do not count. */
static bool begins_with(const char *path, const struct mount_point *m) {
  const char *want = m->path + 1;
  /* Nearly every other path ends here. */
  if (path[1] != *want && path[1] != '/' && path[1] != '.') return false;
  path = skip_slashes(path);
  while (*want) {
    if (*want == '/') {
      if (*path != '/') return false;
      path = skip_slashes(path);
      want++;
    } else if (*path++ != *want++) {
      return false;
    }
  }
  return *path == 0 || *path == '/';
}

bool under_mount(const char *absolute) {
  for (uint32_t i = 0; i < session.mount_count; i++)
    if (begins_with(absolute, &session.mounts[i])) return true;
  return false;
}
