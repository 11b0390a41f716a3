/*
 * The same on 64-bit Arm, where it is simpler: every instruction is four bytes and a branch reaches 128 MiB,
 * so each `svc #0` is replaced by one branch, in one store, and nothing has to be repeated. The architecture
 * lets exactly these two, SVC and B, be exchanged while other threads run over them.
 */
#if defined(__aarch64__)
#define _GNU_SOURCE
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>
#include "../os.h"
#include "../text.h"
#include "patch.h"

/* 40 instructions lie between number and call at most (glibc's sigtimedwait). */
void (*patch_entry)(void);

enum { LOOK_BACK = 48,
       TRAMPOLINE_WORDS = 12,
       RESUME_WORD = 10,
       HEADER_WORDS = 4,
       MAX_SITES = 1024 };
static const uint32_t SVC = 0xd4000001;

/* The number that the code before a site puts into x8; -1 when it comes from elsewhere. */
static long number_before(const uint32_t *start, const uint32_t *at) {
  for (const uint32_t *p = at - 1; p >= start && p > at - LOOK_BACK; p--)
    if ((*p & 0x7fe0001f) == 0x52800008) return (*p >> 5) & 0xffff; /* mov w8|x8, #N */
  return -1;
}

static uint32_t branch(const uint32_t *from, const uint32_t *to) {
  return 0x14000000u | ((uint32_t)(to - from) & 0x03ffffffu);
}

static uint32_t load(unsigned reg, const uint32_t *from, const void *cell) {
  return 0x58000000u | ((uint32_t)((const uint32_t *)cell - from) & 0x7ffffu) << 5 | reg; /* ldr xREG, cell */
}

/* @param entry the pool's cell that holds the address of shimfs_site_entry */
static void write_trampoline(uint32_t *at, const uint32_t *site, const uint32_t *entry) {
  const uint32_t *resume = site + 1;
  at[0] = 0xa9be7bfd; /* stp x29, x30, [sp, #-32]! */
  at[1] = 0xa90147f0; /* stp x16, x17, [sp, #16] */
  at[2] = load(17, at + 2, at + RESUME_WORD);
  at[3] = load(16, at + 3, entry);
  at[4] = 0xd63f0200; /* blr x16 */
  at[5] = 0xa94147f0; /* ldp x16, x17, [sp, #16] */
  at[6] = 0xa8c27bfd; /* ldp x29, x30, [sp], #32 */
  at[7] = branch(at + 7, resume);
  at[8] = at[9] = 0xd4200000; /* brk #0 */
  bytes_copy(at + RESUME_WORD, &resume, 8);
}

static bool site_at(const struct text_range *text, const uint8_t *p) {
  return p >= text->start && p + 4 < text->start + text->size && !((uintptr_t)p & 3) && *(const uint32_t *)(const void *)p == SVC;
}

static int scan(const struct text_range *text, struct site_mark *out, int capacity) {
  const uint32_t *start = (const uint32_t *)(const void *)text->start, *end = start + text->size / 4;
  const uint32_t *function = (const uint32_t *)(const void *)&syscall;
  int found = 0;
  for (const uint32_t *p = start; p < end && found < capacity; p++) {
    if (*p != SVC) continue;
    long nr = number_before(start, p);
    bool by_number = p > function && p < function + 16; /* syscall(2): the caller names it */
    if (by_number || (nr >= 0 && shimfs_handles(nr))) out[found++] = (struct site_mark){(uint32_t)(p - start) * 4, 4, 0};
  }
  return found;
}

static int collect(const struct text_range *text, struct site_mark *out, int capacity) {
  int count = sites_load(text, out, capacity);
  for (int i = 0; i < count; i++)
    if (out[i].length != 4 || !site_at(text, text->start + out[i].offset)) count = 0;
  if (count) return count;
  count = scan(text, out, capacity);
  sites_store(text, out, count);
  return count;
}

static struct site_mark sites[MAX_SITES];
static int patched;

/* SVC and B may be exchanged under threads; a returning thread finds the next instruction untouched. */
int patch_sites(const struct text_range *text, const struct site_mark *marks, int count) {
  const size_t page = getauxval(AT_PAGESZ);
  if (count == 0) return 0;
  if (count == MAX_SITES) return -1; /* there may be more */
  size_t size = ((size_t)count * TRAMPOLINE_WORDS * 4 + HEADER_WORDS * 4 + page - 1) & ~(page - 1);
  /* From either end of the text to the pool's far end. */
  uint32_t *pool = (uint32_t *)(void *)map_near(text->start, size, ((size_t)1 << 27) - text->size - 4096);
  if (!pool) return -1;
  void (*entry)(void) = patch_entry;
  bytes_copy(pool, &entry, 8);
  uint32_t *first = pool + HEADER_WORDS;
  for (int i = 0; i < count; i++)
    write_trampoline(first + i * TRAMPOLINE_WORDS, (const uint32_t *)(const void *)(text->start + marks[i].offset), pool);
  __builtin___clear_cache((char *)pool, (char *)pool + size);
  if (sys(SYS_mprotect, pool, size, PROT_READ | PROT_EXEC)) return -1;

  uintptr_t from = (uintptr_t)text->start & ~(page - 1);
  size_t whole = ((uintptr_t)text->start + text->size + page - 1 - from) & ~(page - 1);
  if (sys(SYS_mprotect, from, whole, PROT_READ | PROT_WRITE | PROT_EXEC)) return -1;
  for (int i = 0; i < count; i++) {
    uint32_t *site = (uint32_t *)(void *)(text->start + marks[i].offset);
    __atomic_store_n(site, branch(site, first + i * TRAMPOLINE_WORDS), __ATOMIC_SEQ_CST);
    __builtin___clear_cache((char *)site, (char *)(site + 1));
  }
  return sys(SYS_mprotect, from, whole, PROT_READ | PROT_EXEC) ? -1 : count;
}

int patch_text(const struct text_range *text, bool running) {
  (void)running;
  patched = collect(text, sites, MAX_SITES);
  return patch_sites(text, sites, patched);
}

void unpatch_text(const struct text_range *text) {
  const size_t page = getauxval(AT_PAGESZ);
  uintptr_t from = (uintptr_t)text->start & ~(page - 1);
  size_t whole = ((uintptr_t)text->start + text->size + page - 1 - from) & ~(page - 1);
  if (sys(SYS_mprotect, from, whole, PROT_READ | PROT_WRITE | PROT_EXEC)) return;
  for (int i = 0; i < patched; i++) {
    uint32_t *site = (uint32_t *)(void *)(text->start + sites[i].offset);
    __atomic_store_n(site, SVC, __ATOMIC_SEQ_CST);
    __builtin___clear_cache((char *)site, (char *)(site + 1));
  }
  sys(SYS_mprotect, from, whole, PROT_READ | PROT_EXEC);
}
#endif
