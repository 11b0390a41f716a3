/* Lengths of x86-64 instructions, without symbols and without a full table: unknown ones end a search. */
#if defined(__x86_64__)
#include "instruction_x86_64.h"

/* Length of a ModRM byte with its SIB byte and displacement. */
static int operand_length(const uint8_t *p) {
  int mod = p[0] >> 6, rm = p[0] & 7, n = 1;
  if (mod == 3) return n;
  if (rm == 4) n += 1 + (mod == 0 && (p[1] & 7) == 5 ? 4 : 0);
  else if (mod == 0 && rm == 5) n += 4;
  return n + (mod == 1 ? 1 : mod == 2 ? 4
                                      : 0);
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
  if (op < 0x40 && (op & 7) < 4) return 1 + operand_length(p + 1); /* arithmetic */
  if (op == 0x63 || (op >= 0x84 && op <= 0x8b) || op == 0x8d) return 1 + operand_length(p + 1); /* test, xchg, mov, lea */
  if (op == 0xf6 || op == 0xf7) return 1 + operand_length(p + 1) + (p[1] & 0x30 ? 0 : op == 0xf6 ? 1
                                                                                                 : word); /* test; not, neg */
  if (op == 0xd1 || op == 0xd3) return 1 + operand_length(p + 1);
  if (op == 0x80 || op == 0x83 || op == 0xc0 || op == 0xc1 || op == 0xc6 || op == 0x6b) return 2 + operand_length(p + 1);
  if (op == 0x81 || op == 0xc7 || op == 0x69) return 1 + word + operand_length(p + 1);
  if (op >= 0xb8 && op <= 0xbf) return rex & 8 ? 9 : 1 + word;
  if ((op >= 0x50 && op <= 0x5f) || op == 0x90 || op == 0x98 || op == 0x99) return 1;
  if ((op >= 0x70 && op <= 0x7f) || op == 0x6a) return 2;
  return op == 0x68 || op == 0x3d || op == 0xa9 ? 1 + word : 0;
}

bool decode(const uint8_t *p, struct instruction *out) {
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

bool movable(const struct instruction *i) {
  const uint8_t *p = i->opcode;
  if (p[0] == 0x0f) return !(p[1] >= 0x80 && p[1] <= 0x8f) && (p[2] & 0xc7) != 5;
  if (p[0] >= 0x70 && p[0] <= 0x7f) return false;
  bool plain = (p[0] >= 0x50 && p[0] <= 0x6a && p[0] != 0x63 && p[0] != 0x69) || (p[0] >= 0x90 && p[0] <= 0xbf);
  return plain || (p[1] & 0xc7) != 5;
}

int length_at(const uint8_t *p) {
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

int padding_length(const uint8_t *p) {
  if (p[0] == 0x90 || p[0] == 0xcc) return 1;
  int prefix = 0;
  while (p[prefix] == 0x66 || p[prefix] == 0x2e) prefix++;
  return p[prefix] == 0x0f && p[prefix + 1] == 0x1f ? prefix + 2 + operand_length(p + prefix + 2) : 0;
}
#endif
