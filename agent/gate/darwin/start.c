/* How the gate's start differs on macOS: dyld has replaced the functions already. */
#include <dlfcn.h>
#include <sys/param.h>
#include "../os.h"
#include "../session.h"
#include "interpose.h"

/* F_GETPATH and getcwd return real paths (`/private/tmp/…`), so the object directory's real path is used. */
int patch_call_sites(bool running) {
  (void)running;
  static char real_directory[MAXPATHLEN];
  long fd = sys(SYS_openat, AT_FDCWD, session.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -1;
  size_t n = descriptor_path((int)fd, real_directory, sizeof real_directory - 1);
  sys(SYS_close, fd);
  if (n && n < 256) {
    session.directory = real_directory;
    session.directory_length = (uint32_t)n;
  }
  return interposed_count;
}

void canary_call(void) {
  int (*bound)(const char *, int) = (int (*)(const char *, int))dlsym(RTLD_DEFAULT, "access");
  if (bound) bound("/", 0);
}
