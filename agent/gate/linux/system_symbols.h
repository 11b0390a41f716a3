/* dlsym(3) itself. */
#pragma once

typedef void *(*symbol_finder)(void *handle, const char *name);
/* The system's dlsym. NULL where libc has none. */
symbol_finder system_dlsym(void);
