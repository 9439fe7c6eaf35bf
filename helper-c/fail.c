/* fail.c: see fail.h. */
#include "fail.h"

#include <errno.h>
#include <stdio.h>

int refused(struct failure *failure, int error, const char *detail, const char *path) {
	failure->error = error;
	snprintf(failure->detail, sizeof failure->detail, "%s", detail);
	snprintf(failure->path, sizeof failure->path, "%s", path ? path : "");
	return -1;
}

int failed(struct failure *failure, const char *call, const char *path) {
	return refused(failure, errno, call, path);
}
