/* mounts.c: the operations that mount, each made detached, given its attributes, then attached by descriptor. */
#include "mounts.h"
#include "system.h"
#include "util.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

int mount_attach(struct build *build, const struct op *op, int mount) {
	cleanup_fd int from = mount;
	cleanup_fd int target = target_open(build, op);
	if (target == TARGET_ABSENT)
		return 0;
	if (target < 0)
		return -1;
	if (move_mount(from, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return failed(&build->failure, "move_mount", op_string(op, TAG_TARGET));
	if (op_has(op, FLAG_ROOT)) {
		close_fd(&build->root);
		build->root = steal_fd(&from);
	}
	return 0;
}

/* A file system says more than errno does, in its context's log: "e overlay: ..." (fsopen(2)). */
int mount_context_failed(struct build *build, int fs, const char *call, const char *path) {
	int error = errno;
	char text[200];
	ssize_t size = read(fs, text, sizeof text - 1);
	errno = error;
	if (size <= 2)
		return failed(&build->failure, call, path);
	text[size] = 0;
	text[strcspn(text, "\n")] = 0;
	char detail[256];
	snprintf(detail, sizeof detail, "%s: %s", call, text + 2);
	return refused(&build->failure, error, detail, path);
}

static int set_option(int fs, const char *option) {
	const char *equals = strchr(option, '=');
	if (!equals)
		return fsconfig(fs, FSCONFIG_SET_FLAG, option, NULL, 0);
	char key[256];
	size_t length = (size_t)(equals - option);
	if (length >= sizeof key) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(key, option, length);
	key[length] = 0;
	return fsconfig(fs, FSCONFIG_SET_STRING, key, equals + 1, 0);
}

int mount_set_options(struct build *build, int fs, const struct op *op) {
	for (uint32_t i = 0; i < op->count; i++) {
		if (op->fields[i].tag != TAG_OPTION)
			continue;
		const char *option = field_string(&op->fields[i]);
		if (set_option(fs, option) < 0)
			return mount_context_failed(build, fs, "fsconfig", option);
	}
	return 0;
}

int mount_finish(struct build *build, int fs, const struct op *op) {
	const char *target = op_string(op, TAG_TARGET);
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return mount_context_failed(build, fs, "fsconfig create", target);
	int mount = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attributes_kernel(op_u32(op, TAG_ATTR, 0)));
	if (mount < 0)
		return mount_context_failed(build, fs, "fsmount", target);
	return mount_attach(build, op, mount);
}

/* After mount(2) the target's name leads to what was mounted, except for "/", which is looked up without crossing
 * into what covers it; "/.." does cross (path_resolution(7); fs/namei.c, follow_dotdot). */
static int adopt_root(struct build *build, const struct op *op) {
	int root = strcmp(op_string(op, TAG_TARGET), "/") == 0 ? open("/..", O_PATH | O_DIRECTORY | O_CLOEXEC) : target_open(build, op);
	if (root < 0)
		return failed(&build->failure, "open", op_string(op, TAG_TARGET));
	close_fd(&build->root);
	build->root = root;
	return 0;
}

int mount_classic(struct build *build, const struct op *op, const char *type, const char *data) {
	cleanup_fd int target = target_open(build, op);
	if (target < 0)
		return target == TARGET_ABSENT ? 0 : -1;
	char path[32];
	snprintf(path, sizeof path, "/proc/self/fd/%d", target);
	unsigned long flags = attributes_classic(op_u32(op, TAG_ATTR, 0)) | (op_has(op, FLAG_REMOUNT) ? MS_REMOUNT : 0);
	const char *source = op_string(op, TAG_SOURCE);
	if (mount(source ? source : type, path, type, flags, data) < 0)
		return failed(&build->failure, op_has(op, FLAG_REMOUNT) ? "mount MS_REMOUNT" : "mount", op_string(op, TAG_TARGET));
	return op_has(op, FLAG_ROOT) ? adopt_root(build, op) : 0;
}

bool mount_join_options(struct mount_data *data, const struct op *op) {
	for (uint32_t i = 0; i < op->count; i++)
		if (op->fields[i].tag == TAG_OPTION && !mount_add_option(data, "%s", field_string(&op->fields[i])))
			return false;
	return true;
}

bool mount_add_option(struct mount_data *data, const char *format, ...) {
	size_t room = sizeof data->text - data->used;
	va_list arguments;
	va_start(arguments, format);
	size_t comma = data->used ? 1 : 0;
	int added = room > comma ? vsnprintf(data->text + data->used + comma, room - comma, format, arguments) : -1;
	va_end(arguments);
	if (added < 0 || (size_t)added >= room - comma)
		return false;
	if (comma)
		data->text[data->used] = ',';
	data->used += (size_t)added + comma;
	return true;
}

static int mount_by_options(struct build *build, const struct op *op) {
	struct mount_data data = {.used = 0};
	if (!mount_join_options(&data, op))
		return refused(&build->failure, E2BIG, "mount options pass a page", op_string(op, TAG_TARGET));
	return mount_classic(build, op, op_string(op, TAG_FSTYPE), data.text);
}

int op_mount(struct build *build, const struct op *op) {
	if (op_has(op, FLAG_CLASSIC))
		return mount_by_options(build, op);
	const char *type = op_string(op, TAG_FSTYPE);
	cleanup_fd int fs = fsopen(type, FSOPEN_CLOEXEC);
	if (fs < 0)
		return failed(&build->failure, "fsopen", type);
	const char *source = op_string(op, TAG_SOURCE);
	if (fsconfig(fs, FSCONFIG_SET_STRING, "source", source ? source : type, 0) < 0)
		return mount_context_failed(build, fs, "fsconfig source", source);
	if (mount_set_options(build, fs, op) < 0)
		return -1;
	return mount_finish(build, fs, op);
}

/* A clone of the host's "/" with the mounts below it has the container's root on top, which is mounted there. It is found
 * before the clone is attached, when ".." leads to what covers it, and taken off after that, when it can be unmounted. */
static int find_cover(struct build *build, int tree, const char *source, int *cover) {
	struct stat bare, shown;
	cleanup_fd int top = openat(tree, "..", O_PATH | O_CLOEXEC);
	if (top < 0)
		return errno == ENOTDIR ? 0 : failed(&build->failure, "openat", source);
	if (fstat(tree, &bare) < 0 || fstat(top, &shown) < 0)
		return failed(&build->failure, "fstat", source);
	if (bare.st_dev != shown.st_dev || bare.st_ino != shown.st_ino)
		*cover = steal_fd(&top);
	return 0;
}

static int uncover(struct build *build, int cover, const char *source) {
	if (cover < 0)
		return 0;
	char path[32];
	snprintf(path, sizeof path, "/proc/self/fd/%d", cover);
	return umount2(path, MNT_DETACH) < 0 ? failed(&build->failure, "umount2 MNT_DETACH", source) : 0;
}

int op_bind(struct build *build, const struct op *op) {
	const char *source = op_string(op, TAG_SOURCE);
	bool recursive = op_has(op, FLAG_RECURSIVE);
	cleanup_fd int tree = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0u));
	if (tree < 0)
		return failed(&build->failure, "open_tree", source);
	/* Attributes after attaching: the remounts of older kernels only reach mounts that have a place. */
	int kept = fcntl(tree, F_DUPFD_CLOEXEC, 3);
	if (kept < 0)
		return failed(&build->failure, "fcntl", source);
	cleanup_fd int cover = -1;
	if (recursive && build->root >= 0 && find_cover(build, tree, source, &cover) < 0)
		return -1;
	if (mount_attach(build, op, kept) < 0 || uncover(build, cover, source) < 0)
		return -1;
	return attributes_add(build, tree, op_u32(op, TAG_ATTR, 0), recursive, op_string(op, TAG_TARGET));
}

