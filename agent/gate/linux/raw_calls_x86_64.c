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
#include "../gate.h"
#include "patch_x86_64.h"
#include "../sys.h"
#include "raw_calls.h"
#include "site.h"

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
  NUMBER_FROM = 2048, /* and the number that a register supplies */
};

struct instruction {
  const uint8_t *opcode; /* behind the prefixes */
  uint8_t length, rex;
};

/* Length of a ModRM byte with its SIB byte and displacement. */
static int operand_length(const uint8_t *p) {
  int mod = p[0] >> 6, rm = p[0] & 7, n = 1;
  if (mod == 3) return n;
  if (rm == 4) n += 1 + (mod == 0 && (p[1] & 7) == 5 ? 4 : 0);
  else if (mod == 0 && rm == 5) n += 4;
  return n + (mod == 1 ? 1 : mod == 2 ? 4 : 0);
}

/* Two-byte opcodes: SSE moves, cmov, set, mul, mov with extension, long nop; conditional jumps. 0: another. */
static int two_byte_length(const uint8_t *p) {
  uint8_t op = p[1];
  if (op >= 0x80 && op <= 0x8f) return 6;
  bool move = op == 0x10 || op == 0x11 || op == 0x16 || op == 0x28 || op == 0x29 || op == 0x57 || op == 0x6e || op == 0x6f ||
              op == 0x7e || op == 0x7f || op == 0xd6 || op == 0xef || op == 0x6c || op == 0x1f || op == 0xaf;
  bool extend = op == 0xb6 || op == 0xb7 || op == 0xbe || op == 0xbf || (op >= 0x40 && op <= 0x4f) || (op >= 0x90 && op <= 0x9f);
  return move || extend ? 2 + operand_length(p + 2) : 0;
}

/* Length from the opcode on; 0: no instruction that belongs between a number and its call. @param word bytes of a constant */
static int opcode_length(const uint8_t *p, uint8_t rex, int word) {
  uint8_t op = p[0];
  if (op == 0x0f) return two_byte_length(p);
  if (op < 0x40 && (op & 7) < 4) return 1 + operand_length(p + 1);                                       /* arithmetic */
  if (op == 0x63 || (op >= 0x84 && op <= 0x8b) || op == 0x8d) return 1 + operand_length(p + 1);          /* test, xchg, mov, lea */
  if (op == 0xf6 || op == 0xf7) return 1 + operand_length(p + 1) + (p[1] & 0x30 ? 0 : op == 0xf6 ? 1 : word); /* test; not, neg */
  if (op == 0xd1 || op == 0xd3) return 1 + operand_length(p + 1);
  if (op == 0x80 || op == 0x83 || op == 0xc0 || op == 0xc1 || op == 0xc6 || op == 0x6b) return 2 + operand_length(p + 1);
  if (op == 0x81 || op == 0xc7 || op == 0x69) return 1 + word + operand_length(p + 1);
  if (op >= 0xb8 && op <= 0xbf) return rex & 8 ? 9 : 1 + word;
  if ((op >= 0x50 && op <= 0x5f) || op == 0x90 || op == 0x98 || op == 0x99) return 1;
  if ((op >= 0x70 && op <= 0x7f) || op == 0x6a) return 2;
  return op == 0x68 || op == 0x3d || op == 0xa9 ? 1 + word : 0;
}

static bool decode(const uint8_t *p, struct instruction *out) {
  const uint8_t *start = p;
  int word = 4;
  for (const uint8_t *q = p; *q == 0x66 || *q == 0xf2 || *q == 0xf3 || *q == 0x64; q++)
    if (*q == 0x66) word = 2;
  while (*p == 0x66 || *p == 0xf2 || *p == 0xf3 || *p == 0x64) p++;
  out->rex = (*p & 0xf0) == 0x40 ? *p++ : 0;
  out->opcode = p;
  int n = opcode_length(p, out->rex, word);
  out->length = (uint8_t)(p - start + n);
  return n > 0;
}

/* What the instruction leaves in eax as a call's number: itself, BY_REGISTER, or NO_NUMBER if it does not set one. */
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

/* Can the instruction be executed elsewhere? Not a jump, and no operand relative to the next instruction. */
static bool movable(const struct instruction *i) {
  const uint8_t *p = i->opcode;
  if (p[0] == 0x0f) return !(p[1] >= 0x80 && p[1] <= 0x8f) && (p[2] & 0xc7) != 5;
  if (p[0] >= 0x70 && p[0] <= 0x7f) return false;
  bool plain = (p[0] >= 0x50 && p[0] <= 0x6a && p[0] != 0x63 && p[0] != 0x69) || (p[0] >= 0x90 && p[0] <= 0xbf);
  return plain || (p[1] & 0xc7) != 5;
}

/* Length of any instruction whose start this file can recognize, jumps and calls included; 0: another. */
static int length_at(const uint8_t *p) {
  struct instruction i;
  if (decode(p, &i)) return i.length;
  const uint8_t *op = i.opcode;
  int prefix = (int)(op - p);
  if (op[0] == 0xe8 || op[0] == 0xe9) return prefix + 5;
  if (op[0] == 0xeb) return prefix + 2;
  if (op[0] == 0xc3 || op[0] == 0xcc) return prefix + 1;
  if (op[0] == 0xff) return prefix + 1 + operand_length(op + 1);
  return op[0] == 0x0f && (op[1] == 0x05 || op[1] == 0x0b) ? prefix + 2 : 0;
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

/* What fills the space between functions: nop, int3, long nop. */
static int padding_length(const uint8_t *p) {
  if (p[0] == 0x90 || p[0] == 0xcc) return 1;
  int prefix = 0;
  while (p[prefix] == 0x66 || p[prefix] == 0x2e) prefix++;
  return p[prefix] == 0x0f && p[prefix + 1] == 0x1f ? prefix + 2 + operand_length(p + prefix + 2) : 0;
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
 * May a site without room stay? Calls that concern mappings alone may. So may those whose number a register supplies:
 * wrappers that take the number as an argument have room, and what is left are waits on futexes (libgomp, libitm).
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
