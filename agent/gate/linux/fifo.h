/* The real FIFO that a virtual one stands for. */
#pragma once

/* Opens it, made when it is first wanted. May block. */
long open_fifo(const char *real, long flags);
