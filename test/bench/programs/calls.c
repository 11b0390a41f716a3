/*
 * calls DIRECTORY [CPU]: runs lots of file calls in DIRECTORY, and prints the time of each lot.
 *
 *   > NAME COUNT
 *   < NANOSECONDS          for all calls
 */
#include "bench.h"
#include <dirent.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { ENTRIES = 1000,
       MANY_ENTRIES = 10000,
       BLOCK = 64 * 1024,
       BIG = 16 * 1024 * 1024 };
static const char *root;
static char buffer[BLOCK], path[4200], other[4200];
static int small_fd, big_fd, list_fd;

static const char *at(const char *kind, long i) {
  snprintf(path, sizeof path, "%s/%s%ld", root, kind, i);
  return path;
}

static void prepare(void) {
  int fd = must(open(at("f", 0), O_CREAT | O_RDWR, 0644), "create f0");
  must(write(fd, buffer, 4096) == 4096 ? 0 : -1, "fill f0");
  close(fd);
  small_fd = must(open(at("s", 0), O_CREAT | O_RDWR, 0644), "create s0");
  for (int i = 0; i < 16; i++) must((int)write(small_fd, buffer, BLOCK), "fill s0");
  must(mkdir(at("list", 0), 0755), "mkdir list0");
  for (int i = 0; i < ENTRIES; i++) {
    snprintf(path, sizeof path, "%s/list0/entry%d", root, i);
    close(must(open(path, O_CREAT | O_WRONLY, 0644), "create entry"));
  }
  list_fd = must(open(at("list", 0), O_RDONLY | O_DIRECTORY), "open list0");
}

/* Not in every run: it takes memory. */
static void prepare_big(void) {
  if (big_fd) return;
  big_fd = must(open(at("b", 0), O_CREAT | O_RDWR, 0644), "create b0");
  for (int i = 0; i < BIG / BLOCK; i++) must((int)write(big_fd, buffer, BLOCK), "fill b0");
}

static long list_all(void) {
  long entries = 0, n;
  must((int)lseek(list_fd, 0, SEEK_SET), "rewind");
  while ((n = syscall(SYS_getdents64, list_fd, buffer, sizeof buffer)) > 0) entries += n;
  return entries;
}

static void open_close(long n) {
  const char *p = at("f", 0);
  while (n--) close(must(open(p, O_RDONLY), "open"));
}
static void stats(long n) {
  const char *p = at("f", 0);
  struct stat st;
  while (n--) must(stat(p, &st), "stat");
}
/* A separate name in each of many pages: no two calls read the same memory. */
static void stats_far(long n) {
  enum { PAGES = 256,
         PAGE = 4096 };
  static char *names;
  struct stat st;
  if (!names) {
    names = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (names == MAP_FAILED) die("mmap");
    for (int i = 0; i < PAGES; i++) strcpy(names + i * PAGE, at("f", 0));
  }
  for (long i = 0; i < n; i++) must(stat(names + i % PAGES * PAGE, &st), "stat");
}
static void stats_missing(long n) {
  const char *p = at("none", 0);
  struct stat st;
  while (n--)
    if (stat(p, &st) == 0) die("a missing file is there");
}
static void reads(long n) {
  lseek(small_fd, 0, SEEK_SET);
  while (n--) must(read(small_fd, buffer, 64) == 64 ? 0 : -1, "read");
}
static void writes(long n) {
  lseek(small_fd, 0, SEEK_SET);
  while (n--) must(write(small_fd, buffer, 64) == 64 ? 0 : -1, "write");
}
static void getdents(long n) {
  while (n--)
    if (!list_all()) die("an empty listing");
}
static void open_read_close(long n) {
  const char *p = at("f", 0);
  while (n--) {
    int fd = must(open(p, O_RDONLY), "open");
    must(read(fd, buffer, 4096) == 4096 ? 0 : -1, "read");
    close(fd);
  }
}
static void create(long n) {
  for (long i = 0; i < n; i++) {
    int fd = must(open(at("c", i), O_CREAT | O_EXCL | O_WRONLY, 0644), "create");
    must(write(fd, buffer, 4096) == 4096 ? 0 : -1, "write");
    close(fd);
  }
}
static void renames(long n) {
  for (long i = 0; i < n; i++) {
    snprintf(other, sizeof other, "%s/r%ld", root, i);
    must(rename(at("c", i), other), "rename");
  }
}
static void unlinks(long n) {
  for (long i = 0; i < n; i++) must(unlink(at("r", i)), "unlink");
}
static void mkdirs(long n) {
  for (long i = 0; i < n; i++) must(mkdir(at("m", i), 0755), "mkdir");
}
static void rmdirs(long n) {
  for (long i = 0; i < n; i++) must(rmdir(at("m", i)), "rmdir");
}
static void readdirs(long n) {
  while (n--) {
    DIR *d = opendir(at("list", 0));
    long entries = 0;
    if (!d) die("opendir");
    while (readdir(d)) entries++;
    closedir(d);
    if (entries != ENTRIES + 2) die("entries are missing");
  }
}
/* Not in every run: creating the files takes time. */
static void readdirs_10k(long n) {
  if (access(at("many", 0), F_OK) < 0) {
    must(mkdir(at("many", 0), 0755), "mkdir many0");
    for (int i = 0; i < MANY_ENTRIES; i++) {
      snprintf(other, sizeof other, "%s/many0/entry%d", root, i);
      close(must(open(other, O_CREAT | O_WRONLY, 0644), "create entry"));
    }
  }
  while (n--) {
    DIR *d = opendir(at("many", 0));
    long entries = 0;
    if (!d) die("opendir");
    while (readdir(d)) entries++;
    closedir(d);
    if (entries != MANY_ENTRIES + 2) die("entries are missing");
  }
}

