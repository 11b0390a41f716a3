/* Names that stand before the system's own. */
#pragma once

/* The function of ours by that name, but for FSEvents'. NULL: there is none. */
void *preempting_function(const char *name);
/* kqueue's functions, and what a userland kqueue listens with; NULL at the end. */
extern const char *const kqueue_names[];