int op_protect(struct build *build, const struct op *op) {
	cleanup_fd int target = target_open(build, op);
	if (target < 0)
		return target == TARGET_ABSENT ? 0 : -1;
	bool recursive = op_has(op, FLAG_RECURSIVE);
	const char *path = op_string(op, TAG_TARGET);
	/* The root itself is changed in place: what is stacked on it is nobody's root after the pivot. */
	if (path[strspn(path, "/")] == 0)
		return attributes_add(build, target, op_u32(op, TAG_ATTR, 0), recursive, path);
	unsigned flags = AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0u);
	cleanup_fd int tree = open_tree(target, "", flags);
	if (tree < 0)
		return failed(&build->failure, "open_tree", path);
	if (move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return failed(&build->failure, "move_mount", path);
	return attributes_add(build, tree, op_u32(op, TAG_ATTR, 0), recursive, path);
}

/* One empty tmpfs serves every masked directory: the first use makes it, the others clone it. */
static int empty_directory(struct build *build) {
	if (build->empty < 0) {
		cleanup_fd int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
		if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "size", "0", 0) < 0 ||
			fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0555", 0) < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
			return -1;
		build->empty = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
		return build->empty < 0 ? -1 : fcntl(build->empty, F_DUPFD_CLOEXEC, 3);
	}
	return open_tree(build->empty, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

int op_mask(struct build *build, const struct op *op) {
	cleanup_fd int target = target_open(build, op);
	if (target < 0)
		return target == TARGET_ABSENT ? 0 : -1;
	const char *path = op_string(op, TAG_TARGET);
	struct stat status;
	if (fstat(target, &status) < 0)
		return failed(&build->failure, "fstat", path);
	cleanup_fd int cover = S_ISDIR(status.st_mode) ? empty_directory(build)
		: open_tree(AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (cover < 0)
		return failed(&build->failure, "making the cover", path);
	if (move_mount(cover, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return failed(&build->failure, "move_mount", path);
	return 0;
}
