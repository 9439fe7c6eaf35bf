/*
 * overlay.c: the union root by overlayfs. Since Linux 6.5 the lower branches are handed over one by one; before, they
 * are one colon list that must stay under a page, so it is written as descriptor numbers relative to /proc/self/fd.
 */
#include "mounts.h"
#include "system.h"
#include "util.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* fsconfig(2) takes strings of up to 255 bytes, so a longer path goes by descriptor. No descriptor of the host's outlives
 * the operation: a working directory of /proc/self/fd/N would lead out by it (CVE-2024-21626). */
static int set_branch(struct build *build, int fs, const char *key, const char *path) {
	char by_descriptor[32];
	const char *value = path;
	cleanup_fd int fd = -1;
	if (strlen(path) > 255) {
		fd = open(path, O_PATH | O_CLOEXEC);
		if (fd < 0)
			return failed(&build->failure, "open", path);
		snprintf(by_descriptor, sizeof by_descriptor, "/proc/self/fd/%d", fd);
		value = by_descriptor;
	}
	if (fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0) < 0)
		return mount_context_failed(build, fs, key, path);
	return 0;
}

static int set_branches(struct build *build, int fs, const struct op *op) {
	for (uint32_t i = 0; i < op->count; i++) {
		const struct field *field = &op->fields[i];
		const char *key = field->tag == TAG_LOWER ? "lowerdir+"
			: field->tag == TAG_UPPER ? "upperdir"
			: field->tag == TAG_WORK ? "workdir"
			: NULL;
		if (key && set_branch(build, fs, key, field_string(field)) < 0)
			return -1;
	}
	return 0;
}

/* The branches of a colon list, open until it is mounted. */
static struct {
	uint32_t count;
	int fds[LIMIT_FIELDS];
} branches;

static int number_of(struct build *build, const char *path) {
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return failed(&build->failure, "open", path);
	branches.fds[branches.count++] = fd;
	return fd;
}

static int mount_colon_list(struct build *build, const struct op *op) {
	branches.count = 0;
	struct mount_data data = {.used = 0};
	bool fits = true;
	const char *key = "lowerdir=";
	for (uint32_t i = 0; i < op->count && fits; i++) {
		if (op->fields[i].tag != TAG_LOWER)
			continue;
		int fd = number_of(build, field_string(&op->fields[i]));
		if (fd < 0)
			return -1;
		/* The first opens the option, the others continue it behind a colon. */
		int added = snprintf(data.text + data.used, sizeof data.text - data.used, "%s%d", key, fd);
		data.used += (size_t)added;
		fits = data.used < sizeof data.text;
		key = ":";
	}
	if (fits && op_string(op, TAG_UPPER)) {
		int upper = number_of(build, op_string(op, TAG_UPPER));
		int work = upper < 0 ? -1 : number_of(build, op_string(op, TAG_WORK));
		if (work < 0)
			return -1;
		fits = mount_add_option(&data, "upperdir=%d,workdir=%d", upper, work);
	}
	if (!fits || !mount_join_options(&data, op))
		return refused(&build->failure, E2BIG, "the branches pass a page of mount options", op_string(op, TAG_TARGET));
	if (chdir("/proc/self/fd") < 0)
		return failed(&build->failure, "chdir", "/proc/self/fd");
	int result = mount_classic(build, op, "overlay", data.text);
	while (branches.count > 0)
		close_fd(&branches.fds[--branches.count]);
	return chdir("/") < 0 ? failed(&build->failure, "chdir", "/") : result;
}

int op_overlay(struct build *build, const struct op *op) {
	if (op_string(op, TAG_UPPER) && !op_string(op, TAG_WORK))
		return refused(&build->failure, EINVAL, "a writable branch needs a work directory", op_string(op, TAG_UPPER));
	/* Before 6.5 overlay had no context of its own and kept an unknown option for a late EINVAL, so ask by version. */
	if ((build->forgo & FORGO_LOWERDIR_PLUS) || !kernel_at_least(6, 5))
		return mount_colon_list(build, op);
	cleanup_fd int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	if (fs < 0)
		return failed(&build->failure, "fsopen", "overlay");
	if (fsconfig(fs, FSCONFIG_SET_STRING, "source", "overlay", 0) < 0)
		return mount_context_failed(build, fs, "fsconfig source", "overlay");
	if (set_branches(build, fs, op) < 0 || mount_set_options(build, fs, op) < 0)
		return -1;
	return mount_finish(build, fs, op);
}
