/* Inotify instances, their watches by alias, and events as text: `  ALIAS MASK name cookie=cN`. */
#pragma once
#include "words.h"

enum { INSTANCES = 8,
       WATCHES = 64,
       COOKIES = 256,
       PATIENCE_MS = 20000 };

struct watch {
  int wd;
  char alias[32];
  int dead;
};
static struct instance {
  int fd, fence, fenced, watches;
  struct watch watch[WATCHES];
} instances[INSTANCES];
static uint32_t cookies[COOKIES];
static int known_cookies;

static struct instance *instance(int i) { return &instances[words[i] && *words[i] == 'i' ? atoi(words[i] + 1) % INSTANCES : 0]; }

/* Number of words before `i` that name an instance: if none does, the other words move up by one. */
static int given(int i) { return words[i] && words[i][0] == 'i' && words[i][1] >= '0' && words[i][1] <= '9' && !words[i][2]; }

static void start_instance(struct instance *one, int flags) {
  memset(one, 0, sizeof *one);
  one->fd = inotify_init1(flags);
  one->fence = one->fd < 0 ? -1 : inotify_add_watch(one->fd, fence, IN_ATTRIB);
}

static struct watch *watch_of(struct instance *one, int wd) {
  for (int i = 0; i < one->watches; i++)
    if (one->watch[i].wd == wd) return &one->watch[i];
  return NULL;
}

static int cookie(uint32_t value) {
  for (int i = 0; i < known_cookies; i++)
    if (cookies[i] == value) return i + 1;
  if (known_cookies < COOKIES) cookies[known_cookies++] = value;
  return known_cookies;
}

static const char *mask_text(uint32_t mask) {
  static const struct {
    uint32_t bit;
    const char *name;
  } bits[] = {
      {IN_ACCESS, "ACCESS"}, {IN_MODIFY, "MODIFY"}, {IN_ATTRIB, "ATTRIB"}, {IN_CLOSE_WRITE, "CLOSE_WRITE"}, {IN_CLOSE_NOWRITE, "CLOSE_NOWRITE"}, {IN_OPEN, "OPEN"}, {IN_MOVED_FROM, "MOVED_FROM"}, {IN_MOVED_TO, "MOVED_TO"}, {IN_CREATE, "CREATE"}, {IN_DELETE, "DELETE"}, {IN_DELETE_SELF, "DELETE_SELF"}, {IN_MOVE_SELF, "MOVE_SELF"}, {IN_UNMOUNT, "UNMOUNT"}, {IN_Q_OVERFLOW, "Q_OVERFLOW"}, {IN_IGNORED, "IGNORED"}, {IN_ISDIR, "ISDIR"}};
  static char made[256];
  char *to = made;
  *to = 0;
  for (unsigned i = 0; i < sizeof bits / sizeof *bits; i++)
    if (mask & bits[i].bit) to += sprintf(to, "%s%s", to == made ? "" : "|", bits[i].name), mask &= ~bits[i].bit;
  if (mask) sprintf(to, "|%#x", mask);
  return made;
}

/* A number that was removed under an alias may not be reported again. */
static void write_event(FILE *to, struct instance *one, const struct inotify_event *e) {
  struct watch *w = watch_of(one, e->wd);
  size_t named = e->len ? strnlen(e->name, e->len) : 0;
  size_t wanted = e->len ? (named / sizeof *e + 1) * sizeof *e : 0;
  fprintf(to, "  %s %s", w ? w->alias : e->wd == -1 ? "queue"
                                                    : "unknown",
          mask_text(e->mask));
  /* For a file that never had a name the kernel reports the inode's number. */
  if (e->len && *e->name == '#' && strspn(e->name + 1, "0123456789") == named - 1) fprintf(to, " #INO");
  else if (e->len) fprintf(to, " %s", e->name);
  if (e->cookie) fprintf(to, " cookie=%d", cookie(e->cookie));
  if (e->len != wanted) fprintf(to, " len=%u", e->len);
  for (size_t i = named; i < e->len; i++)
    if (e->name[i]) fprintf(to, " padded-with-%02x", (unsigned char)e->name[i]);
  fputc('\n', to);
  if (w && (e->mask & IN_IGNORED)) w->dead = 1;
}