/* Throughput: the count is in MiB. */
static void stream(long mib, int block, int writing) {
  prepare_big();
  long left = mib << 20;
  for (long done = BIG; left > 0; left -= block, done += block) {
    if (done >= BIG) must((int)lseek(big_fd, done = 0, SEEK_SET), "rewind");
    long moved = writing ? write(big_fd, buffer, (size_t)block) : read(big_fd, buffer, (size_t)block);
    if (moved != block) die("a short transfer");
  }
}
static void write_64k(long mib) { stream(mib, BLOCK, 1); }
static void read_64k(long mib) { stream(mib, BLOCK, 0); }
static void write_4k(long mib) { stream(mib, 4096, 1); }
static void read_4k(long mib) { stream(mib, 4096, 0); }
static void anywhere(long mib, int writing) {
  static uint64_t seed = 1;
  prepare_big();
  for (long left = mib << 20; left > 0; left -= 4096) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    off_t place = (off_t)(seed >> 33) % (BIG / 4096) * 4096;
    long moved = writing ? pwrite(big_fd, buffer, 4096, place) : pread(big_fd, buffer, 4096, place);
    if (moved != 4096) die("a short transfer");
  }
}
static void write_anywhere(long mib) { anywhere(mib, 1); }
static void read_anywhere(long mib) { anywhere(mib, 0); }
static void map(long mib) {
  prepare_big();
  for (long left = mib << 20; left > 0; left -= BIG) {
    char *p = mmap(NULL, BIG, PROT_READ | PROT_WRITE, MAP_SHARED, big_fd, 0);
    if (p == MAP_FAILED) die("mmap");
    for (long i = 0; i < BIG; i += 64) p[i]++;
    munmap(p, BIG);
  }
}

static const struct {
  const char *name;
  void (*run)(long);
} calls[] = {
    {"open+close", open_close}, {"stat", stats}, {"stat-far", stats_far}, {"stat-missing", stats_missing}, {"read", reads}, {"write", writes}, {"getdents", getdents}, {"open+read+close", open_read_close}, {"create", create}, {"rename", renames}, {"unlink", unlinks}, {"mkdir", mkdirs}, {"rmdir", rmdirs}, {"readdir", readdirs}, {"write-64k", write_64k}, {"readdir-10k", readdirs_10k}, {"write-anywhere", write_anywhere}, {"read-anywhere", read_anywhere}, {"read-64k", read_64k}, {"write-4k", write_4k}, {"read-4k", read_4k}, {"map", map}};

int main(int argc, char **argv) {
  char word[64];
  long count;
  if (argc < 2) return 2;
  root = argv[1];
  if (argc > 2) pin(atoi(argv[2]));
  prepare();
  dprintf(1, "0\n");
  while (command(word, &count)) {
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
      if (!strcmp(calls[i].name, word)) {
        uint64_t start = now();
        calls[i].run(count);
        dprintf(1, "%llu\n", (unsigned long long)(now() - start));
      }
  }
}
