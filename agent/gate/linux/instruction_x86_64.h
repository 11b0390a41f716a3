/* Lengths of the x86-64 instructions that compilers put around a system call (instruction_x86_64.c). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct instruction {
  const uint8_t *opcode; /* behind the prefixes */
  uint8_t length, rex;
};

/* False: no instruction that belongs between a call's number and the call. */
bool decode(const uint8_t *p, struct instruction *out);
/* Can the instruction be executed elsewhere? Not a jump, and no operand relative to the next instruction. */
bool movable(const struct instruction *i);
/* Length of any instruction that can be recognized, jumps and calls included; 0: another. */
int length_at(const uint8_t *p);
/* Length of padding between functions: nop, int3, long nop; 0: something else. */
int padding_length(const uint8_t *p);
