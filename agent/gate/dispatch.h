/* libdispatch as the gate sees it: opaque objects, and the functions that a source on a virtual file passes. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The system's own. NULL where it has none. */
struct dispatch_functions {
  void *(*source_create)(const void *type, uintptr_t handle, uintptr_t mask, void *queue);
  uintptr_t (*source_get_handle)(void *source);
  uintptr_t (*source_get_mask)(void *source);
  void (*source_merge_data)(void *source, uintptr_t value);
  void (*source_cancel)(void *source);
  void (*activate)(void *object);
  void (*resume)(void *object);
  void (*suspend)(void *object);
  void (*retain)(void *object);
  void (*release)(void *object);
  const void *type_vnode, *type_data_or;
  /*
   * Where dispatch objects are Objective-C's, they are released in more ways than by dispatch_release: that a source
   * still lives is asked of a weak reference.
   */
  void *(*init_weak)(void **slot, void *object);
  void *(*load_weak_retained)(void **slot);
  void (*destroy_weak)(void **slot);
};
extern struct dispatch_functions real_dispatch;

/* Fills real_dispatch (linux/preempt.c, darwin/start.c). */
void find_dispatch_functions(void);
/* Frida-loaded: what the agent found. False: no function of libdispatch's. */
bool dispatch_set_real(const char *name, void *function);

/* The agent's part (agent.c). 0, or -errno of a watch that could not be had. */
enum dispatch_op { DISPATCH_CREATED = 0, DISPATCH_ACTIVATE = 1, DISPATCH_RESUME = 2, DISPATCH_SUSPEND = 3, DISPATCH_CANCEL = 4, DISPATCH_RELEASED = 5 };
int agent_dispatch(enum dispatch_op op, uint32_t id, int fd, uint32_t mask);
void dispatch_after_fork(void);
