/* macOS's share in coming up. */
#include <dispatch/dispatch.h>
#include <dlfcn.h>
#include <sys/event.h>
#include <sys/param.h>
#include "../dispatch.h"
#include "../gate.h"
#include "../kqueue.h"
#include "../os.h"
#include "calls.h"
#include "native.h"

static volatile uint32_t generation;

static void forked(void) { generation = 0; }

/* Registered before anybody else's handler of ours: in a child, the first to run. */
volatile uint32_t *fork_page(void) {
  static bool registered;
  if (!registered && pthread_atfork(NULL, NULL, forked)) return NULL;
  registered = true;
  return &generation;
}

/* F_GETPATH and getcwd tell real paths (`/private/tmp/…`): the object directory is known by its real one too. */
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

void find_system_functions(void) {
  real.kqueue = kqueue;
  real.guarded_kqueue_np = guarded_kqueue_np;
  real.kevent = (int (*)(int, const void *, int, void *, int, const struct timespec *))kevent;
  real.kevent64 = (int (*)(int, const void *, int, void *, int, unsigned, const struct timespec *))kevent64;
  real.kevent_qos = kevent_qos;
  find_dispatch_functions();
}

#define SYSTEM(name) dispatch_set_real(#name, (void *)(uintptr_t)&name)

void find_dispatch_functions(void) {
  SYSTEM(dispatch_source_create);
  SYSTEM(dispatch_source_get_handle);
  SYSTEM(dispatch_source_get_mask);
  SYSTEM(dispatch_source_merge_data);
  SYSTEM(dispatch_source_cancel);
  SYSTEM(dispatch_activate);
  SYSTEM(dispatch_resume);
  SYSTEM(dispatch_suspend);
  SYSTEM(dispatch_retain);
  SYSTEM(dispatch_release);
  SYSTEM(_dispatch_source_type_vnode);
  SYSTEM(_dispatch_source_type_data_or);
  /* All three or none. */
  static const char *const weak[] = {"objc_destroyWeak", "objc_initWeak", "objc_loadWeakRetained"};
  void *at[3];
  for (int i = 0; i < 3; i++)
    if (!(at[i] = dlsym(RTLD_DEFAULT, weak[i]))) return;
  for (int i = 0; i < 3; i++) dispatch_set_real(weak[i], at[i]);
}
