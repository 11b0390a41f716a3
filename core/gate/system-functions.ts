/**
 * The functions of kqueue, Dispatch, FSEvents and CoreFoundation that the gate replaces or calls.
 *
 * The one list of them: the gate's table of the system's own functions, the names that a preloaded gate exports and
 * answers `dlsym` for, the tuples for dyld, Frida's hooks and the doctor's names are made from it.
 */

/** A function's declaration in C, in parts. `parameters` has its parentheses. */
export interface SystemFunction {
  readonly name: string;
  readonly result: string;
  readonly parameters: string;
}

const f = (result: string, name: string, parameters: string): SystemFunction => ({
  name,
  result,
  parameters: `(${parameters})`,
});

/** sys/event.h, and event_private.h of xnu's bsd/sys. Event records are untyped: three layouts share the code. */
export const KQUEUE: readonly SystemFunction[] = [
  f('int', 'kqueue', 'void'),
  f('int', 'guarded_kqueue_np', 'const void *guard, unsigned flags'),
  f(
    'int',
    'kevent',
    'int kq, const void *changes, int nchanges, void *events, int nevents, const struct timespec *timeout',
  ),
  f(
    'int',
    'kevent64',
    'int kq, const void *changes, int nchanges, void *events, int nevents, unsigned flags, const struct timespec *timeout',
  ),
  f(
    'int',
    'kevent_qos',
    'int kq, const void *changes, int nchanges, void *events, int nevents, void *data_out, size_t *data_available, unsigned flags',
  ),
];

/** A kqueue in user space is notified through these of descriptors that the gate closes and duplicates. */
export const KQUEUE_LISTENERS: readonly SystemFunction[] = [
  f('void', 'darwin_standin_fd_closing', 'int fd'),
  f('void', 'darwin_standin_fd_duplicated', 'int from, int to'),
];

/** dispatch/source.h and object.h: functions that a source on a virtual file passes. */
export const DISPATCH: readonly SystemFunction[] = [
  f('void *', 'dispatch_source_create', 'const void *type, uintptr_t handle, uintptr_t mask, void *queue'),
  f('uintptr_t', 'dispatch_source_get_handle', 'void *source'),
  f('uintptr_t', 'dispatch_source_get_mask', 'void *source'),
  f('void', 'dispatch_source_cancel', 'void *source'),
  f('void', 'dispatch_activate', 'void *object'),
  f('void', 'dispatch_resume', 'void *object'),
  f('void', 'dispatch_suspend', 'void *object'),
];

/** Replaced where objects are not Objective-C's: the gate counts the references itself. Called everywhere. */
export const DISPATCH_COUNTED: readonly SystemFunction[] = [
  f('void', 'dispatch_retain', 'void *object'),
  f('void', 'dispatch_release', 'void *object'),
];

/** Called, not replaced. */
export const DISPATCH_CALLED: readonly SystemFunction[] = [
  f('void', 'dispatch_source_merge_data', 'void *source, uintptr_t value'),
];
export const DISPATCH_DATA: readonly string[] = [
  '_dispatch_source_type_vnode',
  '_dispatch_source_type_data_or',
];

/** The Objective-C runtime's weak references. All three or none. */
export const WEAK_REFERENCES: readonly SystemFunction[] = [
  f('void *', 'objc_initWeak', 'void **slot, void *object'),
  f('void *', 'objc_loadWeakRetained', 'void **slot'),
  f('void', 'objc_destroyWeak', 'void **slot'),
];

const STREAM = 'void *';
/** FSEvents.h, all of it. */
export const FSEVENTS: readonly SystemFunction[] = [
  f(
    'void *',
    'FSEventStreamCreate',
    'void *, stream_callback, struct stream_context *, void *, uint64_t, double, uint32_t',
  ),
  f(
    'void *',
    'FSEventStreamCreateRelativeToDevice',
    'void *, stream_callback, struct stream_context *, int32_t, void *, uint64_t, double, uint32_t',
  ),
  f('void', 'FSEventStreamRetain', STREAM),
  f('void', 'FSEventStreamRelease', STREAM),
  f('void', 'FSEventStreamScheduleWithRunLoop', 'void *, void *, void *'),
  f('void', 'FSEventStreamUnscheduleFromRunLoop', 'void *, void *, void *'),
  f('void', 'FSEventStreamSetDispatchQueue', 'void *, void *'),
  f('void', 'FSEventStreamInvalidate', STREAM),
  f('unsigned char', 'FSEventStreamStart', STREAM),
  f('void', 'FSEventStreamStop', STREAM),
  f('uint64_t', 'FSEventStreamFlushAsync', STREAM),
  f('void', 'FSEventStreamFlushSync', STREAM),
  f('unsigned char', 'FSEventStreamSetExclusionPaths', 'void *, void *'),
  f('uint64_t', 'FSEventStreamGetLatestEventId', STREAM),
  f('int32_t', 'FSEventStreamGetDeviceBeingWatched', STREAM),
  f('void *', 'FSEventStreamCopyPathsBeingWatched', STREAM),
  f('void *', 'FSEventStreamCopyDescription', STREAM),
  f('void', 'FSEventStreamShow', STREAM),
  f('uint64_t', 'FSEventsGetCurrentEventId', 'void'),
  f('void *', 'FSEventsCopyUUIDForDevice', 'int32_t'),
  f('uint64_t', 'FSEventsGetLastEventIdForDeviceBeforeTime', 'int32_t, double'),
  f('unsigned char', 'FSEventsPurgeEventsForDeviceUpToEventId', 'int32_t, uint64_t'),
];

