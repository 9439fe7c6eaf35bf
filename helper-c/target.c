/*
 * target.c: from the name of a place to a descriptor of it, once; from there on only the descriptor is used.
 *
 * A rootfs is hostile: inside one, openat2(RESOLVE_IN_ROOT) keeps links from leading out, and places of our own
 * (FLAG_NO_SYMLINKS) refuse links altogether.
 */
#include "build.h"
#include "system.h"
#include "util.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static uint64_t resolve_flags(const struct build *build, bool no_symlinks) {
	uint64_t flags = build->root >= 0 ? RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS : 0;
	return no_symlinks ? flags | RESOLVE_NO_SYMLINKS : flags;
}

/* openat2 under the root, or on the host before there is one; EAGAIN is a rename that raced with a "..". */
static int resolve(const struct build *build, const char *path, uint64_t flags, bool no_symlinks) {
	struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = resolve_flags(build, no_symlinks)};
	int base = AT_FDCWD;
	if (build->root >= 0) {
		base = build->root;
		while (*path == '/')
			path++;
		if (!*path)
			path = ".";
	}
	int fd;
	int tries = 32;
	do
		fd = openat2(base, path, &how);
	while (fd < 0 && (errno == EINTR || (errno == EAGAIN && tries-- > 0)));
	return fd;
}

/* Open the first LENGTH bytes of PATH as a directory, making each missing component. */
static int open_made(struct build *build, const char *path, size_t length, bool no_symlinks) {
	cleanup_free char *prefix = strndup(path, length);
	if (!prefix)
		return failed(&build->failure, "strndup", path);
	int whole = resolve(build, length ? prefix : "/", O_PATH | O_DIRECTORY, no_symlinks);
	if (whole >= 0)
		return whole;
	if (errno != ENOENT)
		return failed(&build->failure, "openat2", prefix);
	cleanup_fd int parent = resolve(build, "/", O_PATH | O_DIRECTORY, no_symlinks);
	if (parent < 0)
		return failed(&build->failure, "openat2", "/");
	for (char *name = prefix; *name;) {
		while (*name == '/')
			name++;
		char *end = name + strcspn(name, "/");
		if (end == name)
			break;
		char after = *end;
		*end = 0;
		int next = resolve(build, prefix, O_PATH | O_DIRECTORY, no_symlinks);
		if (next < 0 && errno == ENOENT) {
			if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
				return failed(&build->failure, "mkdirat", prefix);
			next = resolve(build, prefix, O_PATH | O_DIRECTORY, no_symlinks);
		}
		if (next < 0)
			return failed(&build->failure, "openat2", prefix);
		close_fd(&parent);
		parent = next;
		*end = after;
		name = end;
	}
	return steal_fd(&parent);
}

int target_parent(struct build *build, const struct op *op, const char **name) {
	const char *path = op_string(op, TAG_TARGET);
	const char *slash = strrchr(path, '/');
	*name = slash ? slash + 1 : path;
	if (!**name || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0)
		return refused(&build->failure, EINVAL, "the target ends in no name", path);
	return open_made(build, path, slash ? (size_t)(slash - path) : 0, op_has(op, FLAG_NO_SYMLINKS));
}

static int create_file(struct build *build, const struct op *op) {
	const char *name;
	cleanup_fd int parent = target_parent(build, op, &name);
	if (parent < 0)
		return -1;
	cleanup_fd int file = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (file < 0 && errno != EEXIST)
		return failed(&build->failure, "openat", op_string(op, TAG_TARGET));
	return 0;
}

int target_open(struct build *build, const struct op *op) {
	const char *path = op_string(op, TAG_TARGET);
	bool no_symlinks = op_has(op, FLAG_NO_SYMLINKS);
	/* ENOTDIR now says more than move_mount's EINVAL would. */
	int fd = resolve(build, path, O_PATH | (op_has(op, FLAG_CREATE_DIRECTORY) ? O_DIRECTORY : 0), no_symlinks);
	if (fd >= 0)
		return fd;
	if (errno == ENOENT && op_has(op, FLAG_CREATE_DIRECTORY))
		return open_made(build, path, strlen(path), no_symlinks);
	if (errno == ENOENT && op_has(op, FLAG_CREATE_FILE)) {
		if (create_file(build, op) < 0)
			return TARGET_FAILED;
		fd = resolve(build, path, O_PATH, no_symlinks);
		if (fd >= 0)
			return fd;
	}
	if ((errno == ENOENT || errno == ENOTDIR) && op_has(op, FLAG_IF_EXISTS))
		return TARGET_ABSENT;
	return failed(&build->failure, "openat2", path);
}

int root_open_file(struct build *build, const char *path) {
	cleanup_fd int fd = resolve(build, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, false);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) < 0)
		return failed(&build->failure, fd < 0 ? "openat2" : "fstat", path);
	if (!S_ISREG(status.st_mode))
		return refused(&build->failure, 0, "not a regular file", path);
	return steal_fd(&fd);
}
