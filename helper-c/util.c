/* util.c: see util.h. */
#include "util.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>

void close_fd(int *fd) {
	if (*fd < 0)
		return;
	int saved = errno;
	close(*fd);
	errno = saved;
	*fd = -1;
}

void free_pointer(void *pointer) {
	free(*(void **)pointer);
}

int write_all(int fd, const void *data, size_t size) {
	const uint8_t *at = data;
	while (size > 0) {
		ssize_t wrote = RETRY(write(fd, at, size));
		if (wrote < 0)
			return -1;
		at += wrote;
		size -= (size_t)wrote;
	}
	return 0;
}

int write_file(const char *path, const void *data, size_t size) {
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t wrote = RETRY(write(fd, data, size));
	if (wrote < 0)
		return -1;
	if ((size_t)wrote != size) {
		errno = EIO;
		return -1;
	}
	return 0;
}

uint64_t clock_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void leave(int status) {
	syscall(SYS_exit_group, status);
	__builtin_trap(); /* a fault's signal ends process 1 of a pid namespace, too */
}

bool kernel_at_least(unsigned major, unsigned minor) {
	struct utsname name;
	unsigned have_major = 0;
	unsigned have_minor = 0;
	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &have_major, &have_minor) != 2)
		return false;
	return have_major > major || (have_major == major && have_minor >= minor);
}
