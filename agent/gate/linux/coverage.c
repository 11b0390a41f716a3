/*
 * Whether a program will come up with the gate in it.
 *
 * One decision for every way to start a program: a child, a program of the tree, an interpreter, a descriptor. The
 * injector's decision on a session's first program (injector/platform/executable.ts) is the same, row by row.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <sys/stat.h>
#include "../memory.h"
#include "../os.h"
#include "../scratch.h"
#include "../session.h"
#include "../text.h"
#include "coverage.h"
#include "patch.h"

#if defined(__x86_64__)
enum { OWN_MACHINE = EM_X86_64 };
#else
enum { OWN_MACHINE = EM_AARCH64 };
#endif

/* Records are read a few at a time: the stack may be a signal's. */
enum { SEGMENTS = 8,
       SECTIONS = 8,
       INTERPRETER = 256 };

void program_read(struct program_file *p, long fd) {
  p->fd = fd;
  p->length = sys(SYS_pread64, fd, p->head, PROGRAM_HEAD, 0);
}

static bool ends_with(const char *text, const char *end) {
  size_t n = text_length(text), m = text_length(end);
  return n >= m && text_equal(text + n - m, end, m + 1);
}

static const char *base_of(const char *path) {
  const char *base = path;
  for (; *path; path++)
    if (*path == '/') base = path + 1;
  return base;
}

/* glibc's loaders: ld-linux-x86-64.so.2, ld-linux-aarch64.so.1, ld64.so.2, ld.so.1 */
static bool is_glibc_loader(const char *path) {
  const char *base = base_of(path);
  bool known = text_equal(base, "ld-linux", 8) || text_equal(base, "ld.so", 5) || text_equal(base, "ld64.so", 7);
  return known && (ends_with(base, ".so.1") || ends_with(base, ".so.2"));
}

/* Is it the loader itself, started as `ld.so PROGRAM`? It preloads as for any program. */
static bool is_own_loader(const struct stat *st) {
  struct text_range loader;
  struct stat own;
  return find_loader_text(&loader) && loader.name && sys(SYS_newfstatat, AT_FDCWD, loader.name, &own, 0) == 0 &&
      own.st_dev == st->st_dev && own.st_ino == st->st_ino;
}

static const char *privileges(long fd, const struct stat *st) {
  uint32_t uid = (uint32_t)sys(SYS_geteuid);
  if (st->st_mode & S_ISUID && st->st_uid != uid) return "it is set-user-ID, and such programs ignore preloaded libraries";
  /* set-group-ID without group execution is the mark of mandatory locking, not a gain. */
  if (st->st_mode & S_ISGID && st->st_mode & S_IXGRP && st->st_gid != (uint32_t)sys(SYS_getegid))
    return "it is set-group-ID, and such programs ignore preloaded libraries";
  char value[64];
  if (uid && sys(SYS_fgetxattr, fd, "security.capability", value, sizeof value) > 0)
    return "its file gives it capabilities, and such programs ignore preloaded libraries";
  return NULL;
}

/* Reads PT_INTERP. 1: there is one; 0: there is none; -1: the file is damaged. */
static int interpreter_of(long fd, const Elf64_Ehdr *e, char out[INTERPRETER]) {
  if (e->e_phentsize != sizeof(Elf64_Phdr)) return -1;
  Elf64_Phdr some[SEGMENTS];
  for (unsigned i = 0; i < e->e_phnum; i += SEGMENTS) {
    long got = sys(SYS_pread64, fd, some, sizeof some, e->e_phoff + i * sizeof *some);
    for (unsigned k = 0; k < SEGMENTS && i + k < e->e_phnum; k++) {
      if (got < (long)((k + 1) * sizeof *some)) return -1;
      if (some[k].p_type != PT_INTERP) continue;
      size_t n = some[k].p_filesz < INTERPRETER - 1 ? some[k].p_filesz : INTERPRETER - 1;
      long length = sys(SYS_pread64, fd, out, n, some[k].p_offset);
      out[length > 0 ? length : 0] = 0;
      return length > 0 ? 1 : -1;
    }
  }
  return 0;
}

