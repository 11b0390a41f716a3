/*
 * Links neither kqueue nor libdispatch: `by_name LIBRARY DIR` loads both and looks them up by name. Watches DIR through
 * each, creates a file in it, and prints the events of both.
 */
#include <dispatch/dispatch.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/event.h>
#include <unistd.h>

#define FIND(name) __typeof(&name) my_##name = (__typeof(&name))dlsym(library, #name)

static void *library;
static dispatch_source_t source;
static dispatch_semaphore_t heard;
static unsigned long bits;

static void handler(void *context) {
  FIND(dispatch_source_get_data);
  FIND(dispatch_semaphore_signal);
  bits |= my_dispatch_source_get_data(source);
  my_dispatch_semaphore_signal(heard);
  (void)context;
}

static int change(const char *directory) {
  char path[4096];
  snprintf(path, sizeof path, "%s/made", directory);
  int fd = open(path, O_CREAT | O_WRONLY, 0644);
  return fd < 0 ? -1 : close(fd);
}

int main(int argc, char **argv) {
  library = argc == 3 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  if (!library) return 2;
  FIND(kqueue);
  FIND(kevent);
  FIND(dispatch_queue_create);
  FIND(dispatch_source_create);
  FIND(dispatch_source_set_event_handler_f);
  FIND(dispatch_source_cancel);
  FIND(dispatch_resume);
  FIND(dispatch_release);
  FIND(dispatch_semaphore_create);
  FIND(dispatch_semaphore_wait);
  const void *vnode = dlsym(library, "_dispatch_source_type_vnode");

  int fd = open(argv[2], O_EVTONLY), kq = my_kqueue();
  struct kevent event;
  EV_SET(&event, fd, EVFILT_VNODE, EV_ADD | EV_CLEAR, NOTE_WRITE, 0, NULL);
  if (my_kevent(kq, &event, 1, NULL, 0, NULL) < 0) return perror("kevent"), 3;
  heard = my_dispatch_semaphore_create(0);
  source = my_dispatch_source_create(vnode, (uintptr_t)fd, DISPATCH_VNODE_WRITE, my_dispatch_queue_create("by name", NULL));
  if (!source) return perror("dispatch_source_create"), 4;
  my_dispatch_source_set_event_handler_f(source, handler);
  my_dispatch_resume(source);
  if (change(argv[2])) return perror("change"), 5;

  FIND(dispatch_time);
  struct timespec patience = {20, 0};
  int n = my_kevent(kq, NULL, 0, &event, 1, &patience);
  my_dispatch_semaphore_wait(heard, my_dispatch_time(DISPATCH_TIME_NOW, 20 * (int64_t)NSEC_PER_SEC));
  printf("kqueue %d %x dispatch %lx\n", n, n == 1 ? event.fflags : 0, bits);
  my_dispatch_source_cancel(source);
  my_dispatch_release(source);
  return 0;
}
