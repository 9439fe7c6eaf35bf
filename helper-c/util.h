/* util.h: ownership in declarations, and the few system calls that libc has no name for. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#define cleanup_fd __attribute__((cleanup(close_fd)))
#define cleanup_free __attribute__((cleanup(free_pointer)))
#define ARRAY_LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* Close *FD if it is open, keep errno, and mark it closed. */
void close_fd(int *fd);
void free_pointer(void *pointer);

/* Hand the descriptor on: the declaration's cleanup no longer closes it. */
static inline int steal_fd(int *fd) {
	int stolen = *fd;
	*fd = -1;
	return stolen;
}

/* Repeat a call that a signal cut short. */
#define RETRY(call) \
	({ \
		__typeof__(call) retry_result; \
		do \
			retry_result = (call); \
		while (retry_result == -1 && errno == EINTR); \
		retry_result; \
	})

/* Write all of it; -1 and errno where that can't be. */
int write_all(int fd, const void *data, size_t size);

/* Open PATH, write all of DATA in one write(2) and close: for the files of /proc, which take no second. */
int write_file(const char *path, const void *data, size_t size);

/* What one read(2) gives of PATH, as text that ends in NUL: for the files of /proc and of cgroups. -1 and errno where it can't be. */
ssize_t read_file(const char *path, char *text, size_t size);

/* For durations. Not the monotonic clock: an operation may shift that one (time_namespaces(7)). */
uint64_t clock_ns(void);

/* When PID started, in clock ticks since boot (proc_pid_stat(5), field 22); 0 where it has ended, a zombie too. */
uint64_t start_time(pid_t pid);

/* Static memory that isn't needed for now: its whole pages are the kernel's again, and zero when they are touched next. DATA
 * begins a page. */
void give_back(void *data, size_t size);

/* End, whatever a seccomp program says of exit_group(2): where it is refused, musl's _exit asks for ever. */
_Noreturn void leave(int status);

/* Whether uname(2) tells a release of at least MAJOR.MINOR. */
bool kernel_at_least(unsigned major, unsigned minor);
