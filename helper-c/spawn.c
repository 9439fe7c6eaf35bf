/*
 * spawn.c: the container's first process.
 *
 * clone3 makes it with its namespaces in one call. Where that must happen elsewhere (below the anchor's pid namespace,
 * or inside namespaces that are joined), a short-lived process that shares the supervisor's memory and descriptors goes
 * there first and clones with CLONE_PARENT, so that the init is the supervisor's child all the same.
 */
#include "build.h"
#include "channel.h"
#include "endpoint.h"
#include "served.h"
#include "system.h"
#include "util.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PIDFD_GET_MNT_NAMESPACE 0xff03 /* _IO(0xFF, 3), Linux 6.11 */

/* In the child: only the socket and the streams stay open, so that no other channel's end-of-file waits for us. */
static void keep_only(struct build *build) {
	int kept[5] = {build->sync, build->streams[0], build->streams[1], build->streams[2], build->program};
	int count = build->program < 0 ? 4 : 5;
	build->failure.step = STEP_STREAMS;
	for (int i = 0; i < count; i++)
		if ((kept[i] = fcntl(kept[i], F_DUPFD_CLOEXEC, 64)) < 0) {
			failed(&build->failure, "fcntl F_DUPFD_CLOEXEC", NULL);
			give_up(build);
		}
	/* From here on the socket may be what is replaced, so there is nobody to tell but the exit status. */
	for (int i = 0; i < count; i++)
		if (dup3(kept[i], 3 + i, O_CLOEXEC) < 0)
			_exit(125);
	if (syscall(SYS_close_range, 3u + (unsigned)count, ~0u, 0u) < 0)
		_exit(125);
	build->sync = 3;
	for (int i = 0; i < 3; i++)
		build->streams[i] = 4 + i;
	build->program = build->program < 0 ? -1 : 7;
}

struct start {
	const struct message *message;
	const struct plan *plan;
	struct build *build;
	struct clone3_arguments arguments;
	struct target target;
	struct parent parent;
	int clocks;       /* a time namespace that the init enters itself, or -1 */
	pid_t pid;
};

static void clone_init(struct start *start) {
	long pid = clone3(&start->arguments);
	if (pid == 0) {
		if (start->clocks >= 0 && setns(start->clocks, CLONE_NEWTIME) < 0) {
			start->build->failure.step = STEP_JOIN;
			failed(&start->build->failure, "setns", "the time namespace");
			give_up(start->build);
		}
		if (join_late(start->build, &start->target) < 0)
			give_up(start->build);
		keep_only(start->build);
		init_main(start->build, start->plan);
	}
	start->pid = (pid_t)pid;
	if (pid < 0)
		failed(&start->build->failure, "clone3", NULL);
}

/* Runs beside the suspended supervisor in its memory; returns by exiting. */
static int clone_from_apart(void *argument) {
	struct start *start = argument;
	start->build->failure.step = STEP_JOIN;
	start->pid = -1;
	if (start->target.pidfd < 0 && parent_enter(&start->parent, CLONE_NEWUSER, &start->build->failure) < 0)
		_exit(1);
	if (start->target.pidfd >= 0 && join_container(start->build, &start->target) < 0)
		_exit(1);
	uint32_t head = plan_head(start->message);
	for (uint32_t i = 0; i < head; i++)
		if (start->message->fields[i].tag == TAG_JOIN_NAMESPACE &&
			join_namespace(start->build, field_string(&start->message->fields[i]), &start->clocks) < 0)
			_exit(1);
	start->build->failure.step = STEP_CLONE;
	start->arguments.flags |= CLONE_PARENT;
	start->arguments.exit_signal = 0; /* as CLONE_PARENT wants it: the parent's own */
	clone_init(start);
	_exit(start->pid < 0);
}

static void clone_apart(struct start *start) {
	if (run_apart(clone_from_apart, start) < 0)
		failed(&start->build->failure, "clone", NULL);
	close_fd(&start->clocks);
}

/* The version 2 cgroup that clone3 enters, as a descriptor, or -1 where there is none. */
static int open_v2(struct build *build, const struct message *message, bool *any) {
	uint32_t head = plan_head(message);
	for (uint32_t i = 0; i < head; i++) {
		if (message->fields[i].tag != TAG_CGROUP)
			continue;
		*any = true;
		const char *path = field_string(&message->fields[i]);
		if (!outside_is_v2(path))
			continue;
		int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		return fd < 0 ? failed(&build->failure, "open", path) : fd;
	}
	return -1;
}

/* clone3 told the pid as the maker's namespace counts; fdinfo tells it as this one does (pidfd_open(2)). */
static pid_t pid_of(int pidfd) {
	char path[48];
	char text[512];
	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
	if (read_file(path, text, sizeof text) < 0)
		return -1;
	const char *line = strstr(text, "\nPid:");
	return line ? atoi(line + 5) : -1;
}

static int open_mounts(int pidfd, pid_t pid) {
	int fd = ioctl(pidfd, PIDFD_GET_MNT_NAMESPACE, 0);
	if (fd >= 0)
		return fd;
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/mnt", pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int restore_pids(const struct supervisor *supervisor, int to) {
	return supervisor->anchor_pids >= 0 ? setns(to, CLONE_NEWPID) : 0;
}

