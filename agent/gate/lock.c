/*
 * A lock for memory that a vfork child shares: one word, no owner that could be left behind for good.
 *
 * The word is the holder's thread id; its top bit says that somebody waits. It is taken with signals held off.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <time.h>
#include "lock.h"
#include "os.h"

static const uint32_t CONTENDED = 0x80000000u;

/* Returns true when its holder has died: the guarded data may be in any state. */
bool lock_take(uint32_t *lock) {
  uint32_t me = (uint32_t)sys(SYS_gettid), mine = me;
  for (;;) {
    uint32_t seen = 0;
    if (__atomic_compare_exchange_n(lock, &seen, mine, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return false;
    if (!(seen & CONTENDED)) {
      if (!__atomic_compare_exchange_n(lock, &seen, seen | CONTENDED, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) continue;
      seen |= CONTENDED;
    }
    struct timespec second = {1, 0};
    long r = wait_on(lock, seen, &second);
    /* Others may be asleep still: each woken waiter wakes the next. */
    mine = me | CONTENDED;
    /* A vfork child that was killed while it held the lock never gives it back. */
    if (r == -ETIMEDOUT && sys(SYS_kill, seen & ~CONTENDED, 0) == -ESRCH &&
        __atomic_compare_exchange_n(lock, &seen, mine, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
      return true;
  }
}

void lock_give(uint32_t *lock) {
  if (__atomic_exchange_n(lock, 0, __ATOMIC_RELEASE) & CONTENDED) wake(lock, 1);
}
