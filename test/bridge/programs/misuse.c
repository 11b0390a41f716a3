/*
 * Misuse of FSEvents and Dispatch: `misuse CASE DIR`. Prints the results of the calls and every event; a case that runs to
 * its end prints `end`.
 */
#include <CoreServices/CoreServices.h>
#include <dispatch/dispatch.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *directory;
static dispatch_queue_t queue;
static dispatch_semaphore_t heard;

static void callback(ConstFSEventStreamRef stream, void *info, size_t count, void *paths, const FSEventStreamEventFlags *flags, const FSEventStreamEventId *ids) {
  for (size_t i = 0; i < count; i++) printf("%x %s\n", flags[i], ((char **)paths)[i] + strlen(directory));
  for (size_t i = 0; i < count; i++) dispatch_semaphore_signal(heard);
  (void)stream, (void)info, (void)ids;
}

static CFArrayRef array_of(const char *const *paths, CFIndex count) {
  CFStringRef *strings = calloc((size_t)count + 1, sizeof *strings);
  for (CFIndex i = 0; i < count; i++) strings[i] = CFStringCreateWithCString(NULL, paths[i], kCFStringEncodingUTF8);
  CFArrayRef array = CFArrayCreate(NULL, (const void **)strings, count, &kCFTypeArrayCallBacks);
  for (CFIndex i = 0; i < count; i++) CFRelease(strings[i]);
  free(strings);
  return array;
}

static FSEventStreamRef create(const char *const *paths, CFIndex count, CFTimeInterval latency, FSEventStreamCallback function) {
  CFArrayRef array = array_of(paths, count);
  FSEventStreamRef stream = FSEventStreamCreate(NULL, function, NULL, array, kFSEventStreamEventIdSinceNow, latency, kFSEventStreamCreateFlagFileEvents | kFSEventStreamCreateFlagNoDefer);
  CFRelease(array);
  printf("create %s\n", stream ? "ok" : "NULL");
  return stream;
}

static FSEventStreamRef one(const char *path, CFTimeInterval latency) { return create(&path, 1, latency, callback); }

static void start(FSEventStreamRef stream) {
  if (!stream) return;
  FSEventStreamSetDispatchQueue(stream, queue);
  printf("start %d\n", FSEventStreamStart(stream));
}

static const char *in(const char *name) {
  static char path[4096];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  return path;
}

static void touch(const char *path) { close(open(path, O_CREAT | O_WRONLY, 0644)); }

static void end(FSEventStreamRef stream) {
  FSEventStreamStop(stream);
  FSEventStreamInvalidate(stream);
  FSEventStreamRelease(stream);
}

/* A change, and its events. */
static void prove(FSEventStreamRef stream, const char *path) {
  start(stream);
  touch(path);
  dispatch_semaphore_wait(heard, DISPATCH_TIME_FOREVER);
  end(stream);
}

static void no_paths(void) {
  create(NULL, 0, 0, callback);
  printf("%s\n", FSEventStreamCreate(NULL, callback, NULL, NULL, kFSEventStreamEventIdSinceNow, 0, 0) ? "ok" : "NULL");
}

static void no_callback(void) { create(&directory, 1, 0, NULL); }

static void relative_path(void) {
  if (chdir(directory) == 0) prove(one(".", 0), "n");
}

static void missing_root(void) {
  FSEventStreamRef stream = one(in("no/such"), 0);
  start(stream);
  mkdir(in("no"), 0755);
  mkdir(in("no/such"), 0755);
  dispatch_semaphore_wait(heard, DISPATCH_TIME_FOREVER);
  touch(in("no/such/n"));
  dispatch_semaphore_wait(heard, DISPATCH_TIME_FOREVER);
  end(stream);
}

static void many_paths(void) {
  enum { MOST = 4096 };
  static const char *paths[MOST + 1];
  for (int i = 0; i <= MOST; i++) {
    char name[16];
    snprintf(name, sizeof name, "d%d", i);
    paths[i] = strdup(in(name));
  }
  FSEventStreamRef stream = create(paths, MOST + 1, 0, callback);
  start(stream);
  end(stream);
  prove(create(paths, MOST, 0, callback), paths[MOST - 1]);
}

static void negative_latency(void) { prove(one(directory, -5), in("n")); }
static void no_number(void) { prove(one(directory, __builtin_nan("")), in("n")); }

static void ended(void) {
  FSEventStreamRef stream = one(directory, 0);
  start(stream);
  FSEventStreamStop(stream);
  FSEventStreamInvalidate(stream);
  FSEventStreamScheduleWithRunLoop(stream, CFRunLoopGetCurrent(), kCFRunLoopDefaultMode);
  start(stream);
  end(stream);
}

static void unscheduled(void) {
  FSEventStreamRef stream = one(directory, 0);
  printf("start %d\n", FSEventStreamStart(stream));
  end(stream);
}

static void early_flush(void) {
  FSEventStreamRef stream = one(directory, 0);
  FSEventStreamFlushSync(stream);
  printf("flush %llu\n", (unsigned long long)FSEventStreamFlushAsync(stream));
  prove(stream, in("n"));
}

static void released(void) {
  FSEventStreamRef stream = one(directory, 0);
  FSEventStreamRelease(stream);
  fflush(stdout);
  printf("latest %llu\n", (unsigned long long)FSEventStreamGetLatestEventId(stream));
  printf("start %d\n", FSEventStreamStart(stream));
  FSEventStreamRelease(stream);
}

static void two_of_a_device(void) {
  struct stat st;
  const char *paths[] = {"a", "b"};
  if (stat(directory, &st)) return;
  for (CFIndex count = 0; count <= 2; count += 2) {
    CFArrayRef array = array_of(paths, count);
    printf("%s\n", FSEventStreamCreateRelativeToDevice(NULL, callback, NULL, st.st_dev, array, kFSEventStreamEventIdSinceNow, 0, 0) ? "ok" : "NULL");
    CFRelease(array);
  }
}

static dispatch_source_t source(uintptr_t mask) {
  int fd = open(directory, O_EVTONLY);
  dispatch_source_t s = dispatch_source_create(DISPATCH_SOURCE_TYPE_VNODE, (uintptr_t)fd, mask, queue);
  printf("source %s\n", s ? "ok" : "NULL");
  fflush(stdout);
  return s;
}

static void over_resume(void) {
  dispatch_source_t s = source(DISPATCH_VNODE_WRITE);
  dispatch_resume(s);
  dispatch_resume(s);
}

static void suspended_release(void) {
  dispatch_source_t s = source(DISPATCH_VNODE_WRITE);
  dispatch_resume(s);
  dispatch_suspend(s);
  dispatch_release(s);
}

static void bad_masks(void) {
  source(0);
  source(0x10000);
}

static const struct {
  const char *name;
  void (*run)(void);
} cases[] = {
    {"no-paths", no_paths},
    {"no-callback", no_callback},
    {"relative-path", relative_path},
    {"missing-root", missing_root},
    {"many-paths", many_paths},
    {"negative-latency", negative_latency},
    {"no-number", no_number},
    {"ended", ended},
    {"unscheduled", unscheduled},
    {"early-flush", early_flush},
    {"released", released},
    {"two-of-a-device", two_of_a_device},
    {"over-resume", over_resume},
    {"suspended-release", suspended_release},
    {"bad-masks", bad_masks}};

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  directory = argv[2];
  queue = dispatch_queue_create("misuse", NULL);
  heard = dispatch_semaphore_create(0);
  for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
    if (!strcmp(cases[i].name, argv[1])) {
      cases[i].run();
      puts("end");
      return 0;
    }
  return 2;
}
