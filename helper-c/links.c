/*
 * links.c: more links for a container that runs (LINKS), without a process that joins it: their ends inside are brought up
 * by a process apart that goes into its network namespace, and is gone when the answer is.
 */
#include "build.h"
#include "channel.h"
#include "endpoint.h"
#include "util.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

struct visit {
	struct build *build;
	const struct plan *plan;
	const struct target *target;
	int others; /* of its user and network namespaces, those that aren't ours */
	bool done;
};

static int bring_up(const struct visit *visit) {
	struct build *build = visit->build;
	build->failure.step = STEP_JOIN;
	if (setns(visit->target->pidfd, visit->others) < 0)
		return failed(&build->failure, "setns", "the container's pidfd");
	build->failure.step = STEP_CREATE;
	for (uint32_t i = 0; i < visit->plan->count; i++) {
		build->failure.index = i;
		if (op_endpoint(build, &visit->plan->ops[i]) < 0)
			return -1;
	}
	return 0;
}

/* Runs in the supervisor's memory; returns by exiting. */
static int go(void *argument) {
	struct visit *visit = argument;
	visit->done = bring_up(visit) == 0;
	_exit(0);
}

static int make(const struct supervisor *supervisor, const struct message *message, const struct plan *plan, struct build *build, struct target *target) {
	struct parent parent;
	build->failure.step = STEP_JOIN;
	if (target_look(supervisor, message, target, &build->failure) < 0)
		return -1;
	struct visit visit = {.build = build, .plan = plan, .target = target, .others = namespaces_apart(target->pid, CLONE_NEWUSER | CLONE_NEWNET)};
	if (!(visit.others & CLONE_NEWNET))
		return refused(&build->failure, EINVAL, "it has no network namespace of its own", NULL);
	int found = parent_find(message, &parent, &build->failure);
	cleanup_fd int inside = -1;
	int made = found < 0 ? -1 : endpoints_make(build, plan, &parent, target->pid, target->pidfd, &inside);
	close_fd(&parent.pidfd);
	if (made < 0)
		return -1;
	if (made > 0)
		return refused(&build->failure, ESRCH, "the container has ended", NULL);
	if (run_apart(go, &visit) < 0)
		return failed(&build->failure, "clone", NULL);
	if (!visit.done && !build->failure.detail[0])
		return refused(&build->failure, 0, "the process that was to do it was killed", NULL);
	return visit.done ? 0 : -1;
}

void links_make(struct supervisor *supervisor, const struct message *message, const struct plan *plan) {
	static struct build build; /* large */
	const struct channel channel = {.number = message->channel};
	struct target target;
	memset(&build, 0, sizeof build);
	build.joins = true;
	if (make(supervisor, message, plan, &build, &target) < 0) {
		struct event event;
		event_begin(&event, KIND_ERROR, channel.number);
		event_failure(&event, &build.failure);
		channel_tell(supervisor, &channel, &event);
	} else {
		struct event event;
		event_begin(&event, KIND_CREATED, channel.number);
		event_u32(&event, TAG_PID, (uint32_t)target.pid);
		channel_tell(supervisor, &channel, &event);
	}
	close_fd(&target.pidfd);
	channel_send(supervisor, &channel, KIND_RELEASED);
}
