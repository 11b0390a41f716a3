/* Calls that do not follow a symbolic link at their path's end. */
#define _GNU_SOURCE
#include <sys/stat.h>
#include "../calls.h"
#include "../os.h"

/* NOT_OURS where the file that has been found is a symbolic link. */
static long unless_link(long result, unsigned mode) { return result == 0 && S_ISLNK(mode) ? NOT_OURS : result; }

long native_unfollowed(const struct call *c, const struct arguments *a) {
  struct arguments changed = *a;
  long *flags = c->flags ? argument(&changed, c->flags) : NULL, result;
  switch (c->unfollowed) {
#ifdef SYS_lstat
    case UNFOLLOWED_LSTAT:
      result = native_call(SYS_lstat, a);
      return unless_link(result, result ? 0 : ((const struct stat *)a->a2)->st_mode);
#endif
    case UNFOLLOWED_FSTATAT:
      *flags |= AT_SYMLINK_NOFOLLOW;
      result = native_call(c->nr, &changed);
      return unless_link(result, result ? 0 : ((const struct stat *)a->a3)->st_mode);
    case UNFOLLOWED_STATX:
      *flags |= AT_SYMLINK_NOFOLLOW;
      changed.a4 |= STATX_TYPE;
      result = native_call(c->nr, &changed);
      return unless_link(result, result ? 0 : ((const struct statx *)a->a5)->stx_mode);
    case UNFOLLOWED_OPEN:
      /* These say something else of a link than that it is one, or stand on it. */
      if (*flags & (O_PATH | O_DIRECTORY)) return NOT_OURS;
      *flags |= O_NOFOLLOW;
      result = native_call(c->nr, &changed);
      return result == -ELOOP ? NOT_OURS : result;
    default: return NOT_OURS;
  }
}
