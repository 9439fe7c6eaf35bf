/*
 * record.c: what is written down of a served container: how it ended, its init, its turns in the journal.
 *
 * An exit that can't be written down would be lost, so its room is taken beforehand: a file of a block beside the record,
 * which is overwritten, cut and renamed. The record of a run that is followed by another becomes that file again.
 */
#include "served.h"
#include "util.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

enum {
	ROOM = 4096,  /* a block: what the record always fits in */
	ERROR = 2048, /* bytes of an escaped error in it */
};

/* Temporaries, by the name that orchestrator/base/atomic.ts gives its own, so that gc knows them. One supervisor writes
 * them, so the last part may be a word. */
static int temporary_for(const char *path, const char *word, char *temporary) {
	const char *slash = strrchr(path, '/');
	int directory = slash ? (int)(slash + 1 - path) : 0;
	int length = snprintf(temporary, PATH_MAX, "%.*s.%.64s.%s", directory, path, path + directory, word);
	return length < PATH_MAX ? 0 : -1;
}

static int reserve_of(const struct served *served, char *path) {
	return temporary_for(served->exit_file, "reservedroom", path);
}

int record_reserve(const struct served *served, struct failure *failure) {
	static char blank[ROOM];
	char path[PATH_MAX];
	if (reserve_of(served, path) < 0)
		return refused(failure, ENAMETOOLONG, "open", served->exit_file);
	memset(blank, ' ', sizeof blank);
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed(failure, "open", path);
	if (write_all(fd, blank, sizeof blank) == 0)
		return 0;
	failed(failure, "write", path);
	unlink(path);
	return -1;
}

/* ISO 8601 as JavaScript's toISOString has it. */
static void iso_time(const struct timespec *time, char text[32]) {
	struct tm parts;
	gmtime_r(&time->tv_sec, &parts);
	size_t length = strftime(text, 24, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text + length, 32 - length, ".%03ldZ", time->tv_nsec / 1000000);
}

struct text {
	size_t used;
	char data[ROOM];
};

static __attribute__((format(printf, 2, 3))) void add(struct text *text, const char *format, ...) {
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(text->data + text->used, sizeof text->data - text->used, format, arguments);
	va_end(arguments);
	if (length > 0 && (size_t)length < sizeof text->data - text->used)
		text->used += (size_t)length;
}

/* RFC 8259, 7; MOST bytes of it. */
static void add_escaped(struct text *text, const char *string, size_t most) {
	size_t end = text->used + most;
	for (; *string && text->used + 6 < end; string++) {
		unsigned char byte = (unsigned char)*string;
		if (byte == '"' || byte == '\\')
			add(text, "\\%c", byte);
		else if (byte < 0x20)
			add(text, "\\u%04x", byte);
		else
			text->data[text->used++] = *string;
	}
}

static void add_error(struct text *text, const struct failure *failure) {
	add(text, ",\"error\":\"");
	add_escaped(text, failure->detail, ERROR / 4);
	if (failure->path[0]) {
		add(text, " ");
		add_escaped(text, failure->path, ERROR / 2);
	}
	if (failure->error) {
		add(text, ": ");
		add_escaped(text, strerror(failure->error), ERROR / 4);
	}
	add(text, "\"");
}

static void add_outcome(struct text *text, const struct ending *ending) {
	if (!ending->ran)
		add_error(text, &ending->failure);
	else
		add(text, ",\"%s\":%d", ending->how == CLD_EXITED ? "code" : "signal", ending->status);
}

static void describe(struct text *text, const struct ending *ending) {
	char time[32];
	iso_time(&ending->ended, time);
	add(text, "{\"version\":1,\"ended\":\"%s\"", time);
	if (ending->started.tv_sec) {
		iso_time(&ending->started, time);
		add(text, ",\"started\":\"%s\"", time);
	}
	add_outcome(text, ending);
	if (ending->oom_killed)
		add(text, ",\"oomKilled\":true");
	if (ending->ran)
		add(text, ",\"userTime\":%llu,\"systemTime\":%llu,\"maxRss\":%llu", (unsigned long long)ending->user_time,
			(unsigned long long)ending->system_time, (unsigned long long)ending->max_rss);
	if (ending->memory_peak)
		add(text, ",\"memoryPeak\":%llu", (unsigned long long)ending->memory_peak);
	if (ending->again)
		add(text, ",\"restarting\":true");
	if (ending->restarts)
		add(text, ",\"restarts\":%u", ending->restarts);
	if (ending->stopped)
		add(text, ",\"stopped\":true");
	if (ending->lost)
		add(text, ",\"lost\":%llu", (unsigned long long)ending->lost);
	add(text, "}\n");
}

/* Over what FD holds, which keeps its blocks. */
static int overwrite(int fd, const struct text *text) {
	if (fd < 0)
		return -1;
	ssize_t wrote = RETRY(pwrite(fd, text->data, text->used, 0));
	return wrote == (ssize_t)text->used ? ftruncate(fd, wrote) : -1;
}

/* There is no room beside it, so a record that is there (of the run before) is replaced in its own block, by one write:
 * never shorter than it was, so that nothing of the old one follows (spaces may: RFC 8259, 2). */
static void write_over(const char *path, struct text *text) {
	struct stat status;
	cleanup_fd int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return;
	while ((off_t)text->used < status.st_size && text->used < sizeof text->data)
		text->data[text->used++] = ' ';
	(void)!RETRY(pwrite(fd, text->data, text->used, 0));
}

void record_exit(const struct served *served, const struct ending *ending) {
	static struct text text;
	char temporary[PATH_MAX];
	text.used = 0;
	describe(&text, ending);
	if (reserve_of(served, temporary) < 0)
		return;
	cleanup_fd int fd = open(temporary, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (overwrite(fd, &text) == 0 && rename(temporary, served->exit_file) == 0)
		return;
	unlink(temporary);
	write_over(served->exit_file, &text);
}

void record_forget_exit(const struct served *served) {
	char temporary[PATH_MAX];
	if (reserve_of(served, temporary) < 0 || rename(served->exit_file, temporary) < 0)
		unlink(served->exit_file);
}

void record_init(const struct served *served, pid_t pid) {
	char temporary[PATH_MAX];
	char text[128];
	uint64_t start = start_time(pid);
	if (!served->init_link || !start || temporary_for(served->init_link, "newinitslink", temporary) < 0)
		return;
	snprintf(text, sizeof text, "%.32s-%d-%llu", served->boot ? served->boot : "", pid, (unsigned long long)start);
	unlink(temporary); /* of one that was killed here */
	if (symlink(text, temporary) == 0 && rename(temporary, served->init_link) < 0)
		unlink(temporary);
}

/* One write is one piece, however many append (O_APPEND, open(2)); the journal tells, and nothing hangs on it. */
void record_event(const struct served *served, const char *action, const char *members) {
	if (!served->events)
		return;
	struct timespec now;
	char time[32];
	clock_gettime(CLOCK_REALTIME, &now);
	iso_time(&now, time);
	cleanup_free char *line = NULL;
	int length = asprintf(&line, "{\"time\":\"%s\",\"action\":\"%s\"%s%s%s}\n", time, action,
		served->event_fields && *served->event_fields ? "," : "", served->event_fields ? served->event_fields : "", members ? members : "");
	if (length < 0) {
		line = NULL;
		return;
	}
	cleanup_fd int fd = open(served->events, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd >= 0)
		(void)!RETRY(write(fd, line, (size_t)length));
}
