/*
 * streams DIRECTORY COUNT LATENCY [queue]: COUNT FSEvents streams over DIRECTORY on one run loop or queue.
 *
 * First a line: ns for creating and starting them. Then a record of 24 bytes for each callback: time (ns, u64), number of
 * callbacks so far (u64), number of events in this callback (u32), and whether it reported a loss (u32).
 */
#include "bench.h"
#include <CoreServices/CoreServices.h>
#include <dispatch/dispatch.h>

static uint64_t callbacks;

static void heard(ConstFSEventStreamRef stream, void *info, size_t count, void *paths, const FSEventStreamEventFlags *flags, const FSEventStreamEventId *ids) {
  struct {
    uint64_t when, callbacks;
    uint32_t events, lost;
  } record = {.when = now(), .callbacks = ++callbacks, .events = (uint32_t)count};
  (void)stream, (void)info, (void)paths, (void)ids;
  for (size_t i = 0; i < count; i++) record.lost |= flags[i] & kFSEventStreamEventFlagMustScanSubDirs;
  if (write(1, &record, sizeof record) != sizeof record) exit(1);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  dispatch_queue_t queue = argc > 4 ? dispatch_queue_create("bench", NULL) : NULL;
  CFStringRef path = CFStringCreateWithCString(NULL, argv[1], kCFStringEncodingUTF8);
  CFArrayRef paths = CFArrayCreate(NULL, (const void **)&path, 1, &kCFTypeArrayCallBacks);
  uint64_t start = now();
  for (int i = 0; i < atoi(argv[2]); i++) {
    FSEventStreamRef stream = FSEventStreamCreate(NULL, heard, NULL, paths, kFSEventStreamEventIdSinceNow, atof(argv[3]), kFSEventStreamCreateFlagFileEvents);
    if (!stream) die("FSEventStreamCreate");
    if (queue) FSEventStreamSetDispatchQueue(stream, queue);
    else FSEventStreamScheduleWithRunLoop(stream, CFRunLoopGetCurrent(), kCFRunLoopDefaultMode);
    if (!FSEventStreamStart(stream)) die("FSEventStreamStart");
  }
  dprintf(1, "%llu\n", (unsigned long long)(now() - start));
  if (queue) dispatch_main();
  CFRunLoopRun();
  return 0;
}
