/*
 * Jumps written under running threads.
 *
 * While a process runs, a thread may be anywhere: about to execute a site, or asleep in its system call, to return at
 * the instruction behind the `syscall` at any later time (from the kernel, or by sigreturn from a handler that runs
 * now). So the bytes behind the `syscall` stay a valid way to go on for ever:
 *
 *     before   0f 05            syscall          48 3d 00 f0 ff ff   cmp $-4096,%rax
 *     after    e9 05 e9 d2 d3   jmp entry        (from the third byte:) e9 d2 d3 b5 b6   jmp tail
 *
 * The two jumps overlap: the displacement of the first contains the second. `entry` leads to the trampoline, `tail` to
 * the trampoline's copy of the compare. When the kernel restarts a system call, the thread executes the first jump.
 *
 * Byte 1 keeps its value, so the last store is one byte (0f → e9), and until then the site is a system call. The
 * bytes of the second jump are one store where they lie in one cache line. Where a line ends between them:
 *
 *     before byte 3     48 stays: a REX prefix, which a near jump ignores, then e9 and its displacement in one store
 *     before byte 4–6   bytes 2–3 become a jump to themselves; then the rest; then bytes 2–3
 *
 * Every core passes a serializing instruction between two steps, so none executes a mixture (Intel SDM 3A §9.1.3,
 * AMD APM 2 §7.6.1).
 *
 * The other shape, `mov $N,%eax; syscall`, has its jump over the mov alone, so the `syscall` behind it stays.
 */
#if defined(__x86_64__)
#define _GNU_SOURCE
#include <sys/mman.h>
#include "../os.h"
#include "../text.h"
#include "instruction_x86_64.h"
#include "patch.h"
#include "patch_x86_64.h"

enum { LINE = 64,
       MAX_STUB_AREAS = 48,
       MAX_LIVE = 1024 };
/* With the pool's own (patch_x86_64.c), less than a near jump's. */
static const int64_t REACH = 1 << 29;
/* linux/membarrier.h */
enum { MEMBARRIER_SYNC_CORE = 1 << 5,
       MEMBARRIER_REGISTER_SYNC_CORE = 1 << 6 };

enum shape {
  OVER_MOV, /* the jump replaces `mov $N,%eax` */
  ONE_LINE, /* the second jump's bytes 2–6 lie in one line */
  BEHIND_REX, /* the line ends before byte 3 */
  BEHIND_SPIN /* the line ends before byte 4, 5 or 6 */
};

struct live_site {
  uint8_t *at; /* OVER_MOV: the mov; else the `syscall` */
  uint8_t bytes[8];
  uint8_t shape;
};

static struct live_site live[MAX_LIVE];

/* Pages of stubs. A stub is a jump of five bytes at an address that a site's bytes dictate. */
struct area {
  uint8_t *start;
  size_t size;
};
static struct area areas[MAX_STUB_AREAS];
static int area_count;

static bool in_areas(const uint8_t *at, size_t n) {
  for (int i = 0; i < area_count; i++)
    if (at >= areas[i].start && at + n <= areas[i].start + areas[i].size) return true;
  return false;
}

static bool vacant(const uint8_t *at, size_t n) {
  while (n && !*at) at++, n--;
  return n == 0;
}

