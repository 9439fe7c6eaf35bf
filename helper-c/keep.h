/* keep.h: `nsinit --keep`. */
#pragma once

/* Make the FIFO PATH~, and wait until nobody has it open for writing any more, once somebody had. Returns the exit status. */
int keep(const char *path);
