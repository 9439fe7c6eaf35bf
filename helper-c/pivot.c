/* pivot.c: the step that takes the host's file systems away. */
#include "build.h"
#include "system.h"
#include "util.h"

#include <fcntl.h>
#include <sys/mount.h>

/* Nothing mounted from here on shows outside, and nothing outside shows here (mount_namespaces(7)). */
int op_propagation(struct build *build, const struct op *op) {
	const char *target = op_string(op, TAG_TARGET);
	if (mount(NULL, target, NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return failed(&build->failure, "mount MS_REC|MS_PRIVATE", target);
	return 0;
}

/*
 * pivot_root(".", ".") stacks the old root on the new one, so that it can be detached without a place of its own in
 * the image (pivot_root(2), NOTES).
 */
int op_pivot(struct build *build, const struct op *op) {
	(void)op;
	if (build->root < 0)
		return refused(&build->failure, EINVAL, "no root was made before pivot_root", NULL);
	if (fchdir(build->root) < 0)
		return failed(&build->failure, "fchdir", "the root");
	if (pivot_root(".", ".") < 0)
		return failed(&build->failure, "pivot_root", "the root");
	if (umount2(".", MNT_DETACH) < 0)
		return failed(&build->failure, "umount2 MNT_DETACH", "the old root");
	if (chdir("/") < 0)
		return failed(&build->failure, "chdir", "/");
	return 0;
}
