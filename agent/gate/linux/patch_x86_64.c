/*
 * Patches `syscall` instructions, not functions.
 *
 * A libc function keeps all of its own: the cancellation bracket, errno, flag emulation, the hidden
 * `_nocancel` twins and the loader's private copies. Only the instruction that enters the kernel is replaced,
 * so one table keyed by system call number covers every alias there is.
 *
 * Three shapes of site have room for a five-byte jump:
 *     syscall; cmp $-4095,%rax            nearly all (the compare is repeated in the trampoline)
 *     mov $N,%eax; syscall                the few helpers that return at once
 *     mov (%reg),%eax; syscall; mov       in every thread, a change of the process's ids (setuid(2), C library/kernel
 *                                         differences); not under running threads, which may be between its parts
 * While the process has a single thread, the jump is simply written. In a running process other threads execute these
 * bytes, and sleep behind them: see patch_live_x86_64.c.
 */
#if defined(__x86_64__)
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>
#include "../os.h"
#include "../text.h"
#include "instruction_x86_64.h"
#include "patch.h"
#include "patch_x86_64.h"

void (*patch_entry)(void);

enum { LOOK_BACK = 72,
       MAX_SITES = 1024,
       NUMBER_LOAD = 2 /* bytes of mov (%reg),%eax */ };

int compare_length(const uint8_t *p) {
  if (p[0] == 0x48 && p[1] == 0x3d && (p[2] & 0xfe) == 0 && p[3] == 0xf0 && p[4] == 0xff && p[5] == 0xff) return 6;
  if (p[0] == 0x3d && (p[1] & 0xfe) == 0 && p[2] == 0xf0 && p[3] == 0xff && p[4] == 0xff) return 5;
  return 0;
}

/* The number that the code before a site puts into eax; -1 when it comes from elsewhere. */
static long number_before(const uint8_t *start, const uint8_t *at) {
  for (const uint8_t *p = at - 2; p >= start && p > at - LOOK_BACK; p--) {
    if (p[0] == 0x31 && p[1] == 0xc0) return 0;
    if (p <= at - 5 && p[0] == 0xb8 && p[3] == 0 && p[4] == 0) {
      long nr = p[1] | p[2] << 8;
      if (nr < 600) return nr;
    }
  }
  return -1;
}

/* mov (%reg),%eax before the instruction at `p`, and a move of eax to a register behind it? Bytes of that, or 0. */
static int numbered_by_memory(const uint8_t *p) {
  const int reg = p[-1] & 7;
  if (p[-2] != 0x8b || p[-1] & 0xf8 || reg == 4 || reg == 5) return 0;
  if (p[2] == 0x89 && (p[3] & 0xf8) == 0xc0) return 2;
  return p[2] == 0x41 && p[3] == 0x89 && (p[4] & 0xf8) == 0xc0 ? 3 : 0;
}

/* Is there a site with its instruction at `p`? Fills in its extent. */
static bool site_at(const struct text_range *text, const uint8_t *p, struct site_mark *out) {
  if (p[0] != 0x0f || p[1] != 0x05) return false;
  int compare = compare_length(p + 2), moved = numbered_by_memory(p);
  bool contiguous = p[-5] == 0xb8 && p[-2] == 0 && p[-1] == 0;
  uint32_t at = (uint32_t)(p - text->start);
  if (compare) *out = (struct site_mark){at, (uint16_t)(2 + compare), 0};
  else if (contiguous) *out = (struct site_mark){at - 5, 7, 5};
  else if (moved) *out = (struct site_mark){at - NUMBER_LOAD, (uint16_t)(NUMBER_LOAD + 2 + moved), NUMBER_LOAD};
  else return false;
  return true;
}

static int scan(const struct text_range *text, struct site_mark *out, int capacity) {
  const uint8_t *function = (const uint8_t *)&syscall;
  int found = 0;
  for (const uint8_t *p = text->start + LOOK_BACK; p + 8 < text->start + text->size && found < capacity; p++) {
    if (p[0] != 0x0f || p[1] != 0x05) continue;
    long nr = number_before(text->start, p);
    bool by_number = p > function && p < function + 64; /* syscall(2): the caller names it */
    bool wanted = by_number || numbered_by_memory(p) || (nr >= 0 && shimfs_handles(nr));
    if (wanted && site_at(text, p, &out[found])) found++;
  }
  return found;
}

