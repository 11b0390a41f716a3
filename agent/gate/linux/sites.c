/* The call sites of libc and of the loader, patched when the gate starts. */
#define _GNU_SOURCE
#include "../os.h"
#include "patch.h"

int patch_call_sites(bool running) {
  struct text_range texts[8];
  int n = find_texts(texts, 8), total = 0;
  if (n < 0) return -1;
  shimfs_prepare_calls();
  patch_entry = shimfs_site_entry;
  for (int i = 0; i < n; i++) {
    int count = patch_text(&texts[i], running);
    if (count < 0) return -1;
    total += count;
  }
  return total;
}
