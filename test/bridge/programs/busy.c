/*
 * busy THREADS: threads that make hooked calls as fast as they can and compare each answer. A line on standard input
 * ends it: "CALLS calls, WRONG wrong".
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile int stop;
static long calls, wrong;

static int expect(int right, const char *what) {
  if (!right) {
    __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
    dprintf(2, "wrong: %s, errno %d\n", what, errno);
  }
  return right;
}

static void *work(void *argument) {
  char path[64], byte, directory[256];
  struct stat st;
  int pair[2];
  snprintf(path, sizeof path, "/tmp/busy-%d-%ld", (int)getpid(), (long)(intptr_t)argument);
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) return NULL;
  long n = 0;
  while (!stop) {
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    expect(fd >= 0, "open");
    expect(write(fd, "abc", 3) == 3, "write");
    expect(pwrite(fd, "d", 1, 3) == 1, "pwrite");
    expect(fstat(fd, &st) == 0 && st.st_size == 4, "fstat");
    expect(pread(fd, &byte, 1, 3) == 1 && byte == 'd', "pread");
    expect(ftruncate(fd, 1) == 0, "ftruncate");
    int copy = dup(fd);
    expect(copy >= 0, "dup");
    expect(fcntl(copy, F_GETFD) == 0, "fcntl");
    expect(close(copy) == 0 && close(fd) == 0, "close");
    expect(stat(path, &st) == 0 && st.st_size == 1, "stat");
    expect(access("/nowhere", F_OK) == -1 && errno == ENOENT, "access");
    expect(getcwd(directory, sizeof directory) != NULL, "getcwd");
    expect(chmod(path, 0640) == 0, "chmod");
    expect(send(pair[0], "x", 1, 0) == 1 && recv(pair[1], &byte, 1, 0) == 1 && byte == 'x', "send, recv");
    expect(unlink(path) == 0, "unlink");
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect(at != MAP_FAILED && munmap(at, 4096) == 0, "mmap");
    n += 18;
  }
  __atomic_add_fetch(&calls, n, __ATOMIC_RELAXED);
  return NULL;
}

int main(int argc, char **argv) {
  const int count = argc > 1 ? atoi(argv[1]) : 1;
  pthread_t *threads = calloc((size_t)count, sizeof *threads);
  for (long i = 0; i < count; i++)
    if (pthread_create(&threads[i], NULL, work, (void *)i)) return 3;
  puts("busy");
  fflush(stdout);
  getchar();
  stop = 1;
  for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
  printf("%ld calls, %ld wrong\n", calls, wrong);
  return wrong != 0;
}
