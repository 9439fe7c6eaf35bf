/* endpoint.h: the supervisor's part of ENDPOINT. */
#pragma once

#include "build.h"

#include <sys/types.h>

/* Make the links of all ENDPOINTs of PLAN between their bridges and the network namespace of process PID: all, or none that
 * would stay. -1 and BUILD's failure, which names the operation. */
int endpoints_make(struct build *build, const struct plan *plan, pid_t pid);

/* Delete those that an earlier run left: its namespace may be gone, but the kernel takes its time to empty it. */
void endpoints_forget(const struct plan *plan);

/* What endpoints_delete takes of PLAN, in memory of its own: for each ENDPOINT its end outside and that one's namespace (empty:
 * ours), each ending in NUL, then an empty name. NULL: no memory. */
char *endpoints_keep(const struct plan *plan);

/* Delete links at a container's end; those that are gone are fine. It waits for the kernel, so not in the supervisor's loop. */
void endpoints_delete(const char *links);
