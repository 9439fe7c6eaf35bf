/*
 * log.c: what a container writes, as a directory of numbered files in the CRI format, the highest the current one:
 *
 *     TIME stdout|stderr F|P BYTES LF         TIME: RFC 3339, UTC, nanoseconds; P: the line goes on in the next record
 *
 * A record holds no LF but its last byte, so the last LF is always the end of the last whole one: that is what a file is
 * cut back to where a write came short. Nothing here ends a container: bytes that can't be written are counted, and a
 * record tagged F:lost=N tells of them before the next that can.
 */
#include "served.h"
#include "util.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
	LINE = 16384,   /* bytes of a line in one record, as the kubelet's runtimes have it */
	PREFIX = 40,    /* TIME, the stream's name, the tag and their spaces: always as long */
	BATCH = 262144, /* records that one write takes */
	TAIL = 65536,   /* how much of a file that is there is read to see where it ended */
};

struct log {
	char *directory;
	uint64_t size;     /* of a file, 0: without end */
	uint32_t files;    /* at most, 0: all */
	uint32_t oldest, current;
	int fd;            /* of the current one, -1: to be opened */
	bool line_open[2];
	bool between;      /* log_end_lines: an open line ends before anything else is written */
	uint64_t lost;
	uint64_t untold;   /* of these, what no record tells yet */
	int why;           /* errno of the last failure */
	time_t second;     /* whose text SECONDS holds */
	char seconds[24];
};

struct batch {
	size_t used;
	uint8_t data[BATCH];
};

static struct batch batch;

static void path_of(const struct log *log, uint32_t number, char *path, size_t size) {
	snprintf(path, size, "%s/%u.log", log->directory, number);
}

/* Whether NAME is that of a log file, and which. */
static bool number_of(const char *name, uint32_t *number) {
	char *end;
	if (*name < '0' || *name > '9' || (*name == '0' && name[1] != '.'))
		return false;
	errno = 0;
	unsigned long value = strtoul(name, &end, 10);
	*number = (uint32_t)value;
	return errno == 0 && value < UINT32_MAX && strcmp(end, ".log") == 0;
}

static int find_files(struct log *log) {
	DIR *list = opendir(log->directory);
	if (!list)
		return -1;
	bool any = false;
	for (struct dirent *entry; (entry = readdir(list));) {
		uint32_t number;
		if (!number_of(entry->d_name, &number))
			continue;
		log->oldest = !any || number < log->oldest ? number : log->oldest;
		log->current = !any || number > log->current ? number : log->current;
		any = true;
	}
	closedir(list);
	return 0;
}

static int open_current(struct log *log) {
	char path[LIMIT_PATH + 16];
	path_of(log, log->current, path, sizeof path);
	log->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return log->fd < 0 ? -1 : 0;
}

/* Which lines the records in DATA leave open. */
static void see_open_lines(struct log *log, const uint8_t *data, size_t size) {
	for (const uint8_t *end; size > 0 && (end = memchr(data, '\n', size)); size -= (size_t)(end + 1 - data), data = end + 1)
		if (end - data >= PREFIX - 1)
			log->line_open[memcmp(data + 31, "stderr", 6) == 0] = data[38] == 'P';
}

/* A supervisor that was killed may have left part of a record, and lines that nobody ends any more. */
static int recover(struct log *log) {
	struct stat status;
	if (fstat(log->fd, &status) < 0)
		return -1;
	off_t from = status.st_size > TAIL ? status.st_size - TAIL : 0;
	ssize_t got = RETRY(pread(log->fd, batch.data, TAIL, from));
	if (got <= 0)
		return (int)got;
	const uint8_t *last = memrchr(batch.data, '\n', (size_t)got);
	size_t whole = last ? (size_t)(last + 1 - batch.data) : 0;
	if (whole < (size_t)got && ftruncate(log->fd, from + (off_t)whole) < 0)
		return -1;
	const uint8_t *cut = from > 0 ? memchr(batch.data, '\n', whole) : NULL; /* the first record may be half there */
	const uint8_t *first = cut ? cut + 1 : batch.data;
	if (cut || from == 0)
		see_open_lines(log, first, (size_t)(batch.data + whole - first));
	log->between = true;
	return 0;
}

struct log *log_open(const char *directory, uint64_t size, uint32_t files, struct failure *failure) {
	struct log *log = calloc(1, sizeof *log);
	if (log)
		*log = (struct log){.directory = strdup(directory), .size = size, .files = files, .fd = -1, .second = -1};
	if (!log || !log->directory)
		failed(failure, "malloc", NULL);
	else if (mkdir(directory, 0700) < 0 && errno != EEXIST)
		failed(failure, "mkdir", directory);
	else if (find_files(log) < 0)
		failed(failure, "opendir", directory);
	else if (open_current(log) < 0 || recover(log) < 0)
		failed(failure, "open", directory);
	else
		return log;
	log_close(log);
	return NULL;
}

/* On to the next number. The oldest go first, so that there is room. */
static int rotate(struct log *log) {
	close_fd(&log->fd);
	log->current++;
	while (log->files && log->current - log->oldest >= log->files) {
		char path[LIMIT_PATH + 16];
		path_of(log, log->oldest++, path, sizeof path);
		unlink(path);
	}
	return open_current(log);
}

/* The size of the current file, opened (again, where somebody removed it); -1 where that can't be. */
static off_t ready(struct log *log) {
	struct stat status;
	if (log->fd >= 0 && (fstat(log->fd, &status) < 0 || status.st_nlink == 0))
		close_fd(&log->fd);
	if (log->fd >= 0)
		return status.st_size;
	return open_current(log) < 0 || fstat(log->fd, &status) < 0 ? -1 : status.st_size;
}

