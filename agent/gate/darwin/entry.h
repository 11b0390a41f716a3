/* A replaced function's way to the dispatcher and back. */
#pragma once
#include "../calls.h"

/* Makes a call as its function does: -1 and errno, or the result with errno kept. */
long darwin_call(enum call_number nr, struct arguments a);
