/* Darwin's event records as the gate sees them: three families, one header in common. */
#pragma once
#include <stdint.h>
#include <time.h>
#include "agent_abi.h"

struct record_head {
  uint64_t ident;
  int16_t filter;
  uint16_t flags;
} __attribute__((packed, aligned(4)));

enum { EVFILT_VNODE_ = -4,
       EVFILT_USER_ = -10 };
enum {
  EV_ADD_ = 0x1,
  EV_DELETE_ = 0x2,
  EV_ENABLE_ = 0x4,
  EV_DISABLE_ = 0x8,
  EV_UDATA_SPECIFIC_ = 0x100,
  EV_ERROR_ = 0x4000
};
enum { NOTE_TRIGGER_ = 0x01000000 };
enum { KEVENT_FLAG_IMMEDIATE_ = 0x1,
       KEVENT_FLAG_ERROR_EVENTS_ = 0x2 };

/* One call of any family. `timeout` NULL: for ever. */
struct kevent_call {
  enum family family;
  int kq;
  const void *changes;
  int nchanges;
  void *events;
  int nevents;
  unsigned flags;
  const struct timespec *timeout;
  void *data_out; /* kevent_qos */
  size_t *data_available; /* kevent_qos */
};
