/* endpoint.h: the supervisor's part of ENDPOINT. */
#pragma once

#include "build.h"
#include "channel.h"

#include <sys/types.h>

/* Make the links of all ENDPOINTs of PLAN between their bridges and the network namespace of process PID, or of the container
 * TARGET that it joins: all, or none that would stay. -1 and BUILD's failure, which names the operation; 1 where that process
 * has ended by itself. */
int endpoints_make(struct build *build, const struct plan *plan, const struct parent *parent, const struct target *target, pid_t pid);

/* Delete those that an earlier run left: its namespace may be gone, but the kernel takes its time to empty it. */
void endpoints_forget(const struct plan *plan, const struct parent *parent);
