/* A lock that survives the death of its holder and a fork. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* True: its last holder died with it. */
bool lock_take(uint32_t *lock);
void lock_give(uint32_t *lock);
