/* Dispatch sources on virtual files. */
#pragma once

/* A source does not survive fork. */
void dispatch_after_fork(void);
