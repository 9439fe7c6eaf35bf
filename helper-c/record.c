/*
 * record.c: what is written down of a served container: how it ended, its init, its turns in the journal.
 *
 * An exit that can't be written down would be lost, so its room is taken beforehand: a file of a block beside the record,
 * which is overwritten, cut and renamed. The record of a run that is followed by another becomes that file again.
 */
#include "json.h"
#include "served.h"
#include "util.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
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

static void add_error(struct text *text, const struct failure *failure) {
	text_add(text, ",\"error\":\"");
	text_escape(text, failure->detail, strlen(failure->detail), ERROR / 4);
	if (failure->path[0]) {
		text_add(text, " ");
		text_escape(text, failure->path, strlen(failure->path), ERROR / 2);
	}
	if (failure->error) {
		text_add(text, ": ");
		text_escape(text, strerror(failure->error), strlen(strerror(failure->error)), ERROR / 4);
	}
	text_add(text, "\"");
}

static void add_outcome(struct text *text, const struct ending *ending) {
	if (!ending->ran)
		add_error(text, &ending->failure);
	else
		text_add(text, ",\"%s\":%d", ending->how == CLD_EXITED ? "code" : "signal", ending->status);
}

static void describe(struct text *text, const struct ending *ending) {
	text_add(text, "{\"version\":1,\"ended\":\"");
	text_time(text, &ending->ended);
	text_add(text, "\"");
	if (ending->started.tv_sec) {
		text_add(text, ",\"started\":\"");
		text_time(text, &ending->started);
		text_add(text, "\"");
	}
	add_outcome(text, ending);
	if (ending->oom_killed)
		text_add(text, ",\"oomKilled\":true");
	if (ending->ran)
		text_add(text, ",\"userTime\":%llu,\"systemTime\":%llu,\"maxRss\":%llu", (unsigned long long)ending->user_time,
			(unsigned long long)ending->system_time, (unsigned long long)ending->max_rss);
	if (ending->memory_peak)
		text_add(text, ",\"memoryPeak\":%llu", (unsigned long long)ending->memory_peak);
	if (ending->again)
		text_add(text, ",\"restarting\":true");
	if (ending->restarts)
		text_add(text, ",\"restarts\":%u", ending->restarts);
	if (ending->stopped)
		text_add(text, ",\"stopped\":true");
	if (ending->lost)
		text_add(text, ",\"lost\":%llu", (unsigned long long)ending->lost);
	text_add(text, "}\n");
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
	while ((off_t)text->used < status.st_size && text->used < text->size)
		text->data[text->used++] = ' ';
	(void)!RETRY(pwrite(fd, text->data, text->used, 0));
}

void record_exit(const struct served *served, const struct ending *ending) {
	static char room[ROOM];
	struct text text = {.size = sizeof room, .data = room};
	char temporary[PATH_MAX];
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
	char room[32];
	struct text time = {.size = sizeof room, .data = room};
	clock_gettime(CLOCK_REALTIME, &now);
	text_time(&time, &now);
	cleanup_free char *line = NULL;
	int length = asprintf(&line, "{\"time\":\"%s\",\"action\":\"%s\"%s%s%s}\n", room, action,
		served->event_fields && *served->event_fields ? "," : "", served->event_fields ? served->event_fields : "", members ? members : "");
	if (length < 0) {
		line = NULL;
		return;
	}
	cleanup_fd int fd = open(served->events, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd >= 0)
		(void)!RETRY(write(fd, line, (size_t)length));
}
