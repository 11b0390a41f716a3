/* Whether dyld inserts a library into a program (signature.c). */
#pragma once
#include <stdint.h>

enum { CPU_X64 = 0x01000007,
       CPU_ARM64 = 0x0100000c };

/*
 * Why it would not, for people; NULL when it would, or when the file is none of the loader's (a script).
 * @param cpu the part to judge of a file that has several; the kernel refuses a file without it
 */
const char *not_inserted(long fd, uint32_t cpu);
