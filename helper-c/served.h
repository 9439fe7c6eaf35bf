/*
 * served.h: a container that outlives whoever started it (SERVE): its log, its record, its socket, its next start.
 *
 *   payload ──▶ hub ──▶ log            clients ──▶ STOP, SIGNAL, RESIZE, ATTACH, INPUT, STATUS
 *                └────▶ clients
 *
 * What SERVE said is kept here; so are the frames CREATE and START, for the next run. A channel lasts one run, this all of them.
 */
#pragma once

#include "channel.h"

struct log;
struct hub;
struct health;

/* How one run ended. */
struct ending {
	bool ran;            /* else FAILURE tells why it never did */
	int how, status;     /* CLD_*, and the status or signal (waitid(2)) */
	uint64_t user_time, system_time; /* microseconds */
	uint64_t max_rss;    /* KiB */
	uint64_t memory_peak; /* bytes, 0: not known */
	bool oom_killed;
	bool again;          /* it is started again */
	bool stopped;        /* STOP, or the end of its LIFETIME */
	uint32_t restarts;
	uint64_t lost;       /* bytes that the log lost */
	struct timespec started, ended; /* CLOCK_REALTIME */
	struct failure failure;
};

struct served {
	uint32_t number;         /* of its channel */
	struct channel *channel; /* NULL between two runs */
	const char *exit_file, *init_link, *boot, *events, *event_fields, *health_file; /* NULL where SERVE hadn't it */
	struct log *log;
	struct hub *hub;
	struct health *health;
	bool stopping;           /* for good */
	uint32_t restarts;
	struct timespec started;
	uint64_t oom_before;     /* what account_oom said as the run began */
};

/* log.c: a directory of numbered files in the CRI format. Never blocks for long, never fails: what can't be written is
 * counted, and told in the log itself when there is room again. */
struct log *log_open(const char *directory, uint64_t size, uint32_t files, struct failure *failure); /* goes on where it ended */
void log_write(struct log *log, int stream, const uint8_t *data, size_t size); /* STREAM 1 or 2, DATA as it was read */
void log_end_lines(struct log *log); /* the run is over: what comes next begins a line */
uint64_t log_lost(const struct log *log);
void log_close(struct log *log);

/* record.c: what is written down of a served container. */
int record_reserve(const struct served *served, struct failure *failure); /* room on the disk for the exit record, now */
void record_init(const struct served *served, pid_t pid);
void record_exit(const struct served *served, const struct ending *ending); /* whole or not at all, by a rename */
void record_forget_exit(const struct served *served);                       /* it runs again: no exit record, a new reserve */
void record_event(const struct served *served, const char *action, const char *members); /* one JSON line; MEMBERS: ",\"exitCode\":1" or "" */

/* account.c: what cgroups know. DIRECTORIES: paths, each ending in NUL, then an empty one. */
uint64_t account_oom(const char *directories);    /* kills so far */
uint64_t account_peak(const char *directories);   /* bytes, 0: not known */
bool account_times(const char *directories, uint64_t *user, uint64_t *system); /* microseconds; false where no cgroup knows */

/* timer.c */
struct timer {
	int fd; /* -1: not set */
	struct source source;
	void (*fire)(struct supervisor *supervisor, void *of);
	void *of;
};
int timer_set(struct supervisor *supervisor, struct timer *timer, uint32_t milliseconds); /* from now; replaces what was set */
void timer_clear(struct supervisor *supervisor, struct timer *timer);

/* health.c: the check, at its interval, as a channel of its own. */
int health_open(struct served *served, const struct message *serve, struct failure *failure); /* nothing where SERVE has no CHECK */
void health_begin(struct supervisor *supervisor, struct served *served); /* a run is RUNNING */
void health_end(struct supervisor *supervisor, struct served *served);   /* a run has ended */
void health_close(struct supervisor *supervisor, struct served *served);
