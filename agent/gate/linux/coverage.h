/* Can a program be covered? Asked before every exec (coverage.c). */
#pragma once
#include <stdbool.h>

enum { PROGRAM_HEAD = 1024 };

/* A program file that is about to be started. */
struct program_file {
  long fd; /* readable */
  long length; /* of the head, or -errno */
  unsigned char head[PROGRAM_HEAD + 8] __attribute__((aligned(8)));
};
/* Reads the head of the file; the descriptor stays the caller's. */
void program_read(struct program_file *p, long fd);

/* Why the gate would not come up in it, as the end of a sentence that begins with its path; NULL: it would. */
const char *coverage_refusal(const struct program_file *p, char *const *argv);
