/* The gate's functions by the names that they replace. */
#pragma once

/* NULL: the gate has none of that name. */
void *replacement_for(const char *name);