static int collect(const struct text_range *text, struct site_mark *out, int capacity) {
  int count = sites_load(text, out, capacity);
  for (int i = 0; i < count; i++) {
    struct site_mark seen;
    bool inside = out[i].offset >= LOOK_BACK && out[i].offset + 16 < text->size;
    if (!inside || !site_at(text, text->start + out[i].offset + out[i].instruction, &seen) ||
        seen.offset != out[i].offset || seen.length != out[i].length)
      count = 0;
  }
  if (count) return count;
  count = scan(text, out, capacity);
  sites_store(text, out, count);
  return count;
}

/* @param entry the pool's cell that holds the address of shimfs_site_entry */
static void write_trampoline(struct jump_site *s, const uint8_t *entry) {
  const uint8_t *resume = s->start + s->length;
  uint8_t *at = s->trampoline;
  at = emit_bytes(at, s->start, s->instruction); /* mov $N,%eax of the second shape */
  at = emit_bytes(at, "\x48\x8d\x64\x24\x80", 5); /* lea -128(%rsp),%rsp */
  at = emit_bytes(at, "\x49\xbb", 2); /* mov $resume,%r11 */
  at = emit_bytes(at, &resume, 8);
  at = emit_bytes(at, "\xff\x15", 2); /* call *entry(%rip) */
  at = emit_number(at, entry - (at + 4));
  at = emit_bytes(at, "\x48\x8d\xa4\x24\x80\x00\x00\x00", 8); /* lea 128(%rsp),%rsp */
  s->tail = at;
  at = emit_bytes(at, s->start + s->instruction + 2, (size_t)(s->length - s->instruction - 2));
  emit_jump(at, resume);
}

/* With no other thread about. */
static void write_jump(const struct jump_site *s) {
  uint8_t *end = emit_jump(s->start, s->trampoline);
  while (end < s->start + s->length) *end++ = 0x90;
}

static struct site_mark sites[MAX_SITES];
static uint64_t replaced[MAX_SITES];
static struct jump_site jumps[MAX_SITES];
static int patched;

static int replace_sites(const struct text_range *text, const struct site_mark *marks, int count, bool running) {
  if (count == 0) return 0;
  if (count >= MAX_SITES) return -1; /* there may be more */
  size_t size = ((size_t)count * SITE_TRAMPOLINE + 64 + 4095) & ~4095ul;
  uint8_t *pool = map_near(text->start, size, (size_t)1 << 30);
  if (!pool || text->size >> 30) return -1;
  void (*target)(void) = patch_entry;
  bytes_copy(pool, &target, 8);
  for (int i = 0; i < count; i++) {
    jumps[i] = (struct jump_site){.start = text->start + marks[i].offset,
                                  .trampoline = pool + 64 + (size_t)i * SITE_TRAMPOLINE,
                                  .length = (uint8_t)marks[i].length,
                                  .instruction = (uint8_t)marks[i].instruction};
    write_trampoline(&jumps[i], pool);
  }
  if (sys(SYS_mprotect, pool, size, PROT_READ | PROT_EXEC)) return -1;

  uintptr_t first = (uintptr_t)text->start & ~4095ul;
  size_t whole = ((uintptr_t)text->start + text->size + 4095 - first) & ~4095ul;
  if (sys(SYS_mprotect, first, whole, PROT_READ | PROT_WRITE | PROT_EXEC)) return -1;
  if (!running)
    for (int i = 0; i < count; i++) write_jump(&jumps[i]);
  else if (write_live_jumps(text, jumps, count)) count = -1;
  if (sys(SYS_mprotect, first, whole, PROT_READ | PROT_EXEC)) return -1;
  return count;
}

int patch_text(const struct text_range *text, bool running) {
  int count = collect(text, sites, MAX_SITES), kept = 0;
  for (int i = 0; i < count; i++)
    if (!running || sites[i].instruction != NUMBER_LOAD) sites[kept++] = sites[i];
  count = patched = kept;
  for (int i = 0; i < count; i++) bytes_copy(&replaced[i], text->start + sites[i].offset, 8);
  return replace_sites(text, sites, count, running);
}

int patch_sites(const struct text_range *text, const struct site_mark *marks, int count) {
  return replace_sites(text, marks, count, false);
}

void unpatch_text(const struct text_range *text) {
  uintptr_t first = (uintptr_t)text->start & ~4095ul;
  size_t whole = ((uintptr_t)text->start + text->size + 4095 - first) & ~4095ul;
  if (sys(SYS_mprotect, first, whole, PROT_READ | PROT_WRITE | PROT_EXEC)) return;
  for (int i = 0; i < patched; i++)
    __atomic_store_n((uint64_t *)(void *)(text->start + sites[i].offset), replaced[i], __ATOMIC_SEQ_CST);
  sys(SYS_mprotect, first, whole, PROT_READ | PROT_EXEC);
}
#endif