/** What streams of the gate's own are made with: CoreFoundation, and libdispatch's queues. */
export const FRAMEWORK_CALLED: readonly SystemFunction[] = [
  f('void *', 'CFArrayCreate', 'void *, const void **, long, const void *'),
  f('long', 'CFArrayGetCount', 'void *'),
  f('void *', 'CFArrayGetValueAtIndex', 'void *, long'),
  f('unsigned char', 'CFStringGetFileSystemRepresentation', 'void *, char *, long'),
  f('void *', 'CFStringCreateWithFileSystemRepresentation', 'void *, const char *'),
  f('void *', 'CFStringCreateWithCString', 'void *, const char *, uint32_t'),
  f('void *', 'CFDictionaryCreate', 'void *, const void **, const void **, long, const void *, const void *'),
  f('void *', 'CFDictionaryGetValue', 'void *, const void *'),
  f('void *', 'CFNumberCreate', 'void *, long, const void *'),
  f('unsigned char', 'CFNumberGetValue', 'void *, long, void *'),
  f('void *', 'CFUUIDCreateFromUUIDBytes', 'void *, struct uuid_bytes'),
  f('void *', 'CFRetain', 'void *'),
  f('void', 'CFRelease', 'void *'),
  f('unsigned char', 'CFEqual', 'void *, void *'),
  f('void *', 'CFRunLoopSourceCreate', 'void *, long, struct source_context *'),
  f('void', 'CFRunLoopSourceSignal', 'void *'),
  f('void', 'CFRunLoopSourceInvalidate', 'void *'),
  f('void', 'CFRunLoopAddSource', 'void *, void *, void *'),
  f('void', 'CFRunLoopRemoveSource', 'void *, void *, void *'),
  f('void', 'CFRunLoopWakeUp', 'void *'),
  f('void', 'dispatch_async_f', 'void *, void *, void (*)(void *)'),
  f('void', 'dispatch_sync_f', 'void *, void *, void (*)(void *)'),
  f('void', 'dispatch_queue_set_specific', 'void *, const void *, void *, void (*)(void *)'),
  f('void *', 'dispatch_get_specific', 'const void *'),
];
export const FRAMEWORK_DATA: readonly string[] = [
  'kCFTypeArrayCallBacks',
  'kCFTypeDictionaryKeyCallBacks',
  'kCFTypeDictionaryValueCallBacks',
];

/** @returns the functions' names */
export const namesOf = (functions: readonly SystemFunction[]): string[] => functions.map(({ name }) => name);

/** `functions.h`: each list as a macro that applies X(name, result, parameters), or X(name) of data. */
export function functionsHeader(): string {
  const macro = (name: string, rows: readonly string[]): string =>
    [`#define ${name}(X)`, ...rows.map((row) => `  X(${row})`)].join(' \\\n');
  const functions = (name: string, list: readonly SystemFunction[]): string =>
    macro(
      name,
      list.map((one) => `${one.name}, ${one.result}, ${one.parameters}`),
    );
  return [
    '/* Generated from core/gate/system-functions.ts. Do not edit. */',
    '#pragma once',
    functions('KQUEUE_FUNCTIONS', KQUEUE),
    functions('KQUEUE_LISTENERS', KQUEUE_LISTENERS),
    functions('DISPATCH_FUNCTIONS', DISPATCH),
    functions('DISPATCH_COUNTED', DISPATCH_COUNTED),
    functions('DISPATCH_CALLED', DISPATCH_CALLED),
    macro('DISPATCH_DATA', DISPATCH_DATA),
    functions('WEAK_REFERENCES', WEAK_REFERENCES),
    functions('FSEVENTS_FUNCTIONS', FSEVENTS),
    functions('FRAMEWORK_FUNCTIONS', FRAMEWORK_CALLED),
    macro('FRAMEWORK_DATA', FRAMEWORK_DATA),
    '',
  ].join('\n');
}
