/* Darwin's numbers and the wire's (Linux's generic ones). */
#include "../os.h"

long native_result(long result) {
  if (result >= 0) return result;
  switch (-result) {
    case 61: return -ENOATTR; /* ENODATA: Linux's errno for a missing attribute */
#define ROW(name, number) \
  case number == 61 ? -1: \
  number: \
    return -name;
      SHIMFS_ERRNO_LIST(ROW)
#undef ROW
    default: return -EIO;
  }
}

static const struct {
  long native;
  uint32_t wire;
} open_flags[] = {
    {O_APPEND, WIRE_O_APPEND}, {O_NONBLOCK, WIRE_O_NONBLOCK}, {O_CREAT, WIRE_O_CREAT}, {O_EXCL, WIRE_O_EXCL}, {O_TRUNC, WIRE_O_TRUNC}, {O_NOFOLLOW, WIRE_O_NOFOLLOW}, {O_DIRECTORY, WIRE_O_DIRECTORY}, {O_CLOEXEC, WIRE_O_CLOEXEC}, {O_SYNC, WIRE_O_SYNC}, {O_DSYNC, WIRE_O_DSYNC}, {O_NOCTTY, WIRE_O_NOCTTY}};

uint32_t wire_open_flags(long flags) {
  uint32_t wire = flags & O_ACCMODE;
  for (unsigned i = 0; i < sizeof open_flags / sizeof open_flags[0]; i++)
    if (flags & open_flags[i].native) wire |= open_flags[i].wire;
  return wire;
}

uint32_t wire_at_flags(long flags) {
  uint32_t wire = 0;
  if (flags & (AT_SYMLINK_NOFOLLOW | AT_SYMLINK_NOFOLLOW_ANY)) wire |= WIRE_AT_SYMLINK_NOFOLLOW;
  if (flags & AT_SYMLINK_FOLLOW) wire |= WIRE_AT_SYMLINK_FOLLOW;
  if (flags & (AT_REMOVEDIR | AT_EACCESS)) wire |= WIRE_AT_REMOVEDIR; /* one number, two calls: 0x200 there */
  return wire;
}
_Static_assert(WIRE_AT_REMOVEDIR == WIRE_AT_EACCESS, "each call knows one of them only");
_Static_assert(O_RDONLY == 0 && O_WRONLY == WIRE_O_WRONLY && O_RDWR == WIRE_O_RDWR && O_ACCMODE == WIRE_O_ACCMODE, "access modes");