/* Makes [at, at + n) writable memory of ours that no stub occupies. False: something else lies there. */
static bool claim(uint8_t *at, size_t n) {
  if (in_areas(at, n)) return vacant(at, n);
  if (area_count == MAX_STUB_AREAS) return false;
  uintptr_t first = (uintptr_t)at & ~4095ul;
  size_t size = (((uintptr_t)at + n + 4095) & ~4095ul) - first;
  long got = sys(SYS_mmap, first, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  if (got != (long)first) {
    if (got > 0) sys(SYS_munmap, got, size); /* a kernel that does not know NOREPLACE */
    return false;
  }
  areas[area_count++] = (struct area){(uint8_t *)first, size};
  return true;
}

static void release_areas(void) {
  while (area_count) {
    struct area *a = &areas[--area_count];
    sys(SYS_munmap, a->start, a->size);
  }
}

static bool seal_areas(void) {
  for (int i = 0; i < area_count; i++)
    if (sys(SYS_mprotect, areas[i].start, areas[i].size, PROT_READ | PROT_EXEC)) return false;
  return true;
}

static int64_t displacement(const uint8_t *bytes) {
  int32_t v;
  bytes_copy(&v, bytes, 4);
  return v;
}

/* ---- shapes ---- */

/* How the site can be changed under threads, if at all. */
static bool classify(const struct jump_site *s, struct live_site *out) {
  uint8_t *syscall = s->start + s->instruction;
  int first_line = LINE - (int)((uintptr_t)syscall & (LINE - 1)); /* bytes from the `syscall` on in its line */
  uint8_t *mov = s->start;
  out->at = syscall;
  bytes_copy(out->bytes, syscall, 8);
  if (s->instruction) {
    out->at = mov;
    out->shape = OVER_MOV;
    bytes_copy(out->bytes, mov, 8);
    return ((uintptr_t)mov & (LINE - 1)) + 5 <= LINE; /* all five bytes in one store */
  }
  if (first_line <= 2 || first_line >= 7) out->shape = ONE_LINE;
  else if (first_line >= 4) out->shape = BEHIND_SPIN;
  else if (s->length == 8) out->shape = BEHIND_REX;
  else return false;
  return true;
}

/* ---- displacements ---- */

static bool overlaps(const struct live_site *s) { return s->shape == ONE_LINE || s->shape == BEHIND_SPIN; }

static void set_overlapping(uint8_t *b, int32_t first, int32_t second) {
  b[0] = 0xe9;
  bytes_copy(b + 1, &first, 4); /* 05 e9 d2 d3 */
  bytes_copy(b + 3, &second, 4); /* d2 d3 b5 b6 */
}

/* A second displacement that goes with the first and leads to `span` bytes of free memory, now claimed; or 0. */
static int64_t second_of(int64_t first, uint8_t *low, size_t span) {
  const int64_t half = (first >> 16) & 0xffff;
  for (int64_t upper = 1; upper << 16 < REACH; upper++)
    for (int side = -1; side <= 1; side += 2)
      if (claim(low + 7 + side * (upper << 16) + half, span)) return side * (upper << 16) + half;
  return 0;
}

/*
 * Byte 1 is 05 and byte 2 e9, so the first displacement is 0x….e905; its upper half is the lower half of the second.
 * One pair of displacements serves all sites of a text: the stubs lie as the sites do, shifted.
 */
static bool place_overlapping(struct live_site *sites, int count) {
  uint8_t *low = NULL, *high = NULL;
  for (int i = 0; i < count; i++) {
    if (!overlaps(&sites[i])) continue;
    if (!low || sites[i].at < low) low = sites[i].at;
    if (sites[i].at > high) high = sites[i].at;
  }
  if (!low) return true;
  const size_t span = (size_t)(high - low) + 5;
  for (int64_t step = 1; step << 16 < REACH; step++) {
    for (int side = -1; side <= 1; side += 2) {
      int64_t first = side * (step << 16) + 0xe905;
      int kept = area_count;
      if (!claim(low + 5 + first, span)) continue;
      int64_t second = second_of(first, low, span);
      if (second) {
        for (int i = 0; i < count; i++)
          if (overlaps(&sites[i])) set_overlapping(sites[i].bytes, (int32_t)first, (int32_t)second);
        return true;
      }
      sys(SYS_munmap, areas[kept].start, areas[kept].size);
      area_count = kept;
    }
  }
  return false;
}

/* Bytes 1–3 are 05 48 e9: the first displacement is 0x..e94805, and its last byte begins the second. */
static bool place_behind_rex(struct live_site *site, const uint8_t *trampoline) {
  uint8_t *b = site->bytes;
  b[0] = 0xe9;
  b[3] = 0xe9;
  for (int i = 0; i < 256; i++) {
    uint8_t half = (uint8_t)(i & 1 ? i >> 1 : -(i >> 1) - 1);
    b[4] = half;
    uint8_t *entry = site->at + 5 + displacement(b + 1);
    if (!claim(entry, 5)) continue;
    emit_jump(entry, trampoline);
    for (int32_t upper = 16; (int64_t)upper << 8 < REACH; upper += 16)
      for (int side = -1; side <= 1; side += 2) {
        int32_t second = side * (upper << 8) + half;
        bytes_copy(b + 4, &second, 4);
        if (claim(site->at + 8 + second, 5)) return true;
        if (area_count == MAX_STUB_AREAS) return false;
      }
  }
  return false;
}

static bool place(struct live_site *sites, const struct jump_site *from, int count) {
  if (!place_overlapping(sites, count)) return false;
  for (int i = 0; i < count; i++) {
    uint8_t *b = sites[i].bytes;
    if (sites[i].shape == OVER_MOV) {
      int32_t distance = (int32_t)(from[i].trampoline - (sites[i].at + 5));
      b[0] = 0xe9;
      bytes_copy(b + 1, &distance, 4);
      continue;
    }
    if (sites[i].shape == BEHIND_REX && !place_behind_rex(&sites[i], from[i].trampoline)) return false;
    const int second = sites[i].shape == BEHIND_REX ? 4 : 3;
    uint8_t *entry = sites[i].at + 5 + displacement(b + 1), *tail = sites[i].at + second + 4 + displacement(b + second);
    if (!in_areas(entry, 5) || !in_areas(tail, 5)) return false;
    emit_jump(entry, from[i].trampoline);
    emit_jump(tail, from[i].tail);
  }
  return seal_areas();
}

/* ---- stores ---- */

/* One store of the eight bytes around `at` that lie in its line; the other bytes keep their values. */
static void store_in_line(uint8_t *at, const uint8_t *bytes, size_t n) {
  uintptr_t line = (uintptr_t)at & ~(uintptr_t)(LINE - 1), from = (uintptr_t)at;
  if (from + 8 > line + LINE) from = line + LINE - 8;
  uint64_t value;
  bytes_copy(&value, (const void *)from, 8);
  bytes_copy((uint8_t *)&value + ((uintptr_t)at - from), bytes, n);
  __atomic_store_n((uint64_t *)from, value, __ATOMIC_SEQ_CST);
}

/* Every core that runs a thread of ours has passed a serializing instruction when this returns. */
static void serialize_cores(const struct text_range *text) {
  if (sys(SYS_membarrier, MEMBARRIER_SYNC_CORE, 0, 0) == 0) return;
  /* Where that call is missing: taking a right away interrupts each of them, and the return is serializing. */
  uintptr_t page = (uintptr_t)text->start & ~4095ul;
  sys(SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC);
  sys(SYS_mprotect, page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
}

/* The way back first, then the way in. */
static void write_all(const struct text_range *text, const struct live_site *sites, int count) {
  static const uint8_t spin[2] = {0xeb, 0xfe};
  sys(SYS_membarrier, MEMBARRIER_REGISTER_SYNC_CORE, 0, 0);
  for (int i = 0; i < count; i++)
    if (sites[i].shape == BEHIND_SPIN) store_in_line(sites[i].at + 2, spin, 2);
  serialize_cores(text);
  for (int i = 0; i < count; i++) {
    const struct live_site *s = &sites[i];
    if (s->shape == OVER_MOV) store_in_line(s->at, s->bytes, 5);
    if (s->shape == ONE_LINE) store_in_line(s->at + 2, s->bytes + 2, 5);
    if (s->shape == BEHIND_REX) store_in_line(s->at + 3, s->bytes + 3, 5);
    if (s->shape == BEHIND_SPIN) bytes_copy(s->at + 4, s->bytes + 4, 3);
  }
  serialize_cores(text);
  for (int i = 0; i < count; i++)
    if (sites[i].shape == BEHIND_SPIN) store_in_line(sites[i].at + 2, sites[i].bytes + 2, 2);
  serialize_cores(text);
  for (int i = 0; i < count; i++)
    if (sites[i].shape != OVER_MOV) __atomic_store_n(sites[i].at, sites[i].bytes[0], __ATOMIC_SEQ_CST);
  serialize_cores(text);
}

int write_live_jumps(const struct text_range *text, const struct jump_site *sites, int count) {
  if (count > MAX_LIVE) return -1;
  area_count = 0;
  for (int i = 0; i < count; i++)
    if (!classify(&sites[i], &live[i])) return -1;
  if (!place(live, sites, count)) return release_areas(), -1;
  write_all(text, live, count);
  return 0;
}
#endif
