/* Shared by the two ways of writing a jump: before the program has threads, and under them. */
#pragma once
#include "patch.h"

enum { SITE_TRAMPOLINE = 48 };

/* A site with its trampoline. */
struct jump_site {
  uint8_t *start; /* first byte of the site */
  uint8_t *trampoline; /* replaces the site */
  uint8_t *tail; /* of the trampoline: the site's instructions behind its `syscall`, then a jump back */
  uint8_t length; /* bytes of the site */
  uint8_t instruction; /* offset of the `syscall` from `start` */
};

/* cmp $0xfffff000|0xfffff001, %rax or %eax at `p`? Its length, or 0. */
int compare_length(const uint8_t *p);
uint8_t *emit_bytes(uint8_t *at, const void *bytes, size_t n);
/* Four bytes. */
uint8_t *emit_number(uint8_t *at, int64_t value);
/* A jump of five bytes. Returns its end. */
uint8_t *emit_jump(uint8_t *at, const uint8_t *target);

/*
 * Writes the jumps of all sites while other threads may execute them or sleep in their system calls
 * (patch_live_x86_64.c). The text must be writable. Returns 0, or -1 when a site has no room for it: nothing has been
 * changed then.
 */
int write_live_jumps(const struct text_range *text, const struct jump_site *sites, int count);
