/* endpoint.h: the supervisor's part of ENDPOINT. */
#pragma once

#include "build.h"
#include "channel.h"

#include <sys/types.h>

/* Make the links of all ENDPOINTs of PLAN between their bridges and the network namespace of process PID, which is PIDFD: all, or none
 * that would stay. INSIDE gets that namespace. -1 and BUILD's failure, which names the operation; 1 where that process has ended
 * by itself. */
int endpoints_make(struct build *build, const struct plan *plan, const struct parent *parent, pid_t pid, int pidfd, int *inside);

/* linger.c */

/* Delete a link, and with it its peer. Waits for the kernel: some milliseconds. -1 and FAILURE, of ENODEV where there is none. */
int link_delete(const char *name, struct failure *failure);

/* Whether CHANNEL's links stay though its processes are gone. */
bool links_linger(const struct channel *channel);

/* Delete all its links. It waits for the kernel, so not in the supervisor's loop. */
void links_delete(const struct channel *channel);
