/*
 * Will the loader look into the tree for a program's libraries? Then the gate must be loaded before it looks
 * (loader.c). Decided by the search paths of the environment and of the program itself.
 */
#define _GNU_SOURCE
#include <elf.h>
#include "../cwd.h"
#include "../mounts.h"
#include "../os.h"
#include "../overlay.h"
#include "../path.h"
#include "../scratch.h"
#include "../session.h"
#include "../text.h"
#include "loader.h"

static bool starts(const char *text, const char *word) {
  while (*word)
    if (*text++ != *word++) return false;
  return true;
}

/* One directory or library of a list, in `room->plain`. */
static bool leads_in(const char *one, bool program_virtual, struct scratch *room) {
  struct place p;
  if (one[0] == '$') return program_virtual && (starts(one + 1, "ORIGIN") || starts(one + 1, "{ORIGIN}"));
  if (one[0] != '/') return cwd_inode() != 0;
  if (under_mount(one)) return true;
  struct scratch *more = session.overlays ? scratch_take() : NULL;
  bool found = more && place_ahead(AT_FDCWD, one, true, &p, more);
  if (more) scratch_give(more);
  (void)room;
  return found;
}

/* @param list parted by colons, semicolons or spaces; an empty part is the working directory */
static bool list_leads_in(const char *list, bool program_virtual, struct scratch *room) {
  for (const char *at = list; at && *list;) {
    size_t n = 0;
    while (at[n] && at[n] != ':' && at[n] != ';' && at[n] != ' ') n++;
    if (n >= MAX_PATH) return false;
    bytes_copy(room->plain, at, n);
    room->plain[n] = 0;
    if (leads_in(room->plain, program_virtual, room)) return true;
    at = at[n] ? at + n + 1 : NULL;
  }
  return false;
}

/* Where in the file that address is. */
static uint64_t file_offset(const Elf64_Phdr *headers, int count, uint64_t address) {
  for (int i = 0; i < count; i++)
    if (headers[i].p_type == PT_LOAD && address >= headers[i].p_vaddr && address < headers[i].p_vaddr + headers[i].p_filesz)
      return headers[i].p_offset + (address - headers[i].p_vaddr);
  return 0;
}

static long read_text(long fd, uint64_t at, char *out, size_t size) {
  long n = sys(SYS_pread64, fd, out, size - 1, at);
  if (n >= 0) out[n] = 0;
  return n;
}

/* @param head the file's first `n` bytes */
static bool program_asks(long fd, const uint8_t *head, long n, bool program_virtual, struct scratch *room) {
  const Elf64_Ehdr *e = (const void *)head;
  if (n < (long)sizeof *e || !text_equal((const char *)head, "\177ELF\2", 5) || e->e_phentsize != sizeof(Elf64_Phdr)) return false;
  const Elf64_Phdr *headers = (const void *)(head + e->e_phoff), *dynamic = NULL;
  if (e->e_phoff % 8 || e->e_phoff + (uint64_t)e->e_phnum * sizeof *headers > (uint64_t)n) return false;
  for (int i = 0; i < e->e_phnum; i++)
    if (headers[i].p_type == PT_DYNAMIC) dynamic = &headers[i];
  if (!dynamic) return false;
  size_t size = dynamic->p_filesz < sizeof room->path ? dynamic->p_filesz : sizeof room->path;
  long got = sys(SYS_pread64, fd, room->path, size, dynamic->p_offset);
  uint64_t strings = 0;
  Elf64_Dyn entry;
  for (int pass = 0; pass < 2; pass++)
    for (long at = 0; at + (long)sizeof entry <= got; at += sizeof entry) {
      bytes_copy(&entry, room->path + at, sizeof entry);
      if (entry.d_tag == DT_NULL) break;
      if (!pass && entry.d_tag == DT_STRTAB) strings = file_offset(headers, e->e_phnum, entry.d_un.d_ptr);
      if (!pass || !strings) continue;
      bool path = entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH, name = entry.d_tag == DT_NEEDED && program_virtual;
      if ((!path && !name) || read_text(fd, strings + entry.d_un.d_val, room->link, sizeof room->link) <= 0) continue;
      if (path && list_leads_in(room->link, program_virtual, room)) return true;
      for (const char *c = room->link; name && *c; c++)
        if (*c == '/') return true;
    }
  return false;
}

bool needs_tree(long fd, const uint8_t *head, long n, const char *library_path, const char *preload, bool program_virtual) {
  struct scratch *room = scratch_take();
  if (!room) return false;
  bool needs = list_leads_in(library_path ? library_path : "", program_virtual, room) ||
      list_leads_in(preload ? preload : "", program_virtual, room) || program_asks(fd, head, n, program_virtual, room);
  scratch_give(room);
  return needs;
}
