/*
 * spawner [-n COUNT] [-j JOBS] COMMAND [ARG...]
 *
 * Runs COMMAND COUNT times, JOBS at a time, and prints a line for each: nanoseconds from before the spawn until the process
 * was reaped, and its wait status. A last line has "=" and the nanoseconds from the first spawn to the last reaping.
 *
 * What is compared with a library that is resident must not pay for the size of the process that starts it: the kernel copies
 * a parent's page tables at fork, and this parent has next to none. posix_spawn(3) doesn't even copy those (CLONE_VM).
 * Each "@" in an argument becomes a number of its own, for peers that want a new name for each container.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* More in flight than any machine has processors tells nothing new. */
enum { MAX_JOBS = 64, MAX_COUNT = 1000000, MAX_ARGUMENT = 4096 };

struct job {
	pid_t pid;
	int64_t begin;
};

static _Noreturn void fail(const char *what, int error) {
	fprintf(stderr, "spawner: %s: %s\n", what, strerror(error));
	exit(2);
}

static int64_t now(void) {
	struct timespec time;
	if (clock_gettime(CLOCK_MONOTONIC, &time) != 0)
		fail("clock_gettime", errno);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static long parse(const char *text, long max) {
	char *end;
	errno = 0;
	long number = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || number < 1 || number > max)
		fail(text, EINVAL);
	return number;
}

/* The argument with every "@" as this run's own number. */
static char *number_argument(const char *argument, long run) {
	char text[MAX_ARGUMENT], *to = text, *end = text + sizeof text;
	for (; *argument != '\0' && to < end; argument++) {
		if (*argument == '@')
			to += snprintf(to, (size_t)(end - to), "%d-%ld", (int)getpid(), run);
		else
			*to++ = *argument;
	}
	if (to >= end)
		fail("argument", E2BIG);
	*to = '\0';
	char *copy = strdup(text);
	if (copy == NULL)
		fail("strdup", errno);
	return copy;
}

static char **number_arguments(char **argv, int count, long run) {
	char **numbered = calloc((size_t)count + 1, sizeof *numbered);
	if (numbered == NULL)
		fail("calloc", errno);
	for (int i = 0; i < count; i++)
		numbered[i] = number_argument(argv[i], run);
	return numbered;
}

static void free_arguments(char **argv) {
	for (char **argument = argv; *argument != NULL; argument++)
		free(*argument);
	free(argv);
}

static struct job start(char **argv, int count, long run, posix_spawn_file_actions_t *actions) {
	char **numbered = number_arguments(argv, count, run);
	struct job job = {.begin = now()};
	int error = posix_spawnp(&job.pid, numbered[0], actions, NULL, numbered, environ);
	if (error != 0)
		fail(numbered[0], error);
	free_arguments(numbered);
	return job;
}

static void reap(struct job *jobs, long count) {
	int status;
	pid_t pid;
	do {
		pid = wait4(-1, &status, 0, NULL);
	} while (pid < 0 && errno == EINTR);
	int64_t end = now();
	if (pid < 0)
		fail("wait4", errno);
	for (long i = 0; i < count; i++) {
		if (jobs[i].pid == pid) {
			printf("%lld %d\n", (long long)(end - jobs[i].begin), status);
			jobs[i].pid = 0;
			return;
		}
	}
}

int main(int argc, char **argv) {
	long runs = 1, at_once = 1;
	int option;
	/* "+": options behind the command are the command's. */
	while ((option = getopt(argc, argv, "+n:j:")) != -1) {
		if (option == 'n')
			runs = parse(optarg, MAX_COUNT);
		else if (option == 'j')
			at_once = parse(optarg, MAX_JOBS);
		else
			return 2;
	}
	if (optind == argc) {
		fputs("usage: spawner [-n COUNT] [-j JOBS] COMMAND [ARG...]\n", stderr);
		return 2;
	}

	posix_spawn_file_actions_t actions;
	int error = posix_spawn_file_actions_init(&actions);
	for (int fd = 0; error == 0 && fd < 3; fd++)
		error = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	if (error != 0)
		fail("posix_spawn_file_actions", error);

	struct job jobs[MAX_JOBS] = {0};
	long started = 0, ended = 0;
	int64_t begin = now();
	while (ended < runs) {
		for (long i = 0; i < at_once && started < runs; i++) {
			if (jobs[i].pid == 0)
				jobs[i] = start(argv + optind, argc - optind, ++started, &actions);
		}
		reap(jobs, at_once);
		ended++;
	}
	printf("= %lld\n", (long long)(now() - begin));
	return 0;
}
