/* Functions without a stream: about event ids, and the virtual device. */
#define _GNU_SOURCE
#include "../api.h"
#include "../os.h"
#include "../real.h"
#include "../session.h"
#include "entry.h"
#include "fsevents.h"

int32_t virtual_device(void) { return (int32_t)session.shared->device; }

API(uint64_t, FSEventsGetCurrentEventId, (void)) {
  if (session.active && session_host_alive()) return newest_event_id();
  REAL(FSEventsGetCurrentEventId, 0, );
}

API(void *, FSEventsCopyUUIDForDevice, (int32_t device)) {
  if (session.active && device == virtual_device() && real_find_framework()) {
    struct uuid_bytes history = {{0}};
    return host_event_id(EVENT_ID_KIND_NEWEST, 0, history.byte) || history.byte[0] ? real.CFUUIDCreateFromUUIDBytes(NULL, history) : NULL;
  }
  REAL(FSEventsCopyUUIDForDevice, NULL, device);
}

API(uint64_t, FSEventsGetLastEventIdForDeviceBeforeTime, (int32_t device, double seconds)) {
  if (session.active && device == virtual_device()) {
    uint64_t id = seconds > 0 ? host_event_id(EVENT_ID_KIND_BEFORE, (uint64_t)(seconds * 1000), NULL) : 0;
    return id ? id * ID_PARTS + ID_PARTS - 1 : 0;
  }
  REAL(FSEventsGetLastEventIdForDeviceBeforeTime, 0, device, seconds);
}

/* The virtual tree's history is bounded, and shared: a purge by one process would take it from the others. */
API(unsigned char, FSEventsPurgeEventsForDeviceUpToEventId, (int32_t device, uint64_t id)) {
  if (session.active && device == virtual_device()) return 0;
  REAL(FSEventsPurgeEventsForDeviceUpToEventId, 0, device, id);
}
