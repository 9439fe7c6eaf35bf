/*
 * attributes.c: read-only, nosuid, nodev and noexec on mounts, by mount_setattr(2), or, before Linux 5.12, by bind
 * remounts, for which the mounts below are found in /proc/self/mountinfo (proc_pid_mountinfo(5)).
 */
#include "build.h"
#include "system.h"
#include "util.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

uint64_t attributes_kernel(uint32_t attributes) {
	return (attributes & ATTR_RDONLY ? MOUNT_ATTR_RDONLY : 0u) | (attributes & ATTR_NOSUID ? MOUNT_ATTR_NOSUID : 0u) |
		(attributes & ATTR_NODEV ? MOUNT_ATTR_NODEV : 0u) | (attributes & ATTR_NOEXEC ? MOUNT_ATTR_NOEXEC : 0u);
}

unsigned long attributes_classic(uint32_t attributes) {
	return (attributes & ATTR_RDONLY ? MS_RDONLY : 0u) | (attributes & ATTR_NOSUID ? MS_NOSUID : 0u) |
		(attributes & ATTR_NODEV ? MS_NODEV : 0u) | (attributes & ATTR_NOEXEC ? MS_NOEXEC : 0u);
}

/* A bind remount sets all flags anew, so those there are (and may be locked in a user namespace) are kept. */
static int remount(const char *path, uint32_t attributes) {
	struct statvfs now;
	if (statvfs(path, &now) < 0)
		return -1;
	unsigned long flags = attributes_classic(attributes);
	flags |= now.f_flag & ST_RDONLY ? MS_RDONLY : 0;
	flags |= now.f_flag & ST_NOSUID ? MS_NOSUID : 0;
	flags |= now.f_flag & ST_NODEV ? MS_NODEV : 0;
	flags |= now.f_flag & ST_NOEXEC ? MS_NOEXEC : 0;
	flags |= now.f_flag & ST_NOATIME ? MS_NOATIME : 0;
	flags |= now.f_flag & ST_NODIRATIME ? MS_NODIRATIME : 0;
	flags |= now.f_flag & ST_RELATIME ? MS_RELATIME : 0;
	return mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | flags, NULL);
}

/* mountinfo writes space, tab, newline and backslash as \ooo. */
static void unescape(char *text) {
	char *to = text;
	for (const char *from = text; *from; from++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3') {
			*to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = 0;
}

struct mounts_below {
	uint64_t *ids; /* the mounts found so far: the top one and its descendants */
	size_t count;
};

static int note_mount(struct mounts_below *below, uint64_t id) {
	uint64_t *grown = realloc(below->ids, (below->count + 1) * sizeof *grown);
	if (!grown)
		return -1;
	below->ids = grown;
	below->ids[below->count++] = id;
	return 0;
}

static bool is_below(const struct mounts_below *below, uint64_t parent) {
	for (size_t i = 0; i < below->count; i++)
		if (below->ids[i] == parent)
			return true;
	return false;
}

/* fdinfo tells which mount a descriptor is on (proc_pid_fdinfo(5)). */
static int mount_id(int fd, uint64_t *id) {
	char path[48];
	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
	FILE *info = fopen(path, "re");
	if (!info)
		return -1;
	unsigned long long number = 0;
	while (fscanf(info, "mnt_id: %llu", &number) != 1 && fscanf(info, "%*[^\n]") != EOF)
		(void)!fgetc(info);
	fclose(info);
	*id = number;
	if (number == 0)
		errno = ENODATA;
	return number == 0 ? -1 : 0;
}

/* PATH is as the process sees it, where the root still covers the host's, so it is looked up from the root itself. A
 * mount that another one covers has no path. */
static int remount_found(const struct build *build, const char *path, uint64_t id, uint32_t attributes) {
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS | (build->root >= 0 ? RESOLVE_IN_ROOT : 0u)};
	cleanup_fd int fd = openat2(build->root >= 0 ? build->root : AT_FDCWD, *path ? path : "/", &how);
	uint64_t found;
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -1;
	if (mount_id(fd, &found) < 0)
		return -1;
	char by_descriptor[32];
	snprintf(by_descriptor, sizeof by_descriptor, "/proc/self/fd/%d", fd);
	return found == id ? remount(by_descriptor, attributes) : 0;
}

/* mountinfo lists a parent before its children. */
static int remount_below(const struct build *build, uint64_t top, uint32_t attributes) {
	uint64_t root = 0;
	size_t prefix = 0; /* of a path, where the root is mounted */
	if (build->root >= 0 && mount_id(build->root, &root) < 0)
		return -1;
	FILE *table = fopen("/proc/self/mountinfo", "re");
	if (!table)
		return -1;
	struct mounts_below below = {NULL, 0};
	int result = note_mount(&below, top);
	cleanup_free char *line = NULL;
	size_t size = 0;
	while (result == 0 && getline(&line, &size, table) > 0) {
		unsigned long long id;
		unsigned long long parent;
		cleanup_free char *path = NULL;
		if (sscanf(line, "%llu %llu %*s %*s %ms", &id, &parent, &path) != 3)
			continue;
		unescape(path);
		if (id == root && strcmp(path, "/") != 0)
			prefix = strlen(path);
		if (!is_below(&below, parent))
			continue;
		result = remount_found(build, path + prefix, id, attributes);
		if (result == 0)
			result = note_mount(&below, id);
	}
	free(below.ids);
	fclose(table);
	return result;
}

static int add_by_remount(const struct build *build, int fd, uint32_t attributes, bool recursive) {
	char path[32];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (remount(path, attributes) < 0)
		return -1;
	if (!recursive)
		return 0;
	uint64_t id;
	if (mount_id(fd, &id) < 0)
		return -1;
	return remount_below(build, id, attributes);
}

int attributes_add(struct build *build, int fd, uint32_t attributes, bool recursive, const char *path) {
	if (!attributes)
		return 0;
	if (!(build->forgo & FORGO_MOUNT_SETATTR)) {
		struct mount_attr change = {.attr_set = attributes_kernel(attributes)};
		unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0u);
		if (mount_setattr(fd, "", flags, &change) == 0)
			return 0;
		if (errno != ENOSYS)
			return failed(&build->failure, "mount_setattr", path);
	}
	return add_by_remount(build, fd, attributes, recursive) < 0 ? failed(&build->failure, "mount MS_REMOUNT|MS_BIND", path) : 0;
}
