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

/* Note in CHANNEL what the two below need to know of its links at its end. -1: no memory. */
int endpoints_keep(struct channel *channel, const struct plan *plan, const struct parent *parent);

/* Whether links of a container whose processes are gone stay: connections whose last words nobody has answered keep its network namespace. */
bool endpoints_linger(const struct channel *channel);

/* Delete its links; those that are gone are fine. It waits for the kernel, so not in the supervisor's loop. */
void endpoints_delete(const struct channel *channel);