/* @returns the number of records, fences apart */
static int write_events(FILE *to, struct instance *one, const char *bytes, long n) {
  int count = 0;
  for (long at = 0; at < n;) {
    const struct inotify_event *e = (const void *)(bytes + at);
    at += (long)sizeof *e + e->len;
    if (at > n) {
      fprintf(to, "  torn record\n");
      break;
    }
    if (e->wd == one->fence && one->fence >= 0) {
      one->fenced = 1;
      continue;
    }
    write_event(to, one, e);
    count++;
  }
  return count;
}

static void add_watch(struct instance *one, const char *alias, const char *path, uint32_t mask) {
  int wd = inotify_add_watch(one->fd, path, mask);
  if (wd < 0) {
    done(-1);
    return;
  }
  struct watch *known = watch_of(one, wd);
  if (wd == 0) fprintf(out, " zero");
  if (wd == one->fence) fprintf(out, " fence");
  else if (known) fprintf(out, known->dead ? " used again: %s" : " same as %s", known->alias);
  else if (one->watches < WATCHES) {
    struct watch *w = &one->watch[one->watches++];
    w->wd = wd, snprintf(w->alias, sizeof w->alias, "%s", alias);
    fprintf(out, " new");
  }
}

static void remove_watch(struct instance *one, const char *alias) {
  for (int i = one->watches; i--;)
    if (!strcmp(one->watch[i].alias, alias)) {
      done(inotify_rm_watch(one->fd, one->watch[i].wd));
      return;
    }
  done(inotify_rm_watch(one->fd, atoi(alias)));
}

static char *event_buffer(void) {
  static _Alignas(struct inotify_event) char bytes[1 << 20];
  return bytes;
}

static int ready(struct instance *one, int ms) {
  struct pollfd p = {.fd = one->fd, .events = POLLIN};
  return poll(&p, 1, ms);
}

/* Reads everything up to the fence, which has been moved already, and any further events. */
static void collect(struct instance *one) {
  char *bytes = event_buffer();
  fputc('\n', out);
  for (one->fenced = 0; !one->fenced || ready(one, 0) > 0;) {
    if (ready(one, PATIENCE_MS) <= 0) {
      fprintf(out, "  the fence was not heard\n");
      break;
    }
    long n = read(one->fd, bytes, 65536);
    if (n < 0 && errno == EAGAIN) {
      fprintf(out, "  woken for nothing\n");
      continue;
    }
    if (n < 0) {
      fprintf(out, "  %s\n", strerrorname_np(errno));
      break;
    }
    write_events(out, one, bytes, n);
  }
  fprintf(out, "  .");
}

/* Reads everything that is available without waiting. */
static void now(struct instance *one) {
  char *bytes = event_buffer();
  fputc('\n', out);
  for (long n; (n = read(one->fd, bytes, 65536)) != 0;) {
    if (n < 0) {
      fprintf(out, "  %s", strerrorname_np(errno));
      break;
    }
    write_events(out, one, bytes, n);
  }
}

static void one_read(struct instance *one, long size) {
  long n = read(one->fd, event_buffer(), (size_t)size);
  say(n);
  if (n > 0) fputc('\n', out), write_events(out, one, event_buffer(), n), fprintf(out, "  .");
}

static void vector_read(struct instance *one, long first, long second) {
  struct iovec v[2] = {{event_buffer(), (size_t)first}, {event_buffer() + first, (size_t)second}};
  long n = readv(one->fd, v, 2);
  say(n);
  if (n > 0) fputc('\n', out), write_events(out, one, event_buffer(), n), fprintf(out, "  .");
}

/* Reads until the queue reports its overflow: prints the number of records before, and the records after. */
static void overflow(struct instance *one) {
  char *bytes = event_buffer();
  long records = 0;
  fputc('\n', out);
  for (int told = 0; !told;) {
    if (ready(one, PATIENCE_MS) <= 0) {
      fprintf(out, "  no overflow after %ld records\n", records);
      break;
    }
    long n = read(one->fd, bytes, 65536);
    if (n < 0) {
      fprintf(out, "  %s\n", strerrorname_np(errno));
      break;
    }
    for (long at = 0; at < n;) {
      const struct inotify_event *e = (const void *)(bytes + at);
      at += (long)sizeof *e + e->len;
      if (!(e->mask & IN_Q_OVERFLOW)) {
        records++;
        continue;
      }
      fprintf(out, "  after %ld\n", records), write_event(out, one, e), told = 1;
    }
  }
  fprintf(out, "  .");
}
