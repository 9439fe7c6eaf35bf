/* join.c: into namespaces that are there: one that a file names, or a container's, all at once. */
#include "build.h"
#include "channel.h"
#include "system.h"
#include "util.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
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

/* Which namespaces of process PID are others than ours: those that are the same need no joining, and may refuse it. */
static int others_of(pid_t pid, int which) {
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

/* The namespaces of a container, as `exec` joins it, all at once. */
int join_container(struct build *build, int pidfd, pid_t pid, int *clocks) {
	int all = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
	if (others_of(pid, CLONE_NEWTIME)) {
		*clocks = fcntl(pidfd, F_DUPFD_CLOEXEC, 4);
		if (*clocks < 0)
			return failed(&build->failure, "fcntl F_DUPFD_CLOEXEC", NULL);
	}
	if (setns(pidfd, all) == 0)
		return 0;
	if (errno == EINVAL || errno == EPERM) {
		int others = others_of(pid, all);
		if (others == 0 || setns(pidfd, others) == 0) /* it may share every one of them with us */
			return 0;
	}
	return failed(&build->failure, "setns", "the container's pidfd");
}