/* Opened before any namespace is entered, so that the container decides nothing about it; never one that blocks. */
static int open_program(struct build *build, const struct message *message) {
	const struct field *program = message_head(message, TAG_PROGRAM);
	struct stat status;
	build->program = -1;
	if (!program)
		return 0;
	const char *path = field_string(program);
	cleanup_fd int file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (file < 0 || fstat(file, &status) < 0)
		return failed(&build->failure, "open", path);
	if (!S_ISREG(status.st_mode))
		return refused(&build->failure, EACCES, "the program is no regular file", path);
	build->program = steal_fd(&file);
	return 0;
}

/* What the init waits for is done. */
static int resume(const struct channel *channel, struct build *build) {
	build->failure.step = STEP_CLONE;
	struct event go;
	event_begin(&go, KIND_RESUME, channel->number);
	return write_all(channel->sync, go.data, go.size) < 0 ? failed(&build->failure, "write", "the init's socket") : 0;
}

int spawn(struct supervisor *supervisor, struct channel *channel, const struct message *message, const struct plan *plan,
	struct build *build) {
	uint64_t namespaces = message_head(message, TAG_NAMESPACES) ? field_u64(message_head(message, TAG_NAMESPACES)) : 0;
	struct start start = {.message = message, .plan = plan, .build = build, .clocks = -1, .pid = -1};
	build->failure.step = STEP_CLONE;
	if (open_program(build, message) < 0)
		return -1;
	cleanup_fd int program = build->program;
	build->failure.step = STEP_JOIN;
	if (target_find(supervisor, channel, message, &start.target, &build->failure) < 0)
		return -1;
	if (parent_find(message, &start.parent, &build->failure) < 0)
		return -1;
	cleanup_fd int parent = start.parent.pidfd;
	build->no_setgroups = build->no_setgroups || start.target.no_setgroups;
	channel->no_setgroups = build->no_setgroups;
	bool has_cgroup = false;
	build->failure.step = STEP_CGROUP;
	cleanup_fd int cgroup = open_v2(build, message, &has_cgroup);
	if (cgroup < 0 && build->failure.detail[0])
		return -1;
	build->wait = message_head(message, TAG_UID_MAP) || has_cgroup;
	build->wait_links = plan_find(plan, OP_ENDPOINT) != NULL;
	build->failure.step = STEP_CLONE;
	int pidfd = -1;
	start.arguments = (struct clone3_arguments){.flags = namespaces | CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd, .exit_signal = SIGCHLD};
	/* Its root is the cgroup of whoever makes it, and clone3 makes it before the child is in its own (copy_cgroup_ns). */
	build->own_cgroups = has_cgroup && namespaces & CLONE_NEWCGROUP;
	if (build->own_cgroups)
		start.arguments.flags &= ~(uint64_t)CLONE_NEWCGROUP;
	if (cgroup >= 0) {
		start.arguments.flags |= CLONE_INTO_CGROUP;
		start.arguments.cgroup = (uint64_t)cgroup;
	}
	channel->shared_pids = !(namespaces & CLONE_NEWPID);
	if (channel->shared_pids && restore_pids(supervisor, supervisor->host_pids) < 0)
		return failed(&build->failure, "setns", "the helper's pid namespace");
	/* A pid namespace can only be made below the maker's own, so below the anchor's it takes a process that is there. */
	bool anchored = supervisor->anchor_pids >= 0 && !channel->shared_pids;
	if (anchored || start.target.pidfd >= 0 || start.parent.others & CLONE_NEWUSER || message_head(message, TAG_JOIN_NAMESPACE))
		clone_apart(&start);
	else
		clone_init(&start);
	/* Without it the next container would be beside the anchor, not below it. */
	bool restored = !channel->shared_pids || restore_pids(supervisor, supervisor->anchor_pids) == 0;
	if (start.pid < 0 && build->failure.detail[0])
		return -1;
	channel->pidfd = pidfd; /* there may be an init, though its maker was killed before it could tell */
	if (start.pid < 0)
		return refused(&build->failure, 0, "the process that makes it was killed", NULL);
	channel->pid = pid_of(pidfd);
	if (channel->pid < 0)
		return failed(&build->failure, "reading the pidfd's fdinfo", NULL);
	if (!restored)
		return failed(&build->failure, "setns", "the anchor's pid namespace");
	channel->mounts = namespaces & CLONE_NEWNS ? open_mounts(pidfd, channel->pid) : -1;
	if (build->wait && (outside_prepare(build, message, &start.parent, channel->pid) < 0 || resume(channel, build) < 0))
		return -1;
	if (!build->wait_links)
		return 0;
	channel->parent = (struct parent){.pidfd = steal_fd(&parent), .others = start.parent.others};
	if (endpoints_make(build, plan, &channel->parent, channel->pid, channel->pidfd, &channel->inside) < 0)
		return -1;
	/* It has run meanwhile: if it failed by itself, it tells so itself. */
	(void)resume(channel, build);
	return 0;
}
