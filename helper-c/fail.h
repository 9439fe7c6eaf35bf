/* fail.h: one shape for everything that goes wrong: what, where, why. It becomes words in TypeScript. */
#pragma once

#include <stdint.h>

struct failure {
	uint32_t step;   /* STEP_* */
	uint32_t index;  /* the operation, where the step is one of operations */
	int error;       /* errno, 0 where none applies */
	char path[4096]; /* cut where longer */
	char detail[256];
};

/* Note errno, the CALL that set it and the PATH (or NULL) it was about; the caller has set step and index. Returns -1. */
int failed(struct failure *failure, const char *call, const char *path);

/* The same for an error that has no errno of its own (ERROR may be 0); DETAIL is a whole clause. Returns -1. */
int refused(struct failure *failure, int error, const char *detail, const char *path);
