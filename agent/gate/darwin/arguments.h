/* A call's arguments, and the calls' numbers: places in the table. */
#pragma once
#include "call_table.h"

struct arguments {
  long a1, a2, a3, a4, a5, a6;
};
/* One to six of any scalar type; the rest are 0. */
#define ARGUMENTS(...) ARGUMENTS_(__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define ARGUMENTS_(a, b, c, d, e, f, ...) ((struct arguments){(long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)})

#define CALL_NUMBER(name, ...) CALL_##name,
enum call_number { DARWIN_CALLS(CALL_NUMBER) CALL_COUNT };
