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
struct ports;
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

struct kept_frame {
	uint8_t *data;
	size_t size;
};

struct served {
	uint32_t number;         /* of its channel */
	struct channel *channel; /* of this run, or, between two, of the last one; NULL before the first and after the end */
	const char *socket, *exit_file;
	const char *init_link, *boot, *events, *event_fields, *health_file; /* NULL where SERVE hadn't it */
	struct log *log;         /* or NULL */
	struct ports *ports;     /* that are published, from one run to the next; or NULL */
	int presence;            /* PRESENCE, or -1 */
	struct hub *hub;
	struct health *health;
	bool refused;            /* SERVE failed: FAILURE answers CREATE */
	bool stopping;           /* for good */
	bool running;            /* RUNNING was told of this run */
	uint32_t restarts;
	struct timespec started; /* CLOCK_REALTIME, this run */
	struct kept_frame serve, create, start;
	struct failure failure;  /* of SERVE, or why this run failed */
	int listener;
	struct source from_listener;
	/* restart.c */
	uint32_t restart, restart_most, backoff, backoff_most, steady;
	uint32_t wait;           /* before the next restart, milliseconds */
	uint64_t began;          /* CLOCK_MONOTONIC, nanoseconds, this run */
	bool due;                /* the wait is over, DETACH hasn't come */
	struct timer next, life;
	uint32_t lifetime;       /* milliseconds, 0: as long as it likes */
	int stop_signal;
	uint32_t stop_timeout;
	struct ending last;      /* of the run before, while the next is waited for */
};

/* ending.c */
void channel_send_exited(struct supervisor *supervisor, const struct channel *channel, const struct ending *ending);

/* serve.c */
void serve(struct supervisor *supervisor, const uint8_t *frame, size_t size, struct message *message); /* MESSAGE is FRAME's, and decoded anew */
void serve_on_listener(struct supervisor *supervisor, struct served *served);
void serve_close(struct supervisor *supervisor, struct served *served); /* nobody connects any more */
bool serve_is_removed(const struct served *served, const struct channel *channel); /* with what REMOVE names: --rm */

/* restart.c: from one run to the next. */
void run_made(struct supervisor *supervisor, struct channel *channel);   /* its init is there */
void run_began(struct supervisor *supervisor, struct channel *channel);  /* RUNNING */
void run_ended(struct supervisor *supervisor, struct channel *channel, struct ending *ending); /* fills in the rest of ENDING */
void run_wait(struct supervisor *supervisor, struct served *served);     /* the run is cleared away: wait for the next */
void run_detached(struct supervisor *supervisor, struct served *served);
void run_stop(struct supervisor *supervisor, struct served *served, int signal, const uint32_t *timeout); /* for good */
void run_give_up(struct supervisor *supervisor, struct served *served);  /* while the next is waited for: there is none */
bool run_cancelled(struct supervisor *supervisor, struct served *served);  /* stopped before this run began: the one before it is told as the last */

/* hub.c: between the payload's streams, the log and the clients. */
struct hub *hub_new(struct served *served);
void hub_take(struct hub *hub, int stream, int end);                      /* the outer END of STREAM 0, 1 or 2, which becomes the hub's */
void hub_expect(struct hub *hub, bool input);                             /* a terminal; INPUT: what clients say is typed */
int hub_take_terminal(struct supervisor *supervisor, struct hub *hub, int master);
int hub_watch(struct supervisor *supervisor, struct hub *hub);
struct hub_end;
void hub_on_ready(struct supervisor *supervisor, struct hub_end *end);
bool hub_input(struct supervisor *supervisor, struct hub *hub, const struct field *data); /* NULL: its end; false: not now, the hub asks for it again */
void hub_resize(struct hub *hub, unsigned short rows, unsigned short columns);
void hub_end_run(struct supervisor *supervisor, struct hub *hub);         /* what is in the pipes still gets out; then they close */

/* log.c: a directory of numbered files in the CRI format. Never blocks for long, never fails: what can't be written is
 * counted, and told in the log itself when there is room again. */
struct log *log_open(const char *directory, uint64_t size, uint32_t files, struct failure *failure); /* goes on where it ended */
void log_write(struct log *log, int stream, const uint8_t *data, size_t size); /* STREAM 1 or 2, DATA as it was read */
void log_end_lines(struct log *log); /* the run is over: what comes next begins a line */
uint64_t log_lost(const struct log *log);
void log_rest(void); /* nothing is being written: what only the writing took is given back */
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
bool account_frozen(const char *directories);     /* paused, or about to be */
bool account_times(const char *directories, uint64_t *user, uint64_t *system); /* microseconds; false where no cgroup knows */

/* health.c: the check, at its interval, as a channel of its own. */
int health_open(struct served *served, const struct message *serve, struct failure *failure); /* nothing where SERVE has no CHECK */
void health_begin(struct supervisor *supervisor, struct served *served); /* a run is RUNNING */
void health_end(struct supervisor *supervisor, struct served *served);   /* a run has ended */
struct health_end;
void health_on_output(struct supervisor *supervisor, struct health_end *end);