/* Whole records at the end of the current file. Returns how many bytes of them are there now: all, or fewer whole ones. */
static size_t append(struct log *log, off_t at, const uint8_t *records, size_t size) {
	ssize_t wrote = RETRY(write(log->fd, records, size));
	if (wrote == (ssize_t)size)
		return size;
	log->why = wrote < 0 ? errno : ENOSPC;
	const uint8_t *last = wrote > 0 ? memrchr(records, '\n', (size_t)wrote) : NULL;
	size_t kept = last ? (size_t)(last + 1 - records) : 0;
	if (wrote > 0 && (size_t)wrote != kept && ftruncate(log->fd, at + (off_t)kept) < 0)
		(void)rotate(log); /* nothing can follow a torn record */
	return kept;
}

/* What the records in [DATA, DATA + SIZE) hold of the payload's bytes. */
static uint64_t bytes_in(const uint8_t *data, size_t size) {
	uint64_t bytes = 0;
	for (const uint8_t *end; size > 0 && (end = memchr(data, '\n', size)); size -= (size_t)(end + 1 - data), data = end + 1)
		bytes += (uint64_t)(end - data - PREFIX) + (data[38] == 'F');
	return bytes;
}

static void lose(struct log *log, uint64_t bytes) {
	log->lost += bytes;
	log->untold += bytes;
}

static void stamp(struct log *log, char prefix[PREFIX + 1], int stream) {
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec != log->second) {
		struct tm parts;
		gmtime_r(&now.tv_sec, &parts);
		strftime(log->seconds, sizeof log->seconds, "%Y-%m-%dT%H:%M:%S", &parts);
		log->second = now.tv_sec;
	}
	snprintf(prefix, PREFIX + 1, "%.19s.%09ldZ %s P ", log->seconds, now.tv_nsec, stream == 2 ? "stderr" : "stdout");
}

/* Write the batch, in as many files as its records need. Returns how much of it is there now, in whole records. */
static size_t flush(struct log *log) {
	size_t done = 0;
	size_t used = batch.used;
	batch.used = 0;
	while (done < used) {
		const uint8_t *from = batch.data + done;
		size_t part = used - done;
		off_t at = ready(log);
		if (at < 0) {
			log->why = errno;
			break;
		}
		if (log->size && (uint64_t)at + part > log->size) {
			/* What still fits, in whole records; one that fits nowhere has a file of its own. */
			size_t room = (uint64_t)at < log->size ? (size_t)(log->size - (uint64_t)at) : 0;
			const uint8_t *last = memrchr(from, '\n', room);
			if (!last && at > 0) {
				(void)rotate(log); /* where that fails, ready() will, too */
				continue;
			}
			if (!last)
				last = memchr(from, '\n', part);
			part = (size_t)(last + 1 - from);
		}
		size_t kept = append(log, at, from, part);
		done += kept;
		if (kept != part)
			break;
	}
	return done;
}

/* End the lines that are open, by empty records, and tell what was lost, where there is either to do. */
static int catch_up(struct log *log) {
	char prefix[PREFIX + 1];
	char *text = (char *)batch.data;
	int length = 0;
	for (int i = 0; i < 2; i++) {
		if (!log->line_open[i] || !(log->between || log->untold))
			continue;
		stamp(log, prefix, i + 1);
		length += snprintf(text + length, 256, "%.38sF \n", prefix);
	}
	if (log->untold) {
		stamp(log, prefix, 2);
		length += snprintf(text + length, 256, "%.38sF:lost=%llu cloche: %llu bytes of output were lost: %.80s\n",
			prefix, (unsigned long long)log->untold, (unsigned long long)log->untold, strerror(log->why));
	}
	batch.used = (size_t)length;
	if (flush(log) != (size_t)length)
		return -1;
	log->untold = 0;
	if (length > 0)
		log->line_open[0] = log->line_open[1] = false;
	log->between = false;
	return 0;
}

static bool flush_records(struct log *log) {
	size_t used = batch.used;
	size_t kept = flush(log);
	if (kept == used)
		return true;
	see_open_lines(log, batch.data, kept);
	lose(log, bytes_in(batch.data + kept, used - kept));
	return false;
}

void log_write(struct log *log, int stream, const uint8_t *data, size_t size) {
	char prefix[PREFIX + 1];
	bool well = catch_up(log) == 0;
	stamp(log, prefix, stream);
	while (well && size > 0) {
		size_t most = size < LINE ? size : LINE;
		const uint8_t *end = memchr(data, '\n', most + (size > LINE));
		size_t length = end ? (size_t)(end - data) : most;
		if (BATCH - batch.used < PREFIX + length + 1 && !(well = flush_records(log)))
			break;
		uint8_t *at = batch.data + batch.used;
		memcpy(at, prefix, PREFIX);
		at[38] = end ? 'F' : 'P';
		memcpy(at + PREFIX, data, length);
		at[PREFIX + length] = '\n';
		batch.used += PREFIX + length + 1;
		data += length + (end != NULL);
		size -= length + (end != NULL);
		log->line_open[stream == 2] = !end;
	}
	if (well)
		(void)flush_records(log);
	lose(log, size);
}

void log_end_lines(struct log *log) {
	log->between = true;
}

uint64_t log_lost(const struct log *log) {
	return log->lost;
}

void log_close(struct log *log) {
	if (!log)
		return;
	if (log->untold)
		(void)catch_up(log);
	close_fd(&log->fd);
	free(log->directory);
	free(log);
}
