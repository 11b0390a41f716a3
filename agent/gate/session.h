/* The session that the process was started with: its object directory, its mounts, its shared page. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "wire.h"

#define MAX_PATH 4096

struct mount_point {
  const char *path; /* normalised, absolute, no trailing slash */
  uint32_t length;
};

struct session {
  bool active; /* false: every call is foreign */
  bool overlays; /* some mounts exist on the real filesystem, too */
  uint32_t binding;
  uint32_t mount_count;
  struct mount_point mounts[SHIMFS_MAX_MOUNTS];
  volatile struct shimfs_shared *shared;
  volatile uint8_t *watched;
  volatile uint32_t *dirty;
  volatile uint32_t *generations;
  uint32_t rebindings; /* the shared page's, when `binding` was last known to be ours */
  const char *directory; /* the object directory, absolute */
  uint32_t directory_length;
  uint32_t owner; /* user id of the host */
  int keepalive; /* inherited by every descendant; the starter sees its end when the last has gone */
};
extern struct session session;

bool session_open(const char *directory, uint32_t binding);
bool session_host_alive(void);
/* For this process alone: it has found the session without a host. Other processes find out for themselves. */
void session_lose(void);
/* The last component of the object directory's path. */
const char *session_base(void);
extern char session_value[SHIMFS_MAX_SESSION_VALUE]; /* of the environment variable */
extern char gate_path[SHIMFS_MAX_GATE_PATH]; /* of this library */
/* A descriptor of the shared page that was inherited, of a program that runs as another user; -1: none. */
extern int session_page;
/* Writes `<object dir>/<area>/<name>` and a NUL. */
void session_object_path(char *out, const char *area, const char *name);
/* A name in the object directory, or an absolute one, as a host reports it: whole, with a NUL, in MAX_PATH bytes. 0 or -ENAMETOOLONG. */
long session_real_path(char *out, const char *name, size_t length);
/* Does the name, in the object directory, lie in a mirror (core/inotify)? */
bool session_mirrored(const char *name, size_t length);
