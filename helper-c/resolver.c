/* resolver.c: names for containers. */
#include "build.h"

#include <errno.h>

int op_resolver(struct build *build, const struct op *op) {
	return refused(&build->failure, ENOSYS, "not built yet", op_string(op, TAG_ADDRESS));
}
