/*
 * spawn.c: the container's first process.
 *
 * clone3 makes it with its namespaces in one call. Where namespaces are joined, a short-lived process that shares the
 * supervisor's memory and descriptors enters them first and clones from there with CLONE_PARENT, so that the init is
 * the supervisor's child all the same, inside a joined pid namespace too.
 */
#include "build.h"
#include "channel.h"
#include "system.h"
#include "util.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PIDFD_GET_MNT_NAMESPACE 0xff03 /* _IO(0xFF, 3), Linux 6.11 */

static const struct field *head_field(const struct message *message, enum tag tag) {
	return message_find(message, 0, plan_head(message), tag);
}

/* In the child: only the socket and the streams stay open, so that no other channel's end-of-file waits for us. */
static void keep_only(struct build *build) {
	int kept[4] = {build->sync, build->streams[0], build->streams[1], build->streams[2]};
	for (int i = 0; i < 4; i++)
		kept[i] = fcntl(kept[i], F_DUPFD_CLOEXEC, 64);
	for (int i = 0; i < 4; i++)
		dup3(kept[i], 3 + i, O_CLOEXEC);
	syscall(SYS_close_range, 7u, ~0u, 0u);
	build->sync = 3;
	for (int i = 0; i < 3; i++)
		build->streams[i] = 4 + i;
}

struct start {
	const struct message *message;
	const struct plan *plan;
	struct build *build;
	struct clone3_arguments arguments;
	int target;       /* pidfd of a container to join whole, or -1 */
	pid_t pid;
};

static void clone_init(struct start *start) {
	long pid = clone3(&start->arguments);
	if (pid == 0) {
		keep_only(start->build);
		init_main(start->build, start->plan);
	}
	start->pid = (pid_t)pid;
	if (pid < 0)
		failed(&start->build->failure, "clone3", NULL);
}

static int enter(struct start *start, const char *path) {
	cleanup_fd int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0 || setns(file, 0) < 0)
		return failed(&start->build->failure, file < 0 ? "open" : "setns", path);
	return 0;
}

/* The namespaces of a container, as `exec` joins it; those it shares with us need no joining and would refuse. */
static int enter_container(struct start *start) {
	int all = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWTIME;
	if (setns(start->target, all) == 0 || (errno == EINVAL && setns(start->target, all & ~CLONE_NEWUSER) == 0))
		return 0;
	return failed(&start->build->failure, "setns", "the container's pidfd");
}

/* Runs beside the suspended supervisor in its memory; returns by exiting. */
static int join_and_clone(void *argument) {
	struct start *start = argument;
	start->build->failure.step = STEP_JOIN;
	start->pid = -1;
	if (start->target >= 0 && enter_container(start) < 0)
		_exit(1);
	uint32_t head = plan_head(start->message);
	for (uint32_t i = 0; i < head; i++)
		if (start->message->fields[i].tag == TAG_JOIN_NAMESPACE && enter(start, field_string(&start->message->fields[i])) < 0)
			_exit(1);
	start->build->failure.step = STEP_CLONE;
	start->arguments.flags |= CLONE_PARENT;
	start->arguments.exit_signal = 0; /* as CLONE_PARENT wants it: the parent's own */
	clone_init(start);
	_exit(start->pid < 0);
}

static void clone_joined(struct start *start) {
	static _Alignas(16) uint8_t stack[262144]; /* the init goes on in a copy of it */
	int pid = clone(join_and_clone, stack + sizeof stack, CLONE_VM | CLONE_FILES | CLONE_VFORK | SIGCHLD, start);
	if (pid < 0) {
		failed(&start->build->failure, "clone", NULL);
		return;
	}
	RETRY(waitpid(pid, NULL, 0));
}

static int run_mapper(struct build *build, const char *path, pid_t pid, const char *lines) {
	char *argv[3 + 3 * 340 + 1]; /* user_namespaces(7): 340 lines at most */
	cleanup_free char *words = strdup(lines);
	char number[16];
	int count = 0;
	snprintf(number, sizeof number, "%d", pid);
	argv[count++] = (char *)(uintptr_t)path;
	argv[count++] = number;
	char *rest = words;
	for (char *word; words && (word = strsep(&rest, " \n")) && count < (int)ARRAY_LENGTH(argv) - 1;)
		if (*word)
			argv[count++] = word;
	argv[count] = NULL;
	pid_t mapper = vfork();
	if (mapper == 0) {
		execve(path, argv, (char *[]){NULL});
		_exit(127);
	}
	int status = 0;
	if (mapper < 0 || RETRY(waitpid(mapper, &status, 0)) < 0)
		return failed(&build->failure, "running the mapper", path);
	if (status != 0)
		return refused(&build->failure, EPERM, "the mapper refused the map", path);
	return 0;
}

static int write_map(struct build *build, const struct message *message, pid_t pid, const char *file, enum tag map, enum tag mapper) {
	const struct field *lines = head_field(message, map);
	if (!lines)
		return 0;
	const struct field *helper = head_field(message, mapper);
	if (helper)
		return run_mapper(build, field_string(helper), pid, field_string(lines));
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
	return write_file(path, field_string(lines), lines->length - 1) < 0 ? failed(&build->failure, "write", path) : 0;
}

