/*
 * At the first line of input, loads the framework named on its command line; at the second, watches the path on that line and
 * prints the events.
 */
#include <CoreServices/CoreServices.h>
#include <dispatch/dispatch.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FIND(name) __typeof(&name) late_##name = (__typeof(&name))dlsym(framework, #name)

static void heard(ConstFSEventStreamRef stream, void *info, size_t count, void *paths, const FSEventStreamEventFlags *flags, const FSEventStreamEventId *ids) {
  for (size_t i = 0; i < count; i++) printf("%s %x\n", ((char **)paths)[i], flags[i]);
  fflush(stdout);
  (void)stream, (void)info, (void)ids;
}

int main(int argc, char **argv) {
  char line[4096];
  if (argc < 2 || !fgets(line, sizeof line, stdin)) return 2;
  void *framework = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (!framework) return 3;
  puts("loaded");
  fflush(stdout);
  if (!fgets(line, sizeof line, stdin)) return 2;
  line[strcspn(line, "\n")] = 0;
  FIND(CFStringCreateWithCString);
  FIND(CFArrayCreate);
  FIND(FSEventStreamCreate);
  FIND(FSEventStreamSetDispatchQueue);
  FIND(FSEventStreamStart);
  FIND(dispatch_queue_create);
  CFStringRef path = late_CFStringCreateWithCString(NULL, line, kCFStringEncodingUTF8);
  CFArrayRef array = late_CFArrayCreate(NULL, (const void **)&path, 1, NULL);
  FSEventStreamRef stream = late_FSEventStreamCreate(NULL, heard, NULL, array, kFSEventStreamEventIdSinceNow, 0, 0x12);
  if (!stream) return 4;
  late_FSEventStreamSetDispatchQueue(stream, late_dispatch_queue_create("late", NULL));
  puts(late_FSEventStreamStart(stream) ? "started" : "refused");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin));
  return 0;
}
