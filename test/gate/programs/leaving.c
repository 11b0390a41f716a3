/*
 * leaving DIR COUNT: writes a byte to each of COUNT new files. A timer's signal handler leaves the write by siglongjmp, at
 * any instruction; the file is closed then. Prints how many writes were left.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile sig_atomic_t armed;

static void leave(int number) {
  (void)number;
  if (!armed) return;
  armed = 0;
  siglongjmp(back, 1);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  int left = 0;
  signal(SIGALRM, leave);
  for (int i = 0; i < atoi(argv[2]); i++) {
    char path[300];
    snprintf(path, sizeof path, "%s/%d", argv[1], i);
    volatile int fd = open(path, O_WRONLY | O_CREAT, 0600);
    struct itimerval soon = {.it_value = {0, 1 + i % 60}};
    if (!sigsetjmp(back, 1)) {
      armed = 1;
      setitimer(ITIMER_REAL, &soon, NULL);
      for (volatile int spin = 0; spin < i % 400; spin++) continue;
      write(fd, "x", 1);
      armed = 0;
    } else left++;
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    close(fd);
  }
  printf("%d\n", left);
}