static int map_ids(struct build *build, const struct message *message, pid_t pid) {
	build->failure.step = STEP_ID_MAP;
	if (head_field(message, TAG_DENY_SETGROUPS)) {
		char path[64];
		snprintf(path, sizeof path, "/proc/%d/setgroups", pid);
		if (write_file(path, "deny", 4) < 0)
			return failed(&build->failure, "write", path);
	}
	if (write_map(build, message, pid, "uid_map", TAG_UID_MAP, TAG_UID_MAPPER) < 0)
		return -1;
	return write_map(build, message, pid, "gid_map", TAG_GID_MAP, TAG_GID_MAPPER);
}

static bool is_v2(const char *directory) {
	char path[LIMIT_PATH + 32];
	snprintf(path, sizeof path, "%s/cgroup.controllers", directory);
	return access(path, F_OK) == 0;
}

/* Version 1 takes a pid in cgroup.procs; version 2 was entered by clone3. */
static int enter_cgroups(struct build *build, const struct message *message, pid_t pid) {
	build->failure.step = STEP_CGROUP;
	char number[16];
	int length = snprintf(number, sizeof number, "%d", pid);
	uint32_t head = plan_head(message);
	for (uint32_t i = 0; i < head; i++) {
		if (message->fields[i].tag != TAG_CGROUP || is_v2(field_string(&message->fields[i])))
			continue;
		char path[LIMIT_PATH + 32];
		snprintf(path, sizeof path, "%s/cgroup.procs", field_string(&message->fields[i]));
		if (write_file(path, number, (size_t)length) < 0)
			return failed(&build->failure, "write", path);
	}
	return 0;
}

/* The version 2 cgroup that clone3 enters, as a descriptor, or -1 where there is none. */
static int open_v2(struct build *build, const struct message *message, bool *any) {
	uint32_t head = plan_head(message);
	for (uint32_t i = 0; i < head; i++) {
		if (message->fields[i].tag != TAG_CGROUP)
			continue;
		*any = true;
		const char *path = field_string(&message->fields[i]);
		if (!is_v2(path))
			continue;
		int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		return fd < 0 ? failed(&build->failure, "open", path) : fd;
	}
	return -1;
}

static int open_mounts(int pidfd, pid_t pid) {
	int fd = ioctl(pidfd, PIDFD_GET_MNT_NAMESPACE, 0);
	if (fd >= 0)
		return fd;
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/mnt", pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void restore_pids(const struct supervisor *supervisor, int to) {
	if (supervisor->anchor_pids >= 0)
		(void)!setns(to, CLONE_NEWPID);
}

int spawn(struct supervisor *supervisor, struct channel *channel, const struct message *message, const struct plan *plan,
	struct build *build) {
	uint64_t namespaces = head_field(message, TAG_NAMESPACES) ? field_u64(head_field(message, TAG_NAMESPACES)) : 0;
	bool has_cgroup = false;
	build->failure.step = STEP_CGROUP;
	cleanup_fd int cgroup = open_v2(build, message, &has_cgroup);
	if (cgroup < 0 && build->failure.detail[0])
		return -1;
	build->wait = head_field(message, TAG_UID_MAP) || has_cgroup;
	build->failure.step = STEP_CLONE;
	int pidfd = -1;
	struct start start = {
		.message = message, .plan = plan, .build = build, .target = -1,
		.arguments = {.flags = namespaces | CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd, .exit_signal = SIGCHLD},
	};
	if (cgroup >= 0) {
		start.arguments.flags |= CLONE_INTO_CGROUP;
		start.arguments.cgroup = (uint64_t)cgroup;
	}
	const struct field *target = head_field(message, TAG_TARGET_CHANNEL);
	if (target)
		start.target = supervisor_channel(supervisor, field_u32(target))->pidfd;
	channel->shared_pids = !(namespaces & CLONE_NEWPID);
	if (channel->shared_pids)
		restore_pids(supervisor, supervisor->host_pids);
	if (target || head_field(message, TAG_JOIN_NAMESPACE))
		clone_joined(&start);
	else
		clone_init(&start);
	if (channel->shared_pids)
		restore_pids(supervisor, supervisor->anchor_pids);
	if (start.pid < 0)
		return -1;
	channel->pid = start.pid;
	channel->pidfd = pidfd;
	channel->mounts = namespaces & CLONE_NEWNS ? open_mounts(pidfd, start.pid) : -1;
	if (!build->wait)
		return 0;
	if (map_ids(build, message, start.pid) < 0 || enter_cgroups(build, message, start.pid) < 0)
		return -1;
	struct event go;
	event_begin(&go, KIND_RESUME, channel->number);
	return write_all(channel->sync, go.data, go.size) < 0 ? failed(&build->failure, "write", "the init's socket") : 0;
}
