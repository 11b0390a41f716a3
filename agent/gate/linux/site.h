/* A patched call site: the interface between the machine-dependent halves. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* The registers of a system call, as site_*.S stores them (x86-64 pushes rdi first, so it stands last). */
struct arguments {
#if defined(__x86_64__)
  long a6, a5, a4, a3, a2, a1;
#else
  long a1, a2, a3, a4, a5, a6;
#endif
};

/* Entry of every trampoline, in assembly; calls shimfs_dispatch. */
void shimfs_site_entry(void);
/* Before anything else of the table. */
void shimfs_prepare_calls(void);
/* Is this number one that we care for? */
int shimfs_handles(long nr);
/* Patches the loaded libc and loader. Returns the number of sites, or -1. */
int patch_call_sites(bool running);
