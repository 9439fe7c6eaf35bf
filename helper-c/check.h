/* check.h: see check.c. */
#pragma once

#include "plan.h"

enum { CHECK_CHANNEL = INT32_MAX }; /* a number that nobody else takes */

/* Frames for request_replay(); START stands behind JOIN in one piece of memory. */
struct check {
	uint8_t *join, *start;
	size_t join_size, start_size;
};

/* DATA is CHECK of SERVE, and is changed: the channel becomes ours, and TARGET_CHANNEL is TARGET. Returns NULL, or why it is refused. */
const char *check_read(struct check *check, uint8_t *data, size_t size, uint32_t target);
