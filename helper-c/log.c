/*
 * log.c: what a container writes, as records in the CRI format:
 *
 *     TIME stdout|stderr F|P BYTES LF         TIME: RFC 3339, UTC, nanoseconds; P: the line goes on in the next record
 *
 * Nothing here ends a container: bytes that can't be written are counted, and a record tagged F:lost=N tells of them before
 * the next that can.
 */
#include "logfile.h"
#include "served.h"
#include "util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	LINE = 16384,   /* bytes of a line in one record, as the kubelet's runtimes have it */
	PREFIX = 40,    /* TIME, the stream's name, the tag and their spaces: always as long */
	BATCH = 262144, /* records that one write takes */
	TAIL = 65536,   /* how much of a file that is there is read to see where it ended */
};

struct log {
	struct logfile file;
	bool line_open[2];
	bool between;      /* log_end_lines: an open line ends before anything else is written */
	uint64_t lost;
	uint64_t untold;   /* of these, what no record tells yet */
	time_t second;     /* whose text SECONDS holds */
	char seconds[24];
};

struct batch {
	size_t used;
	uint8_t data[BATCH];
};

static _Alignas(4096) struct batch batch;

/* Which lines the records in DATA leave open. */
static void see_open_lines(struct log *log, const uint8_t *data, size_t size) {
	for (const uint8_t *end; size > 0 && (end = memchr(data, '\n', size)); size -= (size_t)(end + 1 - data), data = end + 1)
		if (end - data >= PREFIX - 1)
			log->line_open[memcmp(data + 31, "stderr", 6) == 0] = data[38] == 'P';
}

struct log *log_open(const char *directory, uint64_t size, uint32_t files, struct failure *failure) {
	const uint8_t *first;
	size_t length;
	struct log *log = calloc(1, sizeof *log);
	if (!log) {
		failed(failure, "malloc", NULL);
		return NULL;
	}
	*log = (struct log){.second = -1, .between = true};
	if (logfile_open(&log->file, directory, size, files, failure) == 0) {
		if (logfile_tail(&log->file, batch.data, TAIL, &first, &length) == 0) {
			see_open_lines(log, first, length);
			return log;
		}
		failed(failure, "reading the log's end", directory);
	}
	log_close(log);
	return NULL;
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

/* Write the batch. Returns how much of it is there now, in whole records. */
static size_t flush(struct log *log) {
	size_t used = batch.used;
	batch.used = 0;
	return logfile_append(&log->file, batch.data, used);
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
			prefix, (unsigned long long)log->untold, (unsigned long long)log->untold, strerror(log->file.why));
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

void log_rest(void) {
	give_back(&batch, sizeof batch);
}

uint64_t log_lost(const struct log *log) {
	return log->lost;
}

void log_close(struct log *log) {
	if (!log)
		return;
	if (log->untold)
		(void)catch_up(log);
	logfile_close(&log->file);
	free(log);
}
