/* The tuples that dyld reads. */
#pragma once

extern const int interposed_count;
