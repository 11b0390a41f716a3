/* Preloaded, these names stand before the system's own and are found first. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include "../dispatch.h"
#include "../fsevents/fsevents.h"
#include "../gate.h"
#include "preempt.h"

#define EXPORT __attribute__((visibility("default")))

int shimfs_kqueue(void);
int shimfs_guarded_kqueue_np(const void *guard, unsigned flags);
int shimfs_kevent(int, const void *, int, void *, int, const struct timespec *);
int shimfs_kevent64(int, const void *, int, void *, int, unsigned, const struct timespec *);
int shimfs_kevent_qos(int, const void *, int, void *, int, void *, size_t *, unsigned);

EXPORT int kqueue(void) { return shimfs_kqueue(); }

EXPORT int guarded_kqueue_np(const void *guard, unsigned flags) { return shimfs_guarded_kqueue_np(guard, flags); }

EXPORT int kevent(int kq, const void *changes, int nchanges, void *events, int nevents, const struct timespec *timeout) {
  return shimfs_kevent(kq, changes, nchanges, events, nevents, timeout);
}

EXPORT int kevent64(int kq, const void *changes, int nchanges, void *events, int nevents, unsigned flags, const struct timespec *timeout) {
  return shimfs_kevent64(kq, changes, nchanges, events, nevents, flags, timeout);
}

EXPORT int kevent_qos(int kq, const void *changes, int nchanges, void *events, int nevents, void *data_out, size_t *data_available, unsigned flags) {
  return shimfs_kevent_qos(kq, changes, nchanges, events, nevents, data_out, data_available, flags);
}

/* ---- libdispatch ---- */

void *shimfs_dispatch_source_create(const void *type, uintptr_t handle, uintptr_t mask, void *queue);
uintptr_t shimfs_dispatch_source_get_handle(void *object);
uintptr_t shimfs_dispatch_source_get_mask(void *object);
void shimfs_dispatch_source_cancel(void *object);
void shimfs_dispatch_activate(void *object);
void shimfs_dispatch_resume(void *object);
void shimfs_dispatch_suspend(void *object);
void shimfs_dispatch_retain(void *object);
void shimfs_dispatch_release(void *object);

struct search {
  const char *name;
  void *found;
};

static int look(struct dl_phdr_info *info, size_t size, void *data) {
  struct search *s = data;
  (void)size;
  void *library = info->dlpi_name && *info->dlpi_name ? dlopen(info->dlpi_name, RTLD_LAZY | RTLD_NOLOAD) : NULL;
  if (!library) return 0;
  s->found = system_symbol(library, s->name);
  dlclose(library);
  return s->found != NULL;
}

/* The next library's, or that of one which the program has loaded for itself. */
static void *system_function(const char *name) {
  struct search s = {name, dlsym(RTLD_NEXT, name)};
  if (!s.found) dl_iterate_phdr(look, &s);
  return s.found;
}

void find_dispatch_functions(void) {
  static const char *const functions[] = {"dispatch_source_create",     "dispatch_source_get_handle", "dispatch_source_get_mask",
                                          "dispatch_source_merge_data", "dispatch_source_cancel",     "dispatch_activate",
                                          "dispatch_resume",            "dispatch_suspend",           "dispatch_retain",
                                          "dispatch_release"};
  for (unsigned i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    void *at = system_function(functions[i]);
    if (at) dispatch_set_real(functions[i], at);
  }
  /* Data: a program that is not position-independent has a copy of its own, which everybody uses. */
  static const char *const types[] = {"_dispatch_source_type_vnode", "_dispatch_source_type_data_or"};
  for (unsigned i = 0; i < sizeof types / sizeof types[0]; i++) {
    void *at = dlsym(RTLD_DEFAULT, types[i]);
    if (at || (at = system_function(types[i]))) dispatch_set_real(types[i], at);
  }
}

/* A library with libdispatch may have been loaded after us. */
static void found(const void *cell) {
  if (!*(void *const *)cell) find_dispatch_functions();
  if (!*(void *const *)cell) gate_fail("libdispatch is called, and cannot be found");
}

EXPORT void *dispatch_source_create(const void *type, uintptr_t handle, uintptr_t mask, void *queue) {
  found(&real_dispatch.source_create);
  return shimfs_dispatch_source_create(type, handle, mask, queue);
}

EXPORT uintptr_t dispatch_source_get_handle(void *object) {
  found(&real_dispatch.source_get_handle);
  return shimfs_dispatch_source_get_handle(object);
}

EXPORT uintptr_t dispatch_source_get_mask(void *object) {
  found(&real_dispatch.source_get_mask);
  return shimfs_dispatch_source_get_mask(object);
}

EXPORT void dispatch_source_cancel(void *object) {
  found(&real_dispatch.source_cancel);
  shimfs_dispatch_source_cancel(object);
}

EXPORT void dispatch_activate(void *object) {
  found(&real_dispatch.activate);
  shimfs_dispatch_activate(object);
}

EXPORT void dispatch_resume(void *object) {
  found(&real_dispatch.resume);
  shimfs_dispatch_resume(object);
}

EXPORT void dispatch_suspend(void *object) {
  found(&real_dispatch.suspend);
  shimfs_dispatch_suspend(object);
}

EXPORT void dispatch_retain(void *object) {
  found(&real_dispatch.retain);
  shimfs_dispatch_retain(object);
}

EXPORT void dispatch_release(void *object) {
  found(&real_dispatch.release);
  shimfs_dispatch_release(object);
}

/* ---- by name ---- */

const char *const kqueue_names[] = {"kqueue",     "guarded_kqueue_np",         "kevent",
                                    "kevent64",   "kevent_qos",                "darwin_standin_fd_closing",
                                    "darwin_standin_fd_duplicated", NULL};

void *preempting_function(const char *name) {
#define OURS(function) {#function, (void *)(uintptr_t)&function}
  static const struct {
    const char *name;
    void *function;
  } ours[] = {OURS(kqueue),
              OURS(guarded_kqueue_np),
              OURS(kevent),
              OURS(kevent64),
              OURS(kevent_qos),
              OURS(dispatch_source_create),
              OURS(dispatch_source_get_handle),
              OURS(dispatch_source_get_mask),
              OURS(dispatch_source_cancel),
              OURS(dispatch_activate),
              OURS(dispatch_resume),
              OURS(dispatch_suspend),
              OURS(dispatch_retain),
              OURS(dispatch_release)};
  const size_t n = text_length(name);
  for (unsigned i = 0; i < sizeof ours / sizeof ours[0]; i++)
    if (text_length(ours[i].name) == n && text_equal(ours[i].name, name, n)) return ours[i].function;
  return NULL;
}
