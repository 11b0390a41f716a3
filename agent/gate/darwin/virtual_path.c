/* Where a virtual inode is. */
#include <errno.h>
#include "../connection.h"
#include "../text.h"
#include "virtual_path.h"

long virtual_path(uint64_t ino, char *out, size_t size) {
  const struct shimfs_reply *reply;
  const char *data;
  struct request q = {.op = OP_GETPATH, .dir = ino};
  long result = host_begin(&q, &reply, &data);
  if (result >= 0 && reply->data_length >= size) result = -ENAMETOOLONG;
  if (result >= 0) {
    bytes_copy(out, data, reply->data_length);
    out[reply->data_length] = 0;
    result = 0;
  }
  host_end();
  return result;
}
