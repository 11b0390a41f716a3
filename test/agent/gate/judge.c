/* Says what the gate's own reading of a Mach-O file says: `judge FILE CPU`. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include "../../../agent/gate/darwin/signature.h"

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  const char *why = not_inserted(open(argv[1], O_RDONLY), (uint32_t)strtoul(argv[2], NULL, 0));
  puts(why ? why : "inserted");
  return 0;
}
