/*
 * keep.c: `nsinit --keep FIFO`: the process whose namespaces are containers' parent. It makes FIFO~, says so by a newline on
 * its standard output, and lasts as long as somebody has it open for writing. Who started us gives it its name once he has
 * it open: anybody else who came before him and left would end us.
 *
 * Nobody may open FIFO and then find it gone. So it is renamed back before the last look: who opened it before that is seen
 * by that look, and it gets its name again; who comes after it finds nothing.
 */
#include "keep.h"
#include "util.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Whether nobody has it open; without waiting, where WAIT is false, for that. */
static bool is_deserted(int fifo, bool wait) {
	struct pollfd end = {.fd = fifo, .events = POLLIN};
	char nothing[256];
	while (RETRY(poll(&end, 1, wait ? -1 : 0)) > 0) {
		if (end.revents & POLLIN && read(fifo, nothing, sizeof nothing) > 0)
			continue; /* nobody has anything to say here */
		return true;
	}
	return false;
}

static int complain(const char *path) {
	fprintf(stderr, "nsinit: %s: %s\n", path, strerror(errno));
	return 125;
}

int keep(const char *path) {
	char closing[4096];
	if (snprintf(closing, sizeof closing, "%s~", path) >= (int)sizeof closing) {
		errno = ENAMETOOLONG;
		return complain(path);
	}
	if (mkfifo(closing, 0600) < 0)
		return complain(closing);
	int fifo = open(closing, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fifo < 0 || write_all(STDOUT_FILENO, "\n", 1) < 0) {
		int status = complain(closing);
		unlink(closing);
		return status;
	}
	close(STDOUT_FILENO);
	for (;;) {
		(void)is_deserted(fifo, true);
		if (rename(path, closing) < 0 && errno != ENOENT)
			return complain(path);
		if (is_deserted(fifo, false)) {
			unlink(closing);
			return 0;
		}
		if (rename(closing, path) < 0)
			return complain(closing);
	}
}
