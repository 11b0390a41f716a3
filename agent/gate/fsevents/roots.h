/* The paths of a new stream, as the agent gets them, and its real part. */
#pragma once
#include <limits.h>
#include "fsevents.h"

/* ---- text (text.c) ---- */
/* A growing message for the agent; on the heap. */
struct text {
  char *bytes;
  size_t length, room;
};
/* False: no memory. */
bool text_append(struct text *t, const void *bytes, size_t n);
bool text_append_path(struct text *t, const char *path); /* with its NUL */
/* A CFString's bytes on the heap, NULL when it is no text. */
char *cf_path_bytes(void *string);
/* Without symbolic links as far as it leads somewhere, and without a trailing slash. False: too long. */
bool canonical_path(const char *path, char out[PATH_MAX]);

/* ---- roots (roots.c) ---- */
struct roots {
  struct text told; /* given and canonical in turn, NUL after each */
  struct text given; /* NUL after each */
  char **real; /* those that the system's own stream is to watch */
  uint32_t count, real_count;
  bool ours; /* some concern the virtual tree */
};
/* False: they cannot be read, or there are none. `whole`: of the virtual device, not of the real tree. */
bool roots_read(struct roots *r, void *paths, bool whole);
void roots_free(struct roots *r);

/* ---- the system's part of a stream (real.c) ---- */
bool stream_create_real(struct stream *s, const struct roots *r, uint64_t since);
/* The system's stream, which another thread may give up meanwhile. NULL where there is none. */
void *stream_real_take(struct stream *s);
void stream_real_drop(void *real);
/* As CoreFoundation retains and releases. */
const void *stream_hold_for(const void *stream);
void stream_drop_for(const void *stream);
