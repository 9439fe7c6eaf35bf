/*
 * parent.c: the parent of a container's namespaces, where that isn't the helper itself.
 *
 * Its network namespace has the bridges that the container's links lead to, and its user namespace, where that is another
 * than ours, is the one below which the container's is made: without privilege only who is there has a say in both ends
 * of a link. What has to be done there is done by a process apart. It lasts as long as somebody is present (PRESENCE).
 */
#include "build.h"
#include "channel.h"
#include "keep.h"
#include "served.h"
#include "system.h"
#include "util.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/stat.h>

int parent_find(const struct message *message, struct parent *parent, struct failure *failure) {
	const struct field *pid = message_head(message, TAG_PARENT_PID);
	*parent = (struct parent){.pidfd = -1};
	if (!pid)
		return 0;
	failure->step = STEP_PARENT;
	cleanup_fd int pidfd = process_open((pid_t)field_u32(pid), field_u64(message_head(message, TAG_PARENT_START)));
	if (pidfd < 0)
		return errno == ESRCH ? refused(failure, ESRCH, "it has ended", NULL) : failed(failure, "pidfd_open", NULL);
	parent->others = namespaces_apart((pid_t)field_u32(pid), CLONE_NEWUSER | CLONE_NEWNET);
	/* Still there, so it was its namespaces that were looked at, and no later process's. */
	if (poll(&(struct pollfd){.fd = pidfd, .events = POLLIN}, 1, 0) != 0)
		return refused(failure, ESRCH, "it has ended", NULL);
	parent->pidfd = steal_fd(&pidfd);
	return 0;
}

int parent_enter(const struct parent *parent, int which, struct failure *failure) {
	if (!(parent->others & which) || setns(parent->pidfd, parent->others & which) == 0)
		return 0;
	failure->step = STEP_PARENT;
	return failed(failure, "setns", "its pidfd");
}

struct errand {
	const struct parent *parent;
	struct failure *failure;
	int (*act)(void *argument);
	void *argument;
	int result;
};

static int run_errand(void *argument) {
	struct errand *errand = argument;
	errand->result = parent_enter(errand->parent, CLONE_NEWUSER | CLONE_NEWNET, errand->failure) < 0 ? -1 : errand->act(errand->argument);
	_exit(0);
}

int parent_do(const struct parent *parent, int (*act)(void *argument), void *argument, struct failure *failure) {
	return parent->others ? parent_do_apart(parent, act, argument, failure) : act(argument);
}

int parent_do_apart(const struct parent *parent, int (*act)(void *argument), void *argument, struct failure *failure) {
	enum { KILLED = -2 };
	struct errand errand = {.parent = parent, .failure = failure, .act = act, .argument = argument, .result = KILLED};
	if (run_apart(run_errand, &errand) < 0)
		return failed(failure, "clone", NULL);
	return errand.result == KILLED ? refused(failure, 0, "the process that was to do it was killed", NULL) : errand.result;
}

int presence_open(struct channel *channel, const struct message *message, struct failure *failure) {
	const struct field *presence = message_head(message, TAG_PRESENCE);
	struct stat status;
	if (!presence || (channel->served && channel->served->presence >= 0))
		return 0;
	failure->step = STEP_PARENT;
	const char *path = field_string(presence);
	cleanup_fd int file = open(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (file < 0 || fstat(file, &status) < 0)
		return failed(failure, "open", path);
	if (!S_ISFIFO(status.st_mode))
		return refused(failure, EINVAL, "PRESENCE is no FIFO", path);
	/* Else its keeper may have had its last look already. */
	if (!keep_is_named(file, path))
		return refused(failure, ENXIO, "PRESENCE's keeper ends", path);
	/* Where it is served it lasts from one run to the next, and ends with the helper. */
	if (channel->served)
		channel->served->presence = steal_fd(&file);
	else
		channel->presence = steal_fd(&file);
	return 0;
}
