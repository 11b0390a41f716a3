/* Descriptors of the gate's own inside a foreign process. */
#pragma once
#include <stdbool.h>

void protect_fd(int fd, bool on);
bool is_protected_fd(int fd);
/* One of Frida's: a mass close leaves it alone. */
void keep_fd(int fd);
/* The lowest protected or kept descriptor ≥ from; UINT_MAX when there is none. */
unsigned next_protected_fd(unsigned from);
int raise_fd(int fd, bool close_on_exec);
