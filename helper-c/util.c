/* util.c: see util.h. */
#include "util.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

ssize_t read_file(const char *path, char *text, size_t size) {
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : RETRY(read(fd, text, size - 1));
	text[got < 0 ? 0 : got] = 0;
	return got;
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

void give_back(void *data, size_t size) {
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	(void)madvise(data, size / page * page, MADV_DONTNEED);
}

/* The name before it may hold anything, so fields are counted from the last parenthesis. */
uint64_t start_time(pid_t pid) {
	char path[48];
	char line[1024];
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	if (read_file(path, line, sizeof line) <= 0)
		return 0;
	const char *at = strrchr(line, ')');
	if (!at || at[1] != ' ' || at[2] == 'Z' || at[2] == 'X')
		return 0;
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at + 1, NULL, 10) : 0;
}

bool kernel_at_least(unsigned major, unsigned minor) {
	struct utsname name;
	unsigned have_major = 0;
	unsigned have_minor = 0;
	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &have_major, &have_minor) != 2)
		return false;
	return have_major > major || (have_major == major && have_minor >= minor);
}
