/* join.c: into namespaces that are there: one that a file names, or a container's, all at once. */
#include "build.h"
#include "channel.h"
#include "system.h"
#include "util.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

/* A process that shares its memory can't change its clocks (EUSERS, time_namespaces(7)), so those wait for the init. */
int join_namespace(struct build *build, const char *path, int *clocks) {
	cleanup_fd int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return failed(&build->failure, "open", path);
	if (setns(file, 0) == 0)
		return 0;
	if (errno != EUSERS)
		return failed(&build->failure, "setns", path);
	close_fd(clocks); /* one that was named before */
	*clocks = steal_fd(&file); /* the table is the supervisor's, too, where clone_apart closes it */
	return 0;
}

int namespaces_apart(pid_t pid, int which) {
	static const struct {
		const char *name;
		int flag;
	} kinds[] = {
		{"user", CLONE_NEWUSER}, {"mnt", CLONE_NEWNS}, {"pid", CLONE_NEWPID}, {"net", CLONE_NEWNET},
		{"ipc", CLONE_NEWIPC}, {"uts", CLONE_NEWUTS}, {"cgroup", CLONE_NEWCGROUP}, {"time", CLONE_NEWTIME},
	};
	int others = 0;
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		char path[64];
		struct stat ours;
		struct stat theirs;
		if (!(which & kinds[i].flag))
			continue;
		snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i].name);
		int mine = stat(path, &ours);
		snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, kinds[i].name);
		if (mine < 0 || stat(path, &theirs) < 0 || ours.st_ino != theirs.st_ino)
			others |= kinds[i].flag; /* one that can't be compared is left to setns */
	}
	return others;
}

/* The container on channel NUMBER. It may have ended while the JOIN was on its way, which is no breach of
 * the protocol; and what can't be joined must fail here, or the process would run outside of any container. */
static int find_channel(const struct supervisor *supervisor, uint32_t number, struct target *target) {
	const struct channel *channel = supervisor_channel(supervisor, number);
	if (!channel || !channel->running || channel->pidfd < 0)
		return -1;
	target->pid = channel->pid;
	target->no_setgroups = channel->no_setgroups;
	target->pidfd = fcntl(channel->pidfd, F_DUPFD_CLOEXEC, 3);
	return target->pidfd < 0 ? -1 : 0;
}

/* Whether gids can't be dropped in the user namespace of process PID (user_namespaces(7)). */
static bool denies_setgroups(pid_t pid) {
	char path[48];
	char word[8];
	snprintf(path, sizeof path, "/proc/%d/setgroups", pid);
	return read_file(path, word, sizeof word) > 0 && strncmp(word, "deny", 4) == 0;
}

/* The start time is read after the pidfd is open: it is then that process's, or of a later one, whose start is another. */
int process_open(pid_t pid, uint64_t start) {
	cleanup_fd int pidfd = pidfd_open(pid);
	if (pidfd >= 0 && start && start_time(pid) == start)
		return steal_fd(&pidfd);
	if (pidfd >= 0 || errno == EINVAL)
		errno = ESRCH;
	return -1;
}

static int find_process(pid_t pid, uint64_t start, struct target *target) {
	target->pid = pid;
	target->pidfd = process_open(pid, start);
	if (target->pidfd < 0)
		return -1;
	target->no_setgroups = denies_setgroups(pid);
	return 0;
}

int target_look(const struct supervisor *supervisor, const struct message *message, struct target *target, struct failure *failure) {
	const struct field *number = message_head(message, TAG_TARGET_CHANNEL);
	const struct field *pid = message_head(message, TAG_TARGET_PID);
	const struct field *enter = message_head(message, TAG_ENTER);
	*target = (struct target){.pidfd = -1, .enter = enter ? field_u64(enter) : ~0ull};
	if (!number && !pid)
		return 0;
	int found = number ? find_channel(supervisor, field_u32(number), target)
		: find_process((pid_t)field_u32(pid), field_u64(message_head(message, TAG_TARGET_START)), target);
	return found < 0 ? refused(failure, ESRCH, "the container to join is not running", NULL) : 0;
}

/* The same; the channel watches it from here on. */
int target_find(struct supervisor *supervisor, struct channel *channel, const struct message *message, struct target *target,
	struct failure *failure) {
	int looked = target_look(supervisor, message, target, failure);
	channel->target = target->pidfd;
	if (looked < 0 || channel->target < 0)
		return looked;
	channel->from_target = (struct source){SOURCE_TARGET, channel};
	return supervisor_watch(supervisor, channel->target, EPOLLIN, &channel->from_target) < 0 ? failed(failure, "epoll_ctl", NULL) : 0;
}

void channel_on_target(struct supervisor *supervisor, struct channel *channel) {
	supervisor_forget(supervisor, &channel->target);
	channel_kill(channel);
}

/*
 * The namespaces of a container, as `exec` joins it, all at once. Two wait for the init: clocks can't be changed by a
 * process that shares its memory, and who is in the container's cgroup namespace but not yet in its cgroup can't clone
 * into that (ENOENT where cgroup2 is mounted with nsdelegate, cgroups(7)).
 */
int join_container(struct build *build, struct target *target) {
	int now = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
	now &= (int)target->enter;
	target->late = (uint64_t)namespaces_apart(target->pid, (CLONE_NEWTIME | CLONE_NEWCGROUP) & (int)target->enter);
	if (now == 0 || setns(target->pidfd, now) == 0)
		return 0;
	if (errno == EINVAL || errno == EPERM) {
		int others = namespaces_apart(target->pid, now);
		if (others == 0 || setns(target->pidfd, others) == 0) /* it may share every one of them with us */
			return 0;
	}
	return failed(&build->failure, "setns", "the container's pidfd");
}

int join_late(struct build *build, const struct target *target) {
	if (!target->late || setns(target->pidfd, (int)target->late) == 0)
		return 0;
	build->failure.step = STEP_JOIN;
	return failed(&build->failure, "setns", "the container's cgroup and time namespaces");
}
