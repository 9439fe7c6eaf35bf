/*
 * remove.c: remove a tree that a container wrote, so a hostile one: no link is followed, directories without
 * permission are opened up, and depth is bounded by moving what lies too deep up to the top. A cgroup is a tree whose
 * files aren't anybody's to remove: only its directories go.
 */
#include "channel.h"
#include "util.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>

#include <linux/magic.h>

enum { DEPTH = 24 }; /* one descriptor and one directory buffer a level */

struct removal_state {
	int top;
	long budget;
	unsigned moved;
};

static enum removal empty_directory(struct removal_state *state, int directory, int depth);

static int open_directory(int parent, const char *name) {
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(parent, name, flags);
	/* overlay leaves work/work with mode 000 */
	if (fd < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
		fd = openat(parent, name, flags);
	return fd;
}

/* Under a name that is free: the container may have taken any that can be guessed. */
static enum removal move_up(struct removal_state *state, int parent, const char *name) {
	char up[32];
	do
		snprintf(up, sizeof up, ".removing-%u", state->moved++);
	while (syscall(SYS_renameat2, parent, name, state->top, up, 1u /* RENAME_NOREPLACE */) < 0 && errno == EEXIST);
	return faccessat(parent, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT ? REMOVED : REMOVAL_FAILED;
}

static enum removal remove_entry(struct removal_state *state, int parent, const char *name, int depth) {
	if (state->budget == 0)
		return REMOVAL_UNFINISHED;
	if (state->budget > 0)
		state->budget--;
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return REMOVED;
	if (errno != EISDIR && errno != EPERM && errno != EACCES)
		return REMOVAL_FAILED;
	if (depth == DEPTH)
		return move_up(state, parent, name);
	cleanup_fd int directory = open_directory(parent, name);
	if (directory < 0)
		return REMOVAL_FAILED;
	enum removal result = empty_directory(state, directory, depth + 1);
	if (result == REMOVED && unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return REMOVAL_FAILED;
	return result;
}

/* One pass over a directory that changes under the reader may miss entries, so passes go on until one finds none. */
static enum removal empty_directory(struct removal_state *state, int directory, int depth) {
	fchmod(directory, 0700);
	int copy = fcntl(directory, F_DUPFD_CLOEXEC, 3);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	if (!list) {
		close_fd(&copy);
		return REMOVAL_FAILED;
	}
	enum removal result = REMOVED;
	bool found = true;
	while (found && result == REMOVED) {
		found = false;
		rewinddir(list);
		for (struct dirent *entry; result == REMOVED && (entry = readdir(list));) {
			if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
				continue;
			found = true;
			result = remove_entry(state, directory, entry->d_name, depth);
		}
	}
	closedir(list);
	return result;
}

static bool is_cgroup(int directory) {
	struct statfs status;
	if (fstatfs(directory, &status) < 0)
		return false;
	unsigned long type = (unsigned long)status.f_type & 0xffffffffu;
	return type == CGROUP_SUPER_MAGIC || type == CGROUP2_SUPER_MAGIC;
}

/* The first directory in DIRECTORY: its name, or an empty one. */
static bool first_below(int directory, char name[256]) {
	name[0] = 0;
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	if (!list) {
		close_fd(&copy);
		return false;
	}
	for (struct dirent *entry; !name[0] && (entry = readdir(list));)
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			snprintf(name, 256, "%s", entry->d_name);
	closedir(list);
	return true;
}

/* A process that has just ended keeps its cgroup busy until it is reaped. Who may not wait is told so at once. */
static enum removal remove_empty_cgroup(int parent, const char *name, bool wait) {
	for (int tries = 0; unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT; tries++) {
		if (errno != EBUSY || (wait && tries == 10))
			return REMOVAL_FAILED;
		if (!wait)
			return REMOVAL_UNFINISHED;
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	}
	return REMOVED;
}

/* The deepest first: down to one that has none below it, and from the top again, however deep a container nested them. */
static enum removal remove_cgroup(const char *path, long budget) {
	for (;;) {
		char name[256];
		char below[256];
		cleanup_fd int parent = -1;
		cleanup_fd int at = open_directory(AT_FDCWD, path);
		if (at < 0 || !first_below(at, below))
			return errno == ENOENT ? REMOVED : REMOVAL_FAILED;
		if (!below[0])
			return remove_empty_cgroup(AT_FDCWD, path, budget < 0);
		while (below[0]) {
			close_fd(&parent);
			parent = at;
			memcpy(name, below, sizeof name);
			at = open_directory(parent, name);
			if (at < 0 || !first_below(at, below))
				return errno == ENOENT ? REMOVAL_UNFINISHED : REMOVAL_FAILED; /* somebody else is at it, too */
		}
		if (budget-- == 0)
			return REMOVAL_UNFINISHED;
		enum removal result = remove_empty_cgroup(parent, name, budget < 0);
		if (result != REMOVED)
			return result;
	}
}

/* "NAME/": only where nothing is in it, since others may claim such a directory by filling it. */
static bool is_if_empty(const char *path) {
	size_t length = strlen(path);
	return length > 1 && path[length - 1] == '/';
}

enum removal remove_tree(const char *path, long budget) {
	if (is_if_empty(path))
		return rmdir(path) == 0 || errno == ENOENT || errno == ENOTEMPTY || errno == EEXIST ? REMOVED : REMOVAL_FAILED;
	if (unlink(path) == 0 || errno == ENOENT)
		return REMOVED;
	cleanup_fd int top = open_directory(AT_FDCWD, path);
	if (top < 0)
		return errno == ENOENT ? REMOVED : REMOVAL_FAILED;
	if (is_cgroup(top))
		return remove_cgroup(path, budget);
	struct removal_state state = {.top = top, .budget = budget};
	enum removal result = empty_directory(&state, top, 0);
	if (result == REMOVED && rmdir(path) < 0 && errno != ENOENT)
		return REMOVAL_FAILED;
	return result;
}
