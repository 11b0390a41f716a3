/* Texts and bytes without libc. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t text_length(const char *s);
bool text_equal(const char *a, const char *b, size_t n);
void bytes_copy(void *to, const void *from, size_t n);
void bytes_zero(void *to, size_t n);
char *text_number(char *out, uint64_t value); /* returns the end */
bool text_parse(const char **at, uint64_t *out);
bool text_same(const char *a, const char *b);
