/* Preloaded, these names stand before the system's own and are found first. */
#include "../gate.h"

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
