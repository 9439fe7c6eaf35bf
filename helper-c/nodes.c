/* nodes.c: the operations that make single things in the root: devices, links, directories, small files. */
#include "build.h"
#include "util.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

int op_device(struct build *build, const struct op *op) {
	const char *name;
	cleanup_fd int parent = target_parent(build, op, &name);
	if (parent < 0)
		return -1;
	uint64_t device = op_u64(op, TAG_DEVICE, 0);
	mode_t mode = (op_u32(op, TAG_MODE, 0) & 07777) | (op_has(op, FLAG_BLOCK) ? S_IFBLK : S_IFCHR);
	if (mknodat(parent, name, mode, makedev((unsigned)(device >> 32), (unsigned)device)) < 0)
		return failed(&build->failure, "mknodat", op_string(op, TAG_TARGET));
	return 0;
}

int op_symlink(struct build *build, const struct op *op) {
	const char *name;
	cleanup_fd int parent = target_parent(build, op, &name);
	if (parent < 0)
		return -1;
	if (symlinkat(op_string(op, TAG_VALUE), parent, name) < 0 && !(errno == EEXIST && op_has(op, FLAG_IF_EXISTS)))
		return failed(&build->failure, "symlinkat", op_string(op, TAG_TARGET));
	return 0;
}

/* By descriptor: a name could have become a link meanwhile. */
static int dress(struct build *build, const struct op *op, int fd) {
	const char *path = op_string(op, TAG_TARGET);
	uid_t uid = op_u32(op, TAG_UID, (uint32_t)-1);
	gid_t gid = op_u32(op, TAG_GID, (uint32_t)-1);
	if ((uid != (uid_t)-1 || gid != (gid_t)-1) && fchown(fd, uid, gid) < 0)
		return failed(&build->failure, "fchown", path);
	if (op_field(op, TAG_MODE) && fchmod(fd, op_u32(op, TAG_MODE, 0) & 07777) < 0)
		return failed(&build->failure, "fchmod", path);
	return 0;
}

int op_mkdir(struct build *build, const struct op *op) {
	const char *name;
	cleanup_fd int parent = target_parent(build, op, &name);
	if (parent < 0)
		return -1;
	const char *path = op_string(op, TAG_TARGET);
	if (mkdirat(parent, name, 0755) < 0) {
		if (errno != EEXIST)
			return failed(&build->failure, "mkdirat", path);
		cleanup_fd int there = target_open(build, op);
		struct stat status;
		if (there < 0 || fstat(there, &status) < 0)
			return failed(&build->failure, "fstat", path);
		return S_ISDIR(status.st_mode) ? 0 : refused(&build->failure, ENOTDIR, "something else is there", path);
	}
	cleanup_fd int made = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (made < 0)
		return failed(&build->failure, "openat", path);
	return dress(build, op, made);
}

int op_file(struct build *build, const struct op *op) {
	const char *name;
	cleanup_fd int parent = target_parent(build, op, &name);
	if (parent < 0)
		return -1;
	const char *path = op_string(op, TAG_TARGET);
	cleanup_fd int file = openat(parent, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0644);
	struct stat status;
	if (file < 0 || fstat(file, &status) < 0)
		return failed(&build->failure, file < 0 ? "openat" : "fstat", path);
	if (!S_ISREG(status.st_mode))
		return refused(&build->failure, 0, "not a regular file", path);
	const struct field *data = op_field(op, TAG_DATA);
	if (write_all(file, data->data, data->length) < 0)
		return failed(&build->failure, "write", path);
	return dress(build, op, file);
}
