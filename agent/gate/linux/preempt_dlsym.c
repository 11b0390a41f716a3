/*
 * dlsym, for clients that load a framework and ask it by name for what we stand before: the library's own function
 * would go past us. Every other name goes on by a jump, so that RTLD_NEXT and RTLD_DEFAULT mean what they mean to the caller.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include "../fsevents/fsevents.h"
#include "../gate.h"
#include "preempt.h"

int shimfs_set_real(const char *name, void *function);

typedef void *(*symbol_finder)(void *, const char *);
static symbol_finder real_dlsym;

static symbol_finder find_real(void) {
  static const char *const versions[] = {"GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5"};
  for (unsigned i = 0; !real_dlsym && i < sizeof versions / sizeof versions[0]; i++)
    real_dlsym = (symbol_finder)(uintptr_t)dlvsym(RTLD_NEXT, "dlsym", versions[i]);
  return real_dlsym;
}

void *system_symbol(void *handle, const char *name) {
  symbol_finder find = find_real();
  void *found = find ? find(handle, name) : NULL;
  Dl_info own, its;
  bool ours = found && dladdr((void *)(uintptr_t)&system_symbol, &own) && dladdr(found, &its) && own.dli_fbase == its.dli_fbase;
  return ours ? NULL : found;
}

static void *caught(symbol_finder find, void *handle, const char *name) {
  void *found = find(handle, name), *replacement = fsevents_replacement(name);
  if (!found || !replacement || found == replacement) return found;
  fsevents_set_real(name, found);
  return replacement;
}

/* What is passed on is the first library's that the program has: another's of that name is none of ours. */
static void *preempted(symbol_finder find, void *handle, const char *name) {
  void *found = find(handle, name), *replacement = found ? preempting_function(name) : NULL;
  if (!replacement || found == replacement) return found;
  void *next = find(RTLD_NEXT, name);
  if (next && next != found) return found;
  for (const char *const *one = kqueue_names; *one; one++) {
    void *at = find(handle, *one);
    if (at && !find(RTLD_NEXT, *one)) shimfs_set_real(*one, at);
  }
  return replacement;
}

static bool begins(const char *name, const char *head) { return text_equal(name, head, 4); }

__attribute__((visibility("default"))) void *dlsym(void *handle, const char *name) {
  symbol_finder find = real_dlsym ? real_dlsym : find_real();
  if (session.active && handle != RTLD_NEXT && text_length(name) > 4) {
    if (begins(name, "FSEv")) return caught(find, handle, name);
    if (begins(name, "kque") || begins(name, "keve") || begins(name, "guar") || begins(name, "disp")) return preempted(find, handle, name);
  }
  return find(handle, name);
}
