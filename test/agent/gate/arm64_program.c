/*
 * A Linux program for 64-bit Arm: file calls inside and outside a mount, and what a patched call site must keep.
 * One line for each thing tried; emulated-arm64.test.ts knows what they must say.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *what, long value) { printf("%s %ld %s\n", what, value, value < 0 ? strerrorname_np(errno) : "-"); }

/* Calls `function(SYS_mkdirat, AT_FDCWD, path, 0700, 104, 105, 106)` with every register known; stores them after. */
void probe(long (*function)(long, ...), uint64_t out[24], const char *path);
__asm__(".text\n.globl probe\n.type probe, %function\nprobe:\n"
        "stp x29, x30, [sp, #-32]!\nmov x29, sp\nstp x19, x20, [sp, #16]\n"
        "mov x19, x0\nmov x20, x1\nmov x0, #34\nmov x1, #-100\nmov x3, #448\n"
        "mov x4, #104\nmov x5, #105\nmov x6, #106\nmov x7, #107\nmov x9, #109\nmov x10, #110\nmov x11, #111\n"
        "mov x12, #112\nmov x13, #113\nmov x14, #114\nmov x15, #115\nmov x16, #116\nmov x17, #117\n"
        "movi v0.16b, #200\nmovi v7.16b, #207\nmovi v16.16b, #216\nmovi v31.16b, #231\n"
        "blr x19\n"
        "stp x0, x1, [x20]\nstp x2, x3, [x20, #16]\nstp x4, x5, [x20, #32]\nstp x6, x7, [x20, #48]\nstp x8, x9, [x20, #64]\n"
        "stp x10, x11, [x20, #80]\nstp x12, x13, [x20, #96]\nstp x14, x15, [x20, #112]\nstp x16, x17, [x20, #128]\n"
        "umov x9, v0.d[1]\numov x10, v7.d[1]\numov x11, v16.d[1]\numov x12, v31.d[1]\n"
        "stp x9, x10, [x20, #144]\nstp x11, x12, [x20, #160]\n"
        "ldp x19, x20, [sp, #16]\nldp x29, x30, [sp], #32\nret\n.size probe, . - probe\n");

static void registers(void) {
  static const char path[] = "/v/probed";
  uint64_t got[24] = {0};
  /* syscall(2) moves its arguments down by one. */
  const uint64_t want[22] = {0, (uint64_t)(uintptr_t)path, 448, 104, 105, 106, 107, 107, 34, 109, 110, 111, 112, 113, 114, 115, 116, 117,
                             0xc8c8c8c8c8c8c8c8, 0xcfcfcfcfcfcfcfcf, 0xd8d8d8d8d8d8d8d8, 0xe7e7e7e7e7e7e7e7};
  probe(syscall, got, path);
  int lost = 0;
  for (int i = 0; i < 22; i++)
    if (got[i] != want[i]) printf("register %d is %#lx, not %#lx\n", i, got[i], want[i]), lost++;
  say("registers lost", lost);
}

static int cleaned, leaf;
static void clean(void *unused) { cleaned = 1; }
static void *blocked(void *pipe) {
  char c;
  pthread_cleanup_push(clean, NULL);
  if (leaf) { /* syscall() has no frame of its own: its return address is in a register only */
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    syscall(SYS_read, *(int *)pipe, &c, 1);
  } else {
    openat(*(int *)pipe, "fifo", O_RDONLY);
  }
  pthread_cleanup_pop(0);
  return NULL;
}
static void cancel(const char *what, int descriptor) {
  pthread_t thread;
  void *result;
  cleaned = 0;
  pthread_create(&thread, NULL, blocked, &descriptor);
  usleep(50000); /* long enough to block; were it not, the cancel would find it at the same call */
  pthread_cancel(thread);
  pthread_join(thread, &result);
  say(what, result == PTHREAD_CANCELED && cleaned);
}

int main(int argc, char **argv) {
  struct stat st;
  char text[64] = "";
  if (argc > 2) return say("child's file", access("/v/child", F_OK)), 0;
  int fd = open("/v/a", O_CREAT | O_RDWR | O_TRUNC, 0640);
  say("write", write(fd, "hello", 5));
  say("stat", stat("/v/a", &st));
  say("size", (long)st.st_size);
  say("mode", st.st_mode);
  say("read", pread(fd, text, sizeof text, 0));
  say("mkdir", mkdir("/v/d", 0755));
  say("symlink", symlink("../a", "/v/d/l"));
  say("open nofollow", open("/v/d/l", O_RDONLY | O_NOFOLLOW));
  say("open as directory", open("/v/a", O_RDONLY | O_DIRECTORY));
  DIR *list = opendir("/v");
  long entries = 0;
  while (list && readdir(list)) entries++;
  say("entries", entries);
  say("closedir", closedir(list));
  say("chdir", chdir("/v/d"));
  printf("cwd %s\n", getcwd(text, sizeof text));
  FILE *stream = fopen("l", "r");
  printf("line %s\n", stream && fgets(text, sizeof text, stream) ? text : "none");
  pid_t child = fork();
  if (!child) {
    int other = open("/v/child", O_CREAT | O_WRONLY, 0600);
    _exit(write(other, "c", 1) != 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  say("child", status);
  say("child's file", access("/v/child", F_OK));
  say("missing", access("/v/none", F_OK));
  say("rename", rename("/v/a", "/v/b"));
  say("unlink", unlink("/v/b"));
  registers();
  int ends[2], outside = open(argv[1], O_RDONLY | O_DIRECTORY);
  say("foreign", outside < 0 || pipe(ends));
  mkfifoat(outside, "fifo", 0600);
  cancel("cancelled in a foreign open", outside);
  leaf = 1;
  cancel("cancelled in a leaf", ends[0]);
  return 0;
}
