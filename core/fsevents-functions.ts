/** The functions of FSEvents, by the names that programs use: what the agent hooks, and what the doctor asks for. */

/** FSEvents.h, all of it. */
export const FSEVENTS_FUNCTIONS: readonly string[] = [
  'FSEventStreamCreate',
  'FSEventStreamCreateRelativeToDevice',
  'FSEventStreamRetain',
  'FSEventStreamRelease',
  'FSEventStreamScheduleWithRunLoop',
  'FSEventStreamUnscheduleFromRunLoop',
  'FSEventStreamSetDispatchQueue',
  'FSEventStreamInvalidate',
  'FSEventStreamStart',
  'FSEventStreamStop',
  'FSEventStreamFlushAsync',
  'FSEventStreamFlushSync',
  'FSEventStreamSetExclusionPaths',
  'FSEventStreamGetLatestEventId',
  'FSEventStreamGetDeviceBeingWatched',
  'FSEventStreamCopyPathsBeingWatched',
  'FSEventStreamCopyDescription',
  'FSEventStreamShow',
  'FSEventsGetCurrentEventId',
  'FSEventsCopyUUIDForDevice',
  'FSEventsGetLastEventIdForDeviceBeforeTime',
  'FSEventsPurgeEventsForDeviceUpToEventId',
];
