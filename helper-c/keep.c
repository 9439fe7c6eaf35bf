/*
 * keep.c: `nsinit --keep FIFO`: the process whose namespaces are containers' parent. It makes FIFO~, says so by a newline on
 * its standard output, and lasts as long as somebody has it open for writing. Who started us gives it its name once he has
 * it open: anybody else who came before him and left would end us.
 *
 * Nobody may have it open and find the keeper gone. So it is renamed back before the last look: who opened it before that is seen by
 * that look, and it gets its name again; who comes after it finds nothing. One that was under way between the two may still get in
 * (its path was looked up, it isn't counted yet), so who opens FIFO looks whether it still has its name, and else has nothing.
 *
 * A name may be taken away, and by now be another keeper's. Then only what is open already counts.
 */
#include "keep.h"
#include "util.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
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

bool keep_is_named(int fifo, const char *path) {
	struct stat ours;
	struct stat there;
	return fstat(fifo, &ours) == 0 && lstat(path, &there) == 0 && ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

static void forget_name(int fifo, const char *path) {
	if (keep_is_named(fifo, path))
		unlink(path);
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
	if (!*path)
		errno = ENOENT;
	if (!*path || mkfifo(closing, 0600) < 0)
		return complain(path);
	signal(SIGPIPE, SIG_IGN);
	int fifo = open(closing, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fifo < 0 || write_all(STDOUT_FILENO, "\n", 1) < 0) {
		int result = complain(closing);
		unlink(closing);
		return result;
	}
	close(STDOUT_FILENO);
	for (;;) {
		(void)is_deserted(fifo, true);
		if (keep_is_named(fifo, path) && rename(path, closing) < 0)
			forget_name(fifo, path);
		if (is_deserted(fifo, false)) {
			forget_name(fifo, closing);
			return 0;
		}
		/* rename(2) would replace another's; it is for file systems without links. */
		if (keep_is_named(fifo, closing) && link(closing, path) < 0 && errno != EEXIST)
			(void)rename(closing, path);
		forget_name(fifo, closing);
	}
}
