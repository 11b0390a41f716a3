/* Which branch this process is bound to: the host may change it while the process runs. */
#define _GNU_SOURCE
#include "binding.h"
#include "connection.h"
#include "os.h"
#include "session.h"
#include "text.h"

void binding_refresh(void) {
  uint32_t now = session.shared ? session.shared->rebindings : 0;
  if (now == session.rebindings) return;
  const struct shimfs_reply *reply;
  struct request q = {.op = OP_BINDING};
  if (host_begin(&q, &reply, NULL) >= 0) {
    char keepalive[5];
    bytes_copy(keepalive, session_value + text_length(session_value) - 4, 5);
    session.binding = (uint32_t)reply->ino;
    session.rebindings = now;
    char *at = session_value + session.directory_length;
    *at++ = ':';
    at = text_number(at, session.binding);
    *at++ = ':';
    bytes_copy(at, keepalive, 5);
  }
  host_end();
}
