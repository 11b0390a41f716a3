/*
 * Whether dyld inserts a library into a program, by its load commands and code signature. The same judgement as
 * injector/platform/mach-o.ts, for programs that are started from inside.
 *
 * Layouts and numbers: xnu EXTERNAL_HEADERS/mach-o/{loader,fat}.h and osfmk/kern/cs_blobs.h.
 */
#include <sys/mman.h>
#include "../sys.h"
#include "../text.h"
#include "signature.h"

enum { LC_SEGMENT_64_ = 0x19,
       LC_CODE_SIGNATURE_ = 0x1d,
       MAX_SLICES = 32,
       MAX_COMMANDS = 4096 };
enum { CS_FORCED_LV_ = 0x10,
       CS_RESTRICT_ = 0x800,
       CS_REQUIRE_LV_ = 0x2000,
       CS_RUNTIME_ = 0x10000 };

struct view {
  const uint8_t *bytes;
  uint64_t size;
};

/* 0 beyond the end: no magic, no flag and no length is 0. */
static uint32_t little(struct view v, uint64_t at) {
  if (at > v.size || v.size - at < 4) return 0;
  const uint8_t *p = v.bytes + at;
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static uint32_t big(struct view v, uint64_t at) { return __builtin_bswap32(little(v, at)); }

static struct view part(struct view v, uint64_t at, uint64_t size) {
  if (at > v.size) return (struct view){v.bytes, 0};
  return (struct view){v.bytes + at, size < v.size - at ? size : v.size - at};
}

/* Where `text` stands in `v` at or behind `from`; the view's size when nowhere. */
static uint64_t find(struct view v, uint64_t from, const char *text) {
  size_t n = text_length(text);
  for (; from + n <= v.size; from++)
    if (text_equal((const char *)v.bytes + from, text, n)) return from;
  return v.size;
}

static bool entitled(struct view xml, const char *key) {
  uint64_t at = find(xml, 0, key);
  if (at == xml.size) return false;
  at += text_length(key);
  while (at < xml.size && (xml.bytes[at] == ' ' || xml.bytes[at] == '\n' || xml.bytes[at] == '\t' || xml.bytes[at] == '\r')) at++;
  return find(part(xml, at, 5), 0, "<true") == 0 && xml.size - at >= 5;
}

/* A name field, with zeroes behind it. */
static bool named(struct view field, const char *name) {
  size_t n = text_length(name) + 1;
  return field.size >= n && text_equal((const char *)field.bytes, name, n);
}

struct signature {
  uint32_t flags;
  uint8_t platform;
  struct view entitlements;
};

static struct signature signature_of(struct view blob) {
  struct signature s = {0, 0, {blob.bytes, 0}};
  if (big(blob, 0) != 0xfade0cc0) return s;
  uint32_t count = big(blob, 8);
  for (uint32_t i = 0; i < count && i < MAX_SLICES; i++) {
    uint64_t at = big(blob, 12 + (uint64_t)i * 8 + 4);
    if (big(blob, at) == 0xfade0c02) { /* code directory */
      s.flags |= big(blob, at + 12);
      if (at + 38 < blob.size && blob.bytes[at + 38]) s.platform = blob.bytes[at + 38];
    }
    if (big(blob, at) == 0xfade7171) s.entitlements = part(blob, at + 8, big(blob, at + 4) - 8);
  }
  return s;
}

static const char *judge(struct view program) {
  struct signature s = {0, 0, {program.bytes, 0}};
  bool restricted = false;
  uint32_t count = little(program, 16);
  uint64_t at = 32;
  for (uint32_t i = 0; i < count && i < MAX_COMMANDS; i++) {
    uint32_t command = little(program, at), length = little(program, at + 4);
    if (length < 8) break;
    if (command == LC_SEGMENT_64_ && named(part(program, at + 8, 16), "__RESTRICT")) restricted = true;
    if (command == LC_CODE_SIGNATURE_) s = signature_of(part(program, little(program, at + 8), little(program, at + 12)));
    at += length;
  }
  if (s.platform) return "it is part of macOS, and System Integrity Protection keeps inserted libraries out of it";
  if (restricted || s.flags & CS_RESTRICT_) return "it is marked as restricted, and dyld inserts no library into it";
  if (s.flags & CS_RUNTIME_ && !entitled(s.entitlements, "<key>com.apple.security.cs.allow-dyld-environment-variables</key>"))
    return "it has the hardened runtime without the entitlement to take DYLD_ variables";
  if (s.flags & (CS_RUNTIME_ | CS_REQUIRE_LV_ | CS_FORCED_LV_) &&
      !entitled(s.entitlements, "<key>com.apple.security.cs.disable-library-validation</key>"))
    return "it accepts only libraries signed by its own team";
  return NULL;
}

static struct view slice_for(struct view file, uint32_t cpu) {
  uint32_t magic = big(file, 0), count = big(file, 4);
  if (magic != 0xcafebabe && magic != 0xcafebabf) return file;
  for (uint32_t i = 0; i < count && i < MAX_SLICES; i++) {
    uint64_t row = 8 + (uint64_t)i * (magic == 0xcafebabe ? 20 : 32);
    if (big(file, row) != cpu) continue;
    if (magic == 0xcafebabe) return part(file, big(file, row + 8), big(file, row + 12));
    return part(file, (uint64_t)big(file, row + 8) << 32 | big(file, row + 12), (uint64_t)big(file, row + 16) << 32 | big(file, row + 20));
  }
  return part(file, 0, 0);
}

const char *not_inserted(long fd, uint32_t cpu) {
  struct stat st;
  if (sys(SYS_fstat, fd, &st) || st.st_size < 32) return NULL;
  long at = sys(SYS_mmap, 0, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (at < 0 && at > -4096) return NULL;
  struct view file = {(const uint8_t *)at, (uint64_t)st.st_size}, program = slice_for(file, cpu);
  const char *why = little(program, 0) == 0xfeedfacf && little(program, 4) == cpu ? judge(program) : NULL;
  sys(SYS_munmap, at, st.st_size);
  return why;
}
