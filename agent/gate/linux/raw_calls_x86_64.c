/*
 * Finds `syscall` instructions in code without symbols.
 *
 * The bytes 0f 05 also occur inside other instructions, so a pair counts only if one of these holds:
 *     - straight code leads to it from an instruction that sets eax, decoded instruction by instruction;
 *     - a comparison with -4095 or -4096 follows it, as in every wrapper that sets errno;
 *     - a test of its result follows it, and code decoded from most starts before it arrives there.
 * A start inside an instruction could make the decoder arrive by chance; it knows only the instructions that
 * compilers put between a call's number and the call, and stops at any other.
 *
 * A jump takes five bytes and the call two, so the jump also replaces whole instructions behind or before the call; the
 * trampoline executes copies of them.
 */
#if defined(__x86_64__)
#define _GNU_SOURCE
#include "../calls.h"
#include "../os.h"
#include "../text.h"
#include "instruction_x86_64.h"
#include "patch.h"
#include "patch_x86_64.h"
#include "raw_calls.h"

enum {
  LOOK_BACK = 64,
  NUMBERS = 600,
  SMALL = 16,
  CLEAR_VOTE = 12,
  BY_REGISTER = -1,
  NO_NUMBER = -2,
  JUMP = 5,
  LONGEST_SITE = 14,
  JUMPS_FROM = 4096, /* how far off jumps are looked for */
  NUMBER_FROM = 2048 /* and the number that a register supplies */
};

/* The call's number that the instruction puts into eax; BY_REGISTER, or NO_NUMBER if it does not set it. */
static long number_set_by(const struct instruction *i, const uint8_t *end) {
  const uint8_t *p = i->opcode;
  bool rm_is_eax = (p[1] & 0xc7) == 0xc0 && !(i->rex & 1), reg_is_eax = (p[1] & 0x38) == 0 && !(i->rex & 4);
  if ((p[0] == 0xb8 && !(i->rex & 1)) || (p[0] == 0xc7 && rm_is_eax)) {
    const uint8_t *value = p + (p[0] == 0xb8 ? 1 : 2);
    return value[2] == 0 && value[3] == 0 && (value[0] | value[1] << 8) < NUMBERS ? value[0] | value[1] << 8 : NO_NUMBER;
  }
  if ((p[0] == 0x31 || p[0] == 0x33) && p[1] == 0xc0 && !(i->rex & 5)) return 0;
  if (p[0] == 0x6a && p + 2 < end && p[2] == 0x58 && p[1] < 0x80) return p[1]; /* push $N; pop %rax */
  if ((p[0] == 0x89 && rm_is_eax) || (p[0] == 0x8b && reg_is_eax)) return BY_REGISTER;
  return NO_NUMBER;
}

/* The number with which straight code from `p` reaches `call`; NO_NUMBER if it does not reach it. */
static long number_along(const uint8_t *p, const uint8_t *call) {
  struct instruction i;
  long number = NO_NUMBER;
  bool first = true;
  for (; p < call; p += i.length, first = false) {
    if (!decode(p, &i)) return NO_NUMBER;
    long set = number_set_by(&i, call);
    if (first && set == NO_NUMBER) return NO_NUMBER;
    if (set != NO_NUMBER) number = set;
  }
  return p == call ? number : NO_NUMBER;
}

/* Votes for an instruction that starts at `at`, less those against: code decoded from any start falls into step. */
static int votes_for(const struct text_range *text, const uint8_t *at) {
  int yes = 0, no = 0;
  for (const uint8_t *from = at - 48; from < at - 12; from++) {
    const uint8_t *p = from;
    int n = 1;
    if (from < text->start) continue;
    while (p < at && (n = length_at(p))) p += n;
    if (n) *(p == at ? &yes : &no) += 1;
  }
  return yes - no;
}

/* Does a jump near by lead between two addresses? */
static bool jumped_into(const struct text_range *text, const uint8_t *from, const uint8_t *to) {
  const uint8_t *first = text->start, *end = text->start + text->size - 6;
  if (from - first > JUMPS_FROM) first = from - JUMPS_FROM;
  if (end - to > JUMPS_FROM) end = to + JUMPS_FROM;
  for (const uint8_t *p = first; p < end; p++) {
    const uint8_t *target = NULL;
    if (p[0] == 0xeb || (p[0] >= 0x70 && p[0] <= 0x7f)) target = p + 2 + (int8_t)p[1];
    if (target > from && target < to && votes_for(text, p) >= 0) return true;
    bool near = p[0] == 0xe9 || (p[0] == 0x0f && p[1] >= 0x80 && p[1] <= 0x8f);
    if (!near) continue;
    const uint8_t *distance = p + (p[0] == 0x0f ? 2 : 1);
    int32_t value;
    bytes_copy(&value, distance, 4);
    target = distance + 4 + value;
    if (target > from && target < to) return true;
  }
  return false;
}

