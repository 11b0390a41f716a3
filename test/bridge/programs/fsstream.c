/*
 * A program that uses FSEvents' public API: one command, one answer. Streams, loops and queues have names. Events of
 * callbacks are stored with their thread until a command reads them.
 */
#include <CoreServices/CoreServices.h>
#include <dispatch/dispatch.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define MOST 2048
#define WORDS 64

/* Function pointers, so that the same program can look the functions up by name. */
#ifdef BY_NAME
#define NAMES(X) X(FSEventStreamCreate) X(FSEventStreamScheduleWithRunLoop) X(FSEventStreamUnscheduleFromRunLoop) X(FSEventStreamStart) \
    X(FSEventStreamStop) X(FSEventStreamInvalidate) X(FSEventStreamRelease) X(FSEventStreamFlushSync) X(FSEventStreamSetDispatchQueue)
#define DECLARE(name) static __typeof(&name) by_##name;
NAMES(DECLARE)
#define FSEventStreamCreate by_FSEventStreamCreate
#define FSEventStreamScheduleWithRunLoop by_FSEventStreamScheduleWithRunLoop
#define FSEventStreamUnscheduleFromRunLoop by_FSEventStreamUnscheduleFromRunLoop
#define FSEventStreamStart by_FSEventStreamStart
#define FSEventStreamStop by_FSEventStreamStop
#define FSEventStreamInvalidate by_FSEventStreamInvalidate
#define FSEventStreamRelease by_FSEventStreamRelease
#define FSEventStreamFlushSync by_FSEventStreamFlushSync
#define FSEventStreamSetDispatchQueue by_FSEventStreamSetDispatchQueue
#endif

struct loop {
  char name[32];
  pthread_t thread;
  CFRunLoopRef loop;
  CFRunLoopSourceRef own; /* NULL: only streams keep the loop alive. */
  int runs;
  int ended;
};

struct stream {
  char name[32];
  FSEventStreamRef stream;
  FSEventStreamCreateFlags flags;
  int cf, extended, relative;
  char *text; /* Events, each followed by a newline. */
  size_t length;
  int events, callbacks, most, overlapped;
  int inside; /* Threads in its callback. */
  int mutating; /* Callbacks during a command on the main thread. */
  int released;
  int given_up; /* The main thread has released it. */
  char place[32];
  char actions[128]; /* Actions inside the next callback. */
  int sleep_ms;
};

static struct loop loops[64];
static struct stream streams[MOST];
static int loop_count, stream_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static __thread const char *here = "?";
static __thread int commanding;
static struct {
  char name[32];
  dispatch_queue_t queue;
} queues[64];
static int queue_count;
static struct {
  char name[32];
  int fd;
} files[64];

static void print_line(const char *format, ...) {
  va_list args;
  va_start(args, format);
  vprintf(format, args);
  va_end(args);
  putchar('\n');
  fflush(stdout);
}

static struct stream *stream_named(const char *name) {
  for (int i = 0; i < stream_count; i++)
    if (!strcmp(streams[i].name, name)) return &streams[i];
  return NULL;
}

static void keep(struct stream *s, const char *path, unsigned flags, long ino, unsigned long long id) {
  char line[4400];
  int n = snprintf(line, sizeof line, "%s|%x|%ld|%llu\n", path, flags, ino, id);
  s->text = realloc(s->text, s->length + (size_t)n + 1);
  memcpy(s->text + s->length, line, (size_t)n + 1);
  s->length += (size_t)n;
  s->events++;
}

static void text_of(CFStringRef string, char *out, size_t size) {
  if (!CFStringGetFileSystemRepresentation(string, out, (CFIndex)size)) strcpy(out, "(no text)");
}

static void act(struct stream *s, const char *actions) {
  if (strstr(actions, "flush")) FSEventStreamFlushSync(s->stream);
  if (strstr(actions, "stop")) FSEventStreamStop(s->stream);
  if (strstr(actions, "again")) FSEventStreamStop(s->stream);
  if (strstr(actions, "unschedule"))
    for (int i = 0; i < loop_count; i++) FSEventStreamUnscheduleFromRunLoop(s->stream, loops[i].loop, kCFRunLoopDefaultMode);
  if (strstr(actions, "invalidate")) FSEventStreamInvalidate(s->stream);
  if (strstr(actions, "release")) FSEventStreamRelease(s->stream);
}

