/*
 * Programs and libraries that make system calls by instructions of their own: rustix, Zig, sanitizers' runtimes.
 *
 * Their `syscall` instructions get the same jumps as libc's, so the one table answers them: for the program and the libraries
 * loaded with it when the gate starts, for every later library when its code is mapped. Code with a call that cannot
 * be replaced is not executed, unless the run allows uncovered programs. Sites are remembered for the session by file.
 */
#define _GNU_SOURCE
#include <link.h>
#include <unistd.h>
#include <sys/mman.h>
#include "../calls.h"
#include "../os.h"
#include "../path.h"
#include "../process.h"
#include "../session.h"
#include "../text.h"
#include "instruction_x86_64.h"
#include "patch.h"
#include "raw_calls.h"

enum { MAX_RAW_SITES = 1000 }; /* Bun: 695. Fewer than patch_sites takes */

static struct site_mark marks[MAX_RAW_SITES + 1];
static volatile int marks_taken;
static bool started; /* not in the copy that the loader runs as an auditor: its jumps would outlast it */

static char *put(char *at, uint64_t value) {
  *at++ = '.';
  return text_number(at, value);
}

/* `<object dir>/raw.<device>.<inode>.<mtime>.<ns>.<size>.<offset>` of a segment. */
static bool list_path(const char *file, uint64_t offset, char out[400]) {
  struct stat st;
  struct place p;
  /* The kernel cannot be asked about a file of the tree; the vDSO has a name and no file. */
  if (file[0] != '/' || place_of(AT_FDCWD, file, &p)) return false;
  if (sys(SYS_newfstatat, AT_FDCWD, file, &st, 0)) return false;
  session_object_path(out, "raw", NULL);
  char *at = put(put(out + text_length(out), st.st_dev), st.st_ino);
  at = put(put(at, (uint64_t)st.st_mtim.tv_sec), (uint64_t)st.st_mtim.tv_nsec);
  put(put(at, (uint64_t)st.st_size), offset);
  return true;
}

/* The list of a file, which may be empty; -1: there is none. */
static int load_list(const char *path) {
  long fd = sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  long n = sys(SYS_read, fd, marks, sizeof marks);
  sys(SYS_close, fd);
  return n >= (long)sizeof *marks ? (int)(n / (long)sizeof *marks) - 1 : -1;
}

static void store_list(const char *path, int count) {
  char building[440];
  size_t n = text_length(path), bytes = (size_t)(count + 1) * sizeof *marks;
  bytes_copy(building, path, n);
  put(building + n, (uint64_t)sys(SYS_gettid));
  long fd = sys(SYS_openat, AT_FDCWD, building, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return;
  long written = sys(SYS_write, fd, marks, bytes); /* one more than there are, so that an empty list has a length */
  sys(SYS_close, fd);
  if (written == (long)bytes) sys(SYS_renameat, AT_FDCWD, building, AT_FDCWD, path);
  else sys(SYS_unlinkat, AT_FDCWD, building, 0);
}

/* Do the marks fit this text? A list is a hint: each must stand at a call and inside the text. */
static bool list_fits(const struct text_range *text, int count) {
  for (int i = 0; i < count; i++) {
    uint64_t call = (uint64_t)marks[i].offset + marks[i].instruction;
    if (call + 16 > text->size || marks[i].length > 16) return false;
#if defined(__x86_64__)
    if (text->start[call] != 0x0f || text->start[call + 1] != 0x05) return false;
#endif
  }
  return true;
}

/* Fills in `marks`. @param file names the text's file */
static int find_raw_sites(const struct text_range *text, const char *file, uint64_t offset) {
  char path[400];
  bool known = list_path(file, offset, path);
  int count = known ? load_list(path) : -1;
  if (count >= 0 && list_fits(text, count)) return count;
  count = raw_sites(text, marks, MAX_RAW_SITES);
  if (known) store_list(path, count);
  return count;
}

/* False: the text has a call that cannot be replaced. */
static bool cover_text(const struct text_range *text, const char *file, uint64_t offset) {
  while (__atomic_exchange_n(&marks_taken, 1, __ATOMIC_ACQUIRE)) sys(SYS_sched_yield);
  int count = find_raw_sites(text, file, offset), kept = 0;
  for (int i = 0; i < count; i++)
    if (marks[i].length) marks[kept++] = marks[i];
  bool all = kept == count && count < MAX_RAW_SITES;
  bool allowed = session.shared->session_flags & SHARED_FLAG_ALLOW_UNCOVERED;
  if (all || allowed) all = patch_sites(text, marks, kept) >= 0 && all;
  __atomic_store_n(&marks_taken, 0, __ATOMIC_RELEASE);
  return all || allowed;
}

struct loaded {
  bool running;
  const char *why;
};

static bool has(const struct dl_phdr_info *info, uintptr_t address) {
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[i];
    if (p->p_type == PT_LOAD && address - (info->dlpi_addr + p->p_vaddr) < p->p_memsz) return true;
  }
  return false;
}

static int cover_object(struct dl_phdr_info *info, size_t size, void *data) {
  struct loaded *all = data;
  (void)size;
  bool program = !info->dlpi_name[0];
  /* libc and the loader are patched by number (patch_*.c); the gate's own calls are meant for the kernel. */
  if (has(info, (uintptr_t)&syscall) || has(info, (uintptr_t)_r_debug.r_brk) || has(info, (uintptr_t)&cover_loaded_code)) return 0;
  if (all->running && !program) return 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[i];
    if (p->p_type != PT_LOAD || !(p->p_flags & PF_X)) continue;
    struct text_range text = {(uint8_t *)(info->dlpi_addr + p->p_vaddr), p->p_filesz, info->dlpi_name};
    /* Under threads no jump can be written between arbitrary instructions. */
    bool covered = all->running ? raw_sites(&text, marks, 1) == 0 : cover_text(&text, program ? "/proc/self/exe" : info->dlpi_name, p->p_offset);
    if (!covered)
      all->why = program ? "the program calls the kernel past the C library, by an instruction that cannot be replaced; start the run with --allow-uncovered to let it do so"
                         : "a library of the program calls the kernel past the C library, by an instruction that cannot be replaced; start the run with --allow-uncovered to let it do so";
  }
  return all->why != NULL;
}

const char *cover_loaded_code(bool running) {
  struct loaded all = {.running = running};
  dl_iterate_phdr(cover_object, &all);
  started = true;
  return all.why;
}

/* Is it Frida's agent, which must see the kernel's files? Frida passes it as a memory file of this name. */
static bool is_agent(const char *file) {
  static const char name[] = "/memfd:frida-agent";
  char target[sizeof name];
  return sys(SYS_readlinkat, AT_FDCWD, file, target, sizeof target) == sizeof target && text_equal(target, name, sizeof name - 1);
}

long cover_mapped_code(uint8_t *start, size_t length, int fd, uint64_t offset) {
  char file[40] = "/proc/self/fd/";
  struct stat st;
  text_number(file + 14, (uint64_t)(uint32_t)fd);
  if (!started || in_vfork_child() || is_agent(file) || sys(SYS_fstat, fd, &st) || (uint64_t)st.st_size <= offset) return 0;
  if (length > (uint64_t)st.st_size - offset) length = (uint64_t)st.st_size - offset; /* behind it lies nothing to read */
  struct text_range text = {start, length, file};
  if (cover_text(&text, file, offset)) return 0;
  gate_log("a library is not loaded: it calls the kernel past the C library, by an instruction that cannot be replaced. "
           "Start the run with --allow-uncovered to load it.");
  return -EACCES;
}