/* End of the movable instructions behind the call, as far as a jump needs them; a return may end them, with padding. */
static const uint8_t *movable_after(const uint8_t *call, const uint8_t *end) {
  struct instruction i;
  const uint8_t *p = call + 2;
  while (p - call < JUMP && p + 32 < end && decode(p, &i) && movable(&i)) p += i.length;
  if (p - call >= JUMP || *p != 0xc3) return p;
  int n = 1;
  for (; p - call < JUMP && n; n = padding_length(p)) p += n;
  return p;
}

/* Chooses the instructions that the jump replaces: the call, with those behind it, or with those before it. */
static bool choose_extent(const struct text_range *text, const uint8_t *from, const uint8_t *call, struct site_mark *out) {
  const uint8_t *end = movable_after(call, text->start + text->size), *start = call;
  if (end - call < JUMP || end - call > LONGEST_SITE || jumped_into(text, call, end)) {
    end = call + 2;
    struct instruction i;
    start = NULL;
    for (const uint8_t *p = from; p && p < call; p += i.length) {
      if (!decode(p, &i)) return false;
      if (!movable(&i)) start = NULL;
      else if (!start || end - (p) >= JUMP) start = p;
    }
    if (!start || end - start < JUMP || end - start > LONGEST_SITE || jumped_into(text, start, end)) return false;
  }
  *out = (struct site_mark){(uint32_t)(start - text->start), (uint16_t)(end - start), (uint16_t)(call - start)};
  return true;
}

/* Is the pair of bytes part of a small number, as in a displacement? No code has these bytes behind a call. */
static bool in_number(const uint8_t *call) { return (call[2] == 0 && call[3] == 0) || (call[2] == 0xff && call[3] == 0xff); }

/*
 * May a site without room stay? Calls that concern mappings alone may. So may calls with their number in a register:
 * wrappers that take the number as an argument have room, and the others are waits on futexes (libgomp, libitm).
 */
static bool may_pass(long number) {
  return number == BY_REGISTER || number == NO_NUMBER || number == SYS_mmap || number == SYS_munmap || number == SYS_mprotect || number == SYS_mremap || number == SYS_msync || number == SYS_exit_group;
}

/* Is every number that code before the call puts into the register one that the gate does not handle? */
static bool register_unhandled(const struct text_range *text, const uint8_t *set) {
  struct instruction i;
  if (!decode(set, &i)) return false;
  const uint8_t *op = i.opcode;
  int from = op[0] == 0x89 ? (op[1] >> 3 & 7) | (i.rex & 4) << 1 : (op[1] & 7) | (i.rex & 1) << 3;
  bool found = false;
  if ((op[1] & 0xc0) != 0xc0) return false;
  for (const uint8_t *p = set - 5; p > text->start && p + NUMBER_FROM > set; p--) {
    if (p[0] != 0xb8 + (from & 7) || (p[-1] == 0x41) != (from >= 8) || p[3] || p[4]) continue;
    long number = p[1] | p[2] << 8;
    if (number < SMALL || number >= NUMBERS) continue; /* more often a count than a call */
    if (shimfs_handles(number)) return false;
    found = true;
  }
  return found;
}

/* A call that a jump leads to has its number elsewhere: then an instruction starts here, and the next one tests the result. */
static bool tested(const struct text_range *text, const uint8_t *call) {
  const uint8_t *p = call + 2;
  if (compare_length(p)) return true;
  bool test = (p[0] == 0x48 && (p[1] == 0x85 || p[1] == 0x83) && (p[2] & 0xf8) == (p[1] == 0x85 ? 0xc0 : 0xf8)) || (p[0] == 0x85 && p[1] == 0xc0);
  return test && votes_for(text, call) >= CLEAR_VOTE;
}

/* Judges the pair 0f 05 at `call`. True: it is a call that the gate must see. */
static bool raw_call_at(const struct text_range *text, const uint8_t *call, struct site_mark *out) {
  long number = NO_NUMBER;
  const uint8_t *p = call - 2;
  for (; p >= text->start && p + LOOK_BACK > call; p--)
    if ((number = number_along(p, call)) != NO_NUMBER) break;
  if (number == NO_NUMBER && !tested(text, call)) return false;
  if (number >= 0 && !shimfs_handles(number)) return false;
  if (number == BY_REGISTER && register_unhandled(text, p)) return false;
  if (choose_extent(text, number == NO_NUMBER ? NULL : p, call, out)) return true;
  *out = (struct site_mark){.offset = (uint32_t)(call - text->start)};
  return !may_pass(number);
}

int raw_sites(const struct text_range *text, struct site_mark *out, int capacity) {
  int found = 0;
  for (const uint8_t *p = text->start + LOOK_BACK; p + 8 < text->start + text->size && found < capacity; p++)
    if (p[0] == 0x0f && p[1] == 0x05 && !in_number(p) && raw_call_at(text, p, &out[found])) found++;
  return found;
}
#endif