/* Go calls the kernel without libc. Its linker leaves this section in every program, stripped or not. */
static bool made_by_go(long fd, const Elf64_Ehdr *e) {
  static const char name[] = ".go.buildinfo";
  Elf64_Shdr names, some[SECTIONS];
  if (!e->e_shoff || e->e_shentsize != sizeof names) return false;
  if (sys(SYS_pread64, fd, &names, sizeof names, e->e_shoff + e->e_shstrndx * sizeof names) != sizeof names) return false;
  for (unsigned i = 0; i < e->e_shnum; i += SECTIONS) {
    long got = sys(SYS_pread64, fd, some, sizeof some, e->e_shoff + i * sizeof names);
    for (unsigned k = 0; k < SECTIONS && i + k < e->e_shnum && got >= (long)((k + 1) * sizeof names); k++) {
      char text[sizeof name];
      if (some[k].sh_type != SHT_PROGBITS || some[k].sh_name >= names.sh_size) continue;
      if (sys(SYS_pread64, fd, text, sizeof text, names.sh_offset + some[k].sh_name) == sizeof text && text_equal(text, name, sizeof name))
        return true;
    }
  }
  return false;
}

/* The program that the loader is to run; NULL when it has another task. */
static const char *loader_argument(char *const *argv) {
  static const char *const with_value[] = {"--library-path", "--glibc-hwcaps-prepend", "--glibc-hwcaps-mask", "--inhibit-rpath",
                                           "--audit", "--preload", "--argv0"};
  for (int i = 1; argv && argv[0] && argv[i]; i++) {
    if (!text_equal(argv[i], "--", 2)) return argv[i];
    for (unsigned k = 0; k < sizeof with_value / sizeof with_value[0]; k++)
      if (text_equal(argv[i], with_value[k], text_length(with_value[k]) + 1) && argv[i + 1]) i++;
  }
  return NULL;
}

static const char *of_elf(long fd, const Elf64_Ehdr *e) {
  char interpreter[INTERPRETER];
  if (e->e_ident[EI_CLASS] != ELFCLASS64) return "it is not a 64-bit program";
  if (e->e_ident[EI_DATA] != ELFDATA2LSB || e->e_machine != OWN_MACHINE) return "it is a program for another kind of machine";
  if (made_by_go(fd, e)) return "it is a Go program, which calls the kernel without the C library";
  int found = interpreter_of(fd, e, interpreter);
  if (found < 0) return "its program headers cannot be read";
  if (!found) return "it is statically linked, so no library can be preloaded into it";
  return is_glibc_loader(interpreter) ? NULL : "it runs on another C library than glibc, for which the gate is built";
}

__attribute__((noinline)) static const char *of_loader(char *const *argv) {
  const char *path = loader_argument(argv);
  long fd = path ? sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
  if (fd < 0) return NULL; /* the loader says why; a program of the tree it does not find */
  Elf64_Ehdr e;
  bool elf = sys(SYS_pread64, fd, &e, sizeof e, 0) == sizeof e && text_equal((const char *)e.e_ident, ELFMAG, SELFMAG);
  const char *why = elf ? of_elf(fd, &e) : NULL;
  sys(SYS_close, fd);
  return why;
}

const char *coverage_refusal(const struct program_file *p, char *const *argv) {
  struct stat st;
  if (p->length < 0 || sys(SYS_fstat, p->fd, &st)) return "it cannot be read, so it cannot be checked";
  const char *why = privileges(p->fd, &st);
  const Elf64_Ehdr *e = (const void *)p->head;
  if (why || p->length < 4 || !text_equal((const char *)p->head, ELFMAG, SELFMAG)) return why;
  if (p->length < (long)sizeof *e) return NULL; /* the kernel refuses it */
  if (e->e_type == ET_DYN && is_own_loader(&st)) return of_loader(argv);
  return of_elf(p->fd, e);
}
