/* endpoint.c: a container's links to bridges. */
#include "build.h"

#include <errno.h>

int op_endpoint(struct build *build, const struct op *op) {
	return refused(&build->failure, ENOSYS, "not built yet", op_string(op, TAG_VALUE));
}

int op_link_delete(struct build *build, const struct op *op) {
	return refused(&build->failure, ENOSYS, "not built yet", op_string(op, TAG_VALUE));
}
