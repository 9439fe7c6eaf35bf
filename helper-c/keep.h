/* keep.h: `nsinit --keep`. */
#pragma once

#include <stdbool.h>

/* Make the FIFO PATH~, and wait until nobody has it open for writing any more, once somebody had. Returns the exit status. */
int keep(const char *path);

/* Whether FIFO, just opened as PATH, is still that: only then its keeper sees it. */
bool keep_is_named(int fifo, const char *path);
