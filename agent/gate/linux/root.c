/* chroot(2): names mean something else from then on. */
#define _GNU_SOURCE
#include "../calls.h"
#include "../memory.h"
#include "../os.h"
#include "../overlay.h"
#include "../path.h"
#include "../process.h"
#include "../scratch.h"
#include "../session.h"
#include "../text.h"
#include "calls.h"

/* The absolute path of a real directory, in `room->plain`. Its length or -errno. */
static long real_directory(const char *path, struct scratch *room) {
  char name[40] = "/proc/self/fd/";
  long fd = sys(SYS_openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return fd;
  text_number(name + 14, (uint64_t)fd);
  long n = sys(SYS_readlinkat, AT_FDCWD, name, room->plain, sizeof room->plain - 1);
  sys(SYS_close, fd);
  return n;
}

static bool mount_below(const char *directory, size_t n) {
  for (uint32_t i = 0; i < session.mount_count; i++) {
    const struct mount_point *m = &session.mounts[i];
    bool below = m->length > n && text_equal(m->path, directory, n) && m->path[n] == '/';
    bool above = n >= m->length && text_equal(m->path, directory, m->length) && (directory[m->length] == '/' || !directory[m->length]);
    if (below || above) return true;
  }
  return false;
}

/*
 * The kernel cannot make a virtual directory the root, and the host does not know of roots: where one would have mounts
 * below it, the call is refused. Elsewhere nothing virtual has a name any more; open descriptors keep their files.
 */
long on_chroot(const char *path, const struct arguments *a) {
  struct place p;
  if (!readable_byte(path)) return NOT_OURS;
  struct scratch *room = scratch_take();
  if (!room) return -ENOMEM;
  bool tree = place_at(AT_FDCWD, path, 0, &p);
  long n = tree ? 0 : real_directory(path, room);
  bool whole = n == 1, refused = tree || (n > 1 && mount_below(room->plain, (size_t)n));
  scratch_give(room);
  if (refused) return gate_log("chroot into or above the virtual tree is not possible"), -EPERM;
  if (n < 0) return n;
  long result = native_call(SYS_chroot, a);
  if (result || whole || in_vfork_child()) return result;
  session.mount_count = 0;
  session.overlays = false;
  paths_forget();
  return result;
}