static void callback(ConstFSEventStreamRef reference, void *info, size_t count, void *paths, const FSEventStreamEventFlags *flags, const FSEventStreamEventId *ids) {
  struct stream *s = info;
  char actions[128];
  pthread_mutex_lock(&lock);
  if (s->inside++) s->overlapped++;
  if (commanding) s->mutating++;
  if (s->released) s->overlapped += 1000;
  s->callbacks++;
  if ((int)count > s->most) s->most = (int)count;
  snprintf(s->place, sizeof s->place, "%s", here);
  for (size_t i = 0; i < count; i++) {
    char path[4096];
    int64_t ino = 0;
    if (s->extended) {
      CFDictionaryRef one = CFArrayGetValueAtIndex(paths, (CFIndex)i);
      text_of(CFDictionaryGetValue(one, kFSEventStreamEventExtendedDataPathKey), path, sizeof path);
      CFNumberRef number = CFDictionaryGetValue(one, kFSEventStreamEventExtendedFileIDKey);
      if (number) CFNumberGetValue(number, kCFNumberSInt64Type, &ino);
    } else if (s->cf) text_of(CFArrayGetValueAtIndex(paths, (CFIndex)i), path, sizeof path);
    else snprintf(path, sizeof path, "%s", ((char **)paths)[i]);
    keep(s, path, flags[i], (long)ino, ids[i]);
  }
  snprintf(actions, sizeof actions, "%s", s->actions);
  s->actions[0] = 0;
  int pause = s->sleep_ms;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  if (actions[0]) act(s, actions);
  if (strstr(actions, "outlive")) {
    pthread_mutex_lock(&lock);
    while (!s->given_up) pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    /* A thread in the callback still uses it. */
    if (FSEventStreamGetLatestEventId(reference) != ids[count - 1]) s->overlapped += 10000;
  }
  if (pause) usleep((useconds_t)pause * 1000);
  pthread_mutex_lock(&lock);
  s->inside--;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

static void released(const void *info) {
  struct stream *s = (struct stream *)(uintptr_t)info;
  pthread_mutex_lock(&lock);
  s->released++;
  if (s->inside) s->overlapped += 100;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

static void nothing(void *info) { (void)info; }

static void *run(void *argument) {
  struct loop *l = argument;
  here = l->name;
  pthread_mutex_lock(&lock);
  l->loop = CFRunLoopGetCurrent();
  if (l->own) CFRunLoopAddSource(l->loop, l->own, kCFRunLoopDefaultMode);
  pthread_cond_broadcast(&changed);
  while (!l->runs) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
  CFRunLoopRun();
  pthread_mutex_lock(&lock);
  l->ended = 1;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  /* The loop stays valid for streams that are not yet unscheduled. */
  for (;;) pause();
  return NULL;
}

static struct loop *loop_named(const char *name) {
  for (int i = 0; i < loop_count; i++)
    if (!strcmp(loops[i].name, name)) return &loops[i];
  return NULL;
}

/* A loop on its own thread; `bare`: it runs on command and has no source of its own. */
static void make_loop(const char *name, int bare) {
  struct loop *l = &loops[loop_count++];
  snprintf(l->name, sizeof l->name, "%s", name);
  CFRunLoopSourceContext context = {.perform = nothing};
  l->own = bare ? NULL : CFRunLoopSourceCreate(NULL, 0, &context);
  l->runs = !bare;
  pthread_create(&l->thread, NULL, run, l);
  pthread_mutex_lock(&lock);
  while (!l->loop) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
}

static void name_queue(void *name) { here = name; }

static dispatch_queue_t queue_named(const char *name) {
  for (int i = 0; i < queue_count; i++)
    if (!strcmp(queues[i].name, name)) return queues[i].queue;
  snprintf(queues[queue_count].name, sizeof queues[0].name, "%s", name);
  queues[queue_count].queue = !strcmp(name, "global") ? dispatch_get_global_queue(0, 0) : dispatch_queue_create(name, NULL);
  return queues[queue_count++].queue;
}

static CFArrayRef array_of(char **words, int count, CFStringRef *strings, int plain) {
  for (int i = 0; i < count; i++) strings[i] = CFStringCreateWithCString(NULL, strcmp(words[i], "''") ? words[i] : "", kCFStringEncodingUTF8);
  return CFArrayCreate(NULL, (const void **)strings, count, plain ? NULL : &kCFTypeArrayCallBacks);
}

/* create S SINCE LATENCY FLAGS[r|p|n] PATH…; r: relative to the device of the first path after it; p: an array without callbacks */
static void create(char **w, int n) {
  struct stream *s = stream_named(w[1]);
  if (!s) s = &streams[stream_count++];
  free(s->text);
  *s = (struct stream){0};
  snprintf(s->name, sizeof s->name, "%s", w[1]);
  char *rest;
  s->flags = (FSEventStreamCreateFlags)strtoul(w[4], &rest, 0);
  s->cf = s->flags & 1;
  s->extended = s->cf && s->flags & 0x40;
  CFStringRef strings[WORDS];
  int first = 5;
  dev_t device = 0;
  if (*rest == 'r') {
    struct stat st;
    device = stat(w[first++], &st) ? 0 : st.st_dev;
  }
  CFArrayRef array = array_of(w + first, n - first, strings, *rest == 'p');
  FSEventStreamContext context = {.info = s, .release = released};
  FSEventStreamEventId since = !strcmp(w[2], "now") ? kFSEventStreamEventIdSinceNow : strtoull(w[2], NULL, 0);
#ifndef BY_NAME
  if (*rest == 'r')
    s->stream = FSEventStreamCreateRelativeToDevice(NULL, callback, &context, device, array, since, atof(w[3]), s->flags);
  else
#endif
    (void)device, s->stream = FSEventStreamCreate(NULL, callback, &context, array, since, atof(w[3]), s->flags);
  CFRelease(array);
  for (int i = 0; i < n - first; i++) CFRelease(strings[i]);
  print_line(s->stream ? "ok" : "NULL");
}

static void deadline(struct timespec *end, int seconds) {
  clock_gettime(CLOCK_REALTIME, end);
  end->tv_sec += seconds;
}

/* events S COUNT: waits for COUNT events, prints all and clears them. */
static void events(struct stream *s, int count) {
  struct timespec end;
  deadline(&end, 25);
  pthread_mutex_lock(&lock);
  while (s->events < count)
    if (pthread_cond_timedwait(&changed, &lock, &end)) break;
  printf("%d in %d most %d on %s wrong %d", s->events, s->callbacks, s->most, s->place[0] ? s->place : "-", s->overlapped + s->mutating);
  for (char *at = s->text; at && *at; at++) {
    if (at == s->text) putchar('\t');
    putchar(*at == '\n' ? '\t' : *at);
  }
  putchar('\n');
  fflush(stdout);
  s->length = 0;
  if (s->text) s->text[0] = 0;
  s->events = s->callbacks = s->most = 0;
  pthread_mutex_unlock(&lock);
}

static void wait_released(struct stream *s) {
  struct timespec end;
  deadline(&end, 25);
  pthread_mutex_lock(&lock);
  while (!s->released)
    if (pthread_cond_timedwait(&changed, &lock, &end)) break;
  int count = s->released, wrong = s->overlapped;
  pthread_mutex_unlock(&lock);
  print_line("released %d wrong %d", count, wrong);
}

static void wait_ended(struct loop *l) {
  struct timespec end;
  deadline(&end, 25);
  pthread_mutex_lock(&lock);
  while (!l->ended)
    if (pthread_cond_timedwait(&changed, &lock, &end)) break;
  int ended = l->ended;
  pthread_mutex_unlock(&lock);
  print_line(ended ? "ended" : "runs");
}

/* ---- storms ---- */
static volatile int storming;
static void *storm_writer(void *directory) {
  char path[4096];
  for (int i = 0; storming; i++) {
    snprintf(path, sizeof path, "%s/s%d", (char *)directory, i % 50);
    int fd = open(path, O_CREAT | O_WRONLY, 0644);
    if (fd >= 0) close(fd);
    unlink(path);
  }
  return NULL;
}

struct churn {
  const char *path, *loop;
  int rounds, by_queue, seed;
};
static volatile long churned;
static void counted(ConstFSEventStreamRef stream, void *info, size_t count, void *paths, const FSEventStreamEventFlags *flags, const FSEventStreamEventId *ids) {
  __atomic_add_fetch(&churned, (long)count, __ATOMIC_SEQ_CST);
  (void)stream, (void)info, (void)paths, (void)flags, (void)ids;
}

static void *churn(void *argument) {
  struct churn *c = argument;
  struct loop *l = loop_named(c->loop);
  unsigned seed = (unsigned)c->seed;
  for (int i = 0; i < c->rounds; i++) {
    CFStringRef string = CFStringCreateWithCString(NULL, c->path, kCFStringEncodingUTF8);
    CFArrayRef array = CFArrayCreate(NULL, (const void **)&string, 1, &kCFTypeArrayCallBacks);
    FSEventStreamRef stream = FSEventStreamCreate(NULL, counted, NULL, array, kFSEventStreamEventIdSinceNow, 0, 0x12);
    CFRelease(array);
    CFRelease(string);
    if (!stream) continue;
    if (c->by_queue) FSEventStreamSetDispatchQueue(stream, queue_named("churn"));
    else FSEventStreamScheduleWithRunLoop(stream, l->loop, kCFRunLoopDefaultMode);
    FSEventStreamStart(stream);
    usleep(rand_r(&seed) % 3000);
    if (rand_r(&seed) % 2) FSEventStreamStop(stream);
    if (rand_r(&seed) % 4) FSEventStreamInvalidate(stream);
    FSEventStreamRelease(stream);
  }
  return NULL;
}

/* churn DIR LOOP ROUNDS: threads create and release streams while another thread changes the tree. */
static void churn_all(const char *directory, const char *loop, int rounds) {
  pthread_t writer, threads[4];
  struct churn c[4];
  queue_named("churn");
  storming = 1;
  churned = 0;
  pthread_create(&writer, NULL, storm_writer, (void *)(uintptr_t)directory);
  for (int i = 0; i < 4; i++) {
    c[i] = (struct churn){directory, loop, rounds, i & 1, i + 1};
    pthread_create(&threads[i], NULL, churn, &c[i]);
  }
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  storming = 0;
  pthread_join(writer, NULL);
  print_line(churned > 0 ? "heard" : "silence");
}

/* ---- files ---- */
static void result(int r) { print_line(r < 0 ? "errno %d" : "ok", errno); }

static int file_command(char **w, int n) {
  const char *c = w[0];
  if (!strcmp(c, "write")) {
    int fd = open(w[1], O_CREAT | O_WRONLY | O_APPEND, 0644);
    if (fd >= 0 && n > 2 && write(fd, w[2], strlen(w[2])) < 0) fd = -1;
    result(fd < 0 ? -1 : close(fd));
  } else if (!strcmp(c, "open")) {
    int fd = open(w[2], strtol(w[3], NULL, 0), 0644), i = 0;
    while (files[i].name[0] && strcmp(files[i].name, w[1])) i++;
    snprintf(files[i].name, sizeof files[i].name, "%s", w[1]);
    files[i].fd = fd;
    result(fd);
  } else if (!strcmp(c, "put") || !strcmp(c, "cut") || !strcmp(c, "close")) {
    int i = 0;
    while (strcmp(files[i].name, w[1])) i++;
    result(*c == 'p' ? (int)write(files[i].fd, w[2], strlen(w[2])) : c[1] == 'u' ? ftruncate(files[i].fd, atol(w[2]))
                                                                                 : close(files[i].fd));
  } else if (!strcmp(c, "unlink")) result(unlink(w[1]));
  else if (!strcmp(c, "mkdir")) result(mkdir(w[1], 0755));
  else if (!strcmp(c, "rmdir")) result(rmdir(w[1]));
  else if (!strcmp(c, "rename")) result(rename(w[1], w[2]));
  else if (!strcmp(c, "chmod")) result(chmod(w[1], (mode_t)strtol(w[2], NULL, 8)));
  else if (!strcmp(c, "truncate")) result(truncate(w[1], atol(w[2])));
  else if (!strcmp(c, "link")) result(link(w[1], w[2]));
  else if (!strcmp(c, "symlink")) result(symlink(w[1], w[2]));
  else return 0;
  return 1;
}

static void stream_command(char **w, int n) {
  const char *c = w[0];
  struct stream *s = n > 1 ? stream_named(w[1]) : NULL;
  FSEventStreamRef none = NULL;
  FSEventStreamRef stream = s ? s->stream : none;
  if (!strcmp(c, "schedule")) {
    struct loop *l = loop_named(w[2]);
    CFStringRef mode = n < 4 ? kCFRunLoopDefaultMode : !strcmp(w[3], "common") ? kCFRunLoopCommonModes
                                                                               : CFStringCreateWithCString(NULL, w[3], kCFStringEncodingUTF8);
    FSEventStreamScheduleWithRunLoop(stream, l->loop, mode);
    pthread_mutex_lock(&lock);
    l->runs = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    print_line("ok");
  } else if (!strcmp(c, "unschedule")) {
    FSEventStreamUnscheduleFromRunLoop(stream, loop_named(w[2])->loop, kCFRunLoopDefaultMode);
    print_line("ok");
  } else if (!strcmp(c, "queue")) {
    FSEventStreamSetDispatchQueue(stream, strcmp(w[2], "none") ? queue_named(w[2]) : NULL);
    if (strcmp(w[2], "none") && strcmp(w[2], "global")) dispatch_async_f(queue_named(w[2]), s->name, name_queue);
    print_line("ok");
  } else if (!strcmp(c, "start")) print_line("%d", FSEventStreamStart(stream));
  else if (!strcmp(c, "stop")) FSEventStreamStop(stream), print_line("ok");
  else if (!strcmp(c, "invalidate")) FSEventStreamInvalidate(stream), print_line("ok");
  else if (!strcmp(c, "release")) {
    FSEventStreamRelease(stream);
    pthread_mutex_lock(&lock);
    s->given_up = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    print_line("ok");
  } else if (!strcmp(c, "flushsync")) {
    commanding = 0;
    here = "main";
    FSEventStreamFlushSync(stream);
    print_line("ok");
  }
#ifndef BY_NAME
  else if (!strcmp(c, "retain"))
    FSEventStreamRetain(stream), print_line("ok");
  else if (!strcmp(c, "flushasync")) print_line("%llu", (unsigned long long)FSEventStreamFlushAsync(stream));
  else if (!strcmp(c, "latest")) print_line("%llu", (unsigned long long)FSEventStreamGetLatestEventId(stream));
  else if (!strcmp(c, "device")) print_line("%d", FSEventStreamGetDeviceBeingWatched(stream) != 0);
  else if (!strcmp(c, "describe")) {
    char text[4096];
    CFStringRef string = FSEventStreamCopyDescription(stream);
    text_of(string, text, sizeof text);
    for (char *at = text; *at; at++)
      if (*at == '\n') *at = ' ';
    CFRelease(string);
    print_line("%s", text);
  } else if (!strcmp(c, "paths")) {
    CFArrayRef array = FSEventStreamCopyPathsBeingWatched(stream);
    for (CFIndex i = 0; i < CFArrayGetCount(array); i++) {
      char path[4096];
      text_of(CFArrayGetValueAtIndex(array, i), path, sizeof path);
      printf("%s ", path);
    }
    CFRelease(array);
    print_line("");
  } else if (!strcmp(c, "exclude")) {
    CFStringRef strings[WORDS];
    CFArrayRef array = array_of(w + 2, n - 2, strings, 0);
    print_line("%d", FSEventStreamSetExclusionPaths(stream, array));
    CFRelease(array);
    for (int i = 0; i < n - 2; i++) CFRelease(strings[i]);
  }
#endif
  else
    print_line("unknown command '%s'", c);
}

static void other_command(char **w, int n) {
  const char *c = w[0];
  if (!strcmp(c, "create")) create(w, n);
  else if (!strcmp(c, "loop")) make_loop(w[1], n > 2), print_line("ok");
  else if (!strcmp(c, "events")) events(stream_named(w[1]), n > 2 ? atoi(w[2]) : 0);
  else if (!strcmp(c, "inside")) snprintf(stream_named(w[1])->actions, 128, "%s", w[2]), print_line("ok");
  else if (!strcmp(c, "slow")) stream_named(w[1])->sleep_ms = atoi(w[2]), print_line("ok");
  else if (!strcmp(c, "waitreleased")) wait_released(stream_named(w[1]));
  else if (!strcmp(c, "waitended")) wait_ended(loop_named(w[1]));
  else if (!strcmp(c, "isended")) print_line("%d", loop_named(w[1])->ended);
  else if (!strcmp(c, "churn")) churn_all(w[1], w[2], atoi(w[3]));
  else if (!strcmp(c, "forked")) {
    /* The child creates a file, and releases the streams that it inherited. */
    int status;
    pid_t child = fork();
    if (child == 0) {
      int fd = open(w[1], O_CREAT | O_WRONLY, 0644);
      for (int i = 0; i < stream_count; i++)
        if (!streams[i].released) FSEventStreamStop(streams[i].stream), FSEventStreamInvalidate(streams[i].stream);
      _exit(fd < 0);
    }
    waitpid(child, &status, 0);
    print_line("child %d", WIFEXITED(status) ? WEXITSTATUS(status) : 99);
  } else if (!strcmp(c, "pid")) print_line("%d", (int)getpid());
#ifndef BY_NAME
  else if (!strcmp(c, "current")) print_line("%llu", (unsigned long long)FSEventsGetCurrentEventId());
  else if (!strcmp(c, "uuid") || !strcmp(c, "before") || !strcmp(c, "purge")) {
    struct stat st;
    dev_t device = stat(w[1], &st) ? 0 : st.st_dev;
    if (*c == 'b') print_line("%llu", (unsigned long long)FSEventsGetLastEventIdForDeviceBeforeTime(device, atof(w[2])));
    else if (*c == 'p') print_line("%d", FSEventsPurgeEventsForDeviceUpToEventId(device, 1));
    else {
      CFUUIDRef uuid = FSEventsCopyUUIDForDevice(device);
      if (!uuid) print_line("NULL");
      else {
        CFUUIDBytes b = CFUUIDGetUUIDBytes(uuid);
        print_line("%02x%02x%02x%02x", b.byte0, b.byte1, b.byte2, b.byte3);
        CFRelease(uuid);
      }
    }
  }
#endif
  else
    stream_command(w, n);
}

int main(int argc, char **argv) {
#ifdef BY_NAME
  void *framework = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
#define FIND(name) *(void **)&by_##name = dlsym(framework, #name);
#undef FSEventStreamCreate
#undef FSEventStreamScheduleWithRunLoop
#undef FSEventStreamUnscheduleFromRunLoop
#undef FSEventStreamStart
#undef FSEventStreamStop
#undef FSEventStreamInvalidate
#undef FSEventStreamRelease
#undef FSEventStreamFlushSync
#undef FSEventStreamSetDispatchQueue
  NAMES(FIND)
#endif
  (void)argc, (void)argv;
  static char line[65536];
  here = "main";
  while (fgets(line, sizeof line, stdin)) {
    char *words[WORDS] = {0};
    int n = 0;
    for (char *at = strtok(line, " \n"); at && n < WORDS; at = strtok(NULL, " \n")) words[n++] = at;
    if (!n) continue;
    commanding = 1;
    if (!file_command(words, n)) other_command(words, n);
    commanding = 0;
  }
  return 0;
}
