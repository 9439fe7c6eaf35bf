/* outside.c: what the supervisor puts in place for an init that waits: its id maps, its version 1 cgroups. */
#include "channel.h"
#include "build.h"
#include "util.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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
		/* A set-user-ID program: nothing of ours is open in it, and it can be interrupted. */
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		syscall(SYS_close_range, 3u, ~0u, 0u);
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
	const struct field *lines = message_head(message, map);
	if (!lines)
		return 0;
	const struct field *helper = message_head(message, mapper);
	if (helper)
		return run_mapper(build, field_string(helper), pid, field_string(lines));
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
	return write_file(path, field_string(lines), lines->length - 1) < 0 ? failed(&build->failure, "write", path) : 0;
}

static int map_ids(struct build *build, const struct message *message, pid_t pid) {
	build->failure.step = STEP_ID_MAP;
	if (message_head(message, TAG_DENY_SETGROUPS)) {
		char path[64];
		snprintf(path, sizeof path, "/proc/%d/setgroups", pid);
		if (write_file(path, "deny", 4) < 0)
			return failed(&build->failure, "write", path);
	}
	if (write_map(build, message, pid, "uid_map", TAG_UID_MAP, TAG_UID_MAPPER) < 0)
		return -1;
	return write_map(build, message, pid, "gid_map", TAG_GID_MAP, TAG_GID_MAPPER);
}

bool outside_is_v2(const char *directory) {
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
		if (message->fields[i].tag != TAG_CGROUP || outside_is_v2(field_string(&message->fields[i])))
			continue;
		char path[LIMIT_PATH + 32];
		snprintf(path, sizeof path, "%s/cgroup.procs", field_string(&message->fields[i]));
		if (write_file(path, number, (size_t)length) < 0)
			return failed(&build->failure, "write", path);
	}
	return 0;
}

struct mapping {
	struct build *build;
	const struct message *message;
	pid_t pid;
};

static int map_there(void *argument) {
	const struct mapping *mapping = argument;
	return map_ids(mapping->build, mapping->message, mapping->pid);
}

int outside_prepare(struct build *build, const struct message *message, const struct parent *parent, pid_t pid) {
	struct mapping mapping = {build, message, pid};
	/* Only who is in the user namespace above, or in it, may write its maps. */
	return parent_do(parent, map_there, &mapping, &build->failure) < 0 ? -1 : enter_cgroups(build, message, pid);
}
