/* Shared by the bench's programs: a clock, and a loop that reads a command per line and prints a line of numbers. */
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static inline uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Two programs that alternate on one processor have the same clock frequency and caches. */
static inline void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

__attribute__((noreturn)) static inline void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static inline int must(int result, const char *what) {
  if (result < 0) die(what);
  return result;
}

/* Returns false at the end. `argument` is 0 if the line has none. */
static inline int command(char word[64], long *argument) {
  char line[128];
  if (!fgets(line, sizeof line, stdin)) return 0;
  *argument = 0;
  return sscanf(line, "%63s %ld", word, argument) >= 1;
}
