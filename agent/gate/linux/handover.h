/* The library and the shared page, which a program needs to come up with the gate. */
#pragma once

enum { LIBRARY_BY_DESCRIPTOR = 40 };

struct handover {
  const char *library; /* for LD_PRELOAD */
  int page; /* an inherited descriptor of the shared page; -1: it is found by its path */
  int passed; /* of the library, made for this exec; -1: none */
  char by_descriptor[LIBRARY_BY_DESCRIPTOR];
};

/*
 * For the user that the caller is now. Returns why the program would come up without the gate, as the end of a sentence
 * that begins with its path; NULL: it would not.
 */
const char *handover_prepare(struct handover *h);
/* The exec has failed. */
void handover_undo(struct handover *h);
