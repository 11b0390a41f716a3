/* Shared by the machine-dependent patchers. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_range {
  uint8_t *start;
  size_t size;
  const char *name; /* of the file it was loaded from */
};

/* A call site: which bytes are replaced, and where in them the instruction is. */
struct site_mark {
  uint32_t offset; /* from the text's start */
  uint16_t length;
  uint16_t instruction;
};
int sites_load(const struct text_range *text, struct site_mark *out, int capacity);
void sites_store(const struct text_range *text, const struct site_mark *marks, int count);

/* Executable segments of libc and of the loader (modules.c). Returns how many were filled in, -1 when there may be more. */
int find_texts(struct text_range *out, int capacity);
/* The loader's alone. */
bool find_loader_text(struct text_range *out);
/* A page-aligned pool that a branch from `near` can reach. NULL when there is none. */
uint8_t *map_near(const uint8_t *near, size_t size, size_t reach);

/*
 * patch_*.c: replaces the call sites of one text. `running`: other threads may execute it, or sleep in its system
 * calls. Returns how many, or -1.
 */
int patch_text(const struct text_range *text, bool running);
/* The same for given sites of a text that no thread executes yet, or this one alone. */
int patch_sites(const struct text_range *text, const struct site_mark *marks, int count);
/* Undoes the last patch_text. */
void unpatch_text(const struct text_range *text);
/* Where every trampoline leads: shimfs_site_entry. Set before the first patch. */
extern void (*patch_entry)(void);
