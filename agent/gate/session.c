/* The session a process belongs to: its object directory, its mounts, its shared page. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "os.h"
#include "process.h"
#include "session.h"
#include "text.h"

struct session session = {.keepalive = -1};
char session_value[SHIMFS_MAX_SESSION_VALUE];
char gate_path[SHIMFS_MAX_GATE_PATH];
int session_page = -1;
static char directory_text[SHIMFS_MAX_OBJECT_DIRECTORY];

bool session_open(const char *directory, uint32_t binding) {
  size_t length = text_length(directory);
  if (length == 0 || length >= sizeof directory_text) return false;
  bytes_copy(directory_text, directory, length + 1);
  session.directory = directory_text;
  session.directory_length = (uint32_t)length;
  session.binding = binding;

  char path[320];
  session_object_path(path, SHIMFS_SHARED, NULL);
  long fd = session_page >= 0 ? session_page : sys(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  struct stat st;
  long bad = sys(SYS_fstat, fd, &st);
  long at = bad || st.st_size < (long)sizeof(struct shimfs_shared)
      ? -1
      : sys(SYS_mmap, 0, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (fd != session_page) sys(SYS_close, fd);
  if (at < 0 && at > -4096) return false;
  volatile struct shimfs_shared *s = (void *)at;
  if (s->magic != SHIMFS_MAGIC || s->version != SHIMFS_PROTOCOL_VERSION || s->total_size > st.st_size) return false;
  session.shared = s;
  session.owner = st.st_uid;
  session.rebindings = s->rebindings;
  session.watched = (volatile uint8_t *)s + s->watched_offset;
  session.dirty = (volatile uint32_t *)(void *)((volatile uint8_t *)s + s->dirty_offset);
  session.generations = (volatile uint32_t *)(void *)((volatile uint8_t *)s + s->generations_offset);
  if (s->mount_count > SHIMFS_MAX_MOUNTS) return gate_log("the session has more mounts than this gate can hold"), false;
  const char *text = (const char *)(uintptr_t)((volatile uint8_t *)s + s->mounts_offset);
  for (uint32_t i = 0; i < s->mount_count; i++) {
    session.mounts[i].path = text;
    session.mounts[i].length = (uint32_t)text_length(text);
    text += session.mounts[i].length + 1;
    session.mount_count = i + 1;
  }
  session.overlays = s->session_flags & SHARED_FLAG_OVERLAYS;
  session.active = true;
  return true;
}

static bool lost;

bool session_host_alive(void) { return session.shared->host_state == HOST_ALIVE && !lost; }
void session_lose(void) { lost = true; }

const char *session_base(void) {
  const char *base = session.directory;
  for (const char *at = base; *at; at++)
    if (*at == '/') base = at + 1;
  return base;
}

void session_object_path(char *out, const char *area, const char *name) {
  bytes_copy(out, session.directory, session.directory_length);
  out += session.directory_length;
  for (int i = 0; i < 2; i++) {
    const char *part = i ? name : area;
    if (!part) break;
    size_t n = text_length(part);
    *out++ = '/';
    bytes_copy(out, part, n);
    out += n;
  }
  *out = 0;
}

long session_real_path(char *out, const char *name, size_t length) {
  size_t n = name[0] == '/' ? 0 : session.directory_length + 1;
  if (n + length + 1 > MAX_PATH) return -ENAMETOOLONG;
  if (n) {
    bytes_copy(out, session.directory, n - 1);
    out[n - 1] = '/';
  }
  bytes_copy(out + n, name, length);
  out[n + length] = 0;
  return 0;
}

bool session_mirrored(const char *name, size_t length) {
  return length > 2 && name[0] == SHIMFS_MIRRORS[0] && name[1] == '/';
}
