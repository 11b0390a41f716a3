/*
 * dlsym, for clients that load a framework and ask it by name for a function that the gate replaces: the library's own
 * function would bypass the gate. Every other name is passed on by a jump, so that RTLD_NEXT and RTLD_DEFAULT keep
 * their meaning for the caller.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include "../os.h"
#include "../real.h"
#include "../replacements.h"
#include "../session.h"
#include "../text.h"
#include "functions.h"
#include "system_symbols.h"

static void *framework_symbol(symbol_finder find, void *handle, const char *name) {
  void *found = find(handle, name), *replacement = replacement_for(name);
  if (!found || !replacement || found == replacement) return found;
  real_set(name, found, true);
  return replacement;
}

static void learn(symbol_finder find, void *handle, const char *name) {
  void *at = find(handle, name);
  if (at && !find(RTLD_NEXT, name)) real_set(name, at, true);
}

/* Only for the first library of the program that has the name: another library's function of that name is not replaced. */
static void *preempted(symbol_finder find, void *handle, const char *name) {
  void *found = find(handle, name), *replacement = found ? replacement_for(name) : NULL;
  if (!replacement || found == replacement) return found;
  void *next = find(RTLD_NEXT, name);
  if (next && next != found) return found;
#define LEARN(function, ...) learn(find, handle, #function);
  KQUEUE_FUNCTIONS(LEARN)
  KQUEUE_LISTENERS(LEARN)
  return replacement;
}

static bool begins(const char *name, const char *head) { return text_equal(name, head, 4); }

__attribute__((visibility("default"))) void *dlsym(void *handle, const char *name) {
  symbol_finder find = system_dlsym();
  if (session.active && handle != RTLD_NEXT && text_length(name) > 4) {
    if (begins(name, "FSEv")) return framework_symbol(find, handle, name);
    if (begins(name, "kque") || begins(name, "keve") || begins(name, "guar") || begins(name, "disp")) return preempted(find, handle, name);
  }
  return find(handle, name);
}
