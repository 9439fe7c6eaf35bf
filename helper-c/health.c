/*
 * health.c: whether the payload says that it is well: a JOIN of our own at each interval, whose exit status tells.
 *
 *   begin ──▶ wait ──▶ check ──▶ judge ──▶ wait ...        end: whatever was under way counts for nothing
 *
 * Nobody hears of its channel (check.h); what it writes is kept, as far as it is read.
 */
#include "check.h"
#include "json.h"
#include "served.h"
#include "util.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

enum {
	OUTPUT = 4096, /* bytes of a check's output that are kept, as docker inspect shows */
};

struct health_end {
	int fd;
	struct health *health;
	struct source source;
};

struct health {
	struct served *served;
	struct check frames;
	uint32_t interval, timeout, retries, grace; /* milliseconds */
	struct timer next, limit;
	bool under_way, timed_out;
	bool excused;                /* ... while it was frozen */
	struct health_end ends[2];
	struct timespec began;       /* the run, CLOCK_BOOTTIME */
	bool was_well;               /* once, in this run */
	const char *status;
	uint32_t streak;             /* failures in a row */
	struct timespec started, ended; /* the last check; zero: there was none */
	int code;                    /* its exit status; -1: it took too long */
	size_t used;
	char output[OUTPUT];
};

static bool read_numbers(struct health *health, const struct message *serve) {
	const struct field *interval = message_head(serve, TAG_CHECK_INTERVAL);
	const struct field *timeout = message_head(serve, TAG_CHECK_TIMEOUT);
	const struct field *retries = message_head(serve, TAG_CHECK_RETRIES);
	const struct field *grace = message_head(serve, TAG_CHECK_START);
	if (!interval || !timeout || !retries)
		return false;
	health->interval = field_u32(interval);
	health->timeout = field_u32(timeout);
	health->retries = field_u32(retries);
	health->grace = grace ? field_u32(grace) : 0;
	return true;
}

int health_open(struct served *served, const struct message *serve, struct failure *failure) {
	const struct field *check = message_head(serve, TAG_CHECK);
	if (!check)
		return 0;
	struct health *health = calloc(1, sizeof *health);
	uint8_t *frames = malloc(check->length + 1);
	if (!health || !frames) {
		free(health);
		free(frames);
		return failed(failure, "malloc", NULL);
	}
	memcpy(frames, check->data, check->length);
	served->health = health;
	health->served = served;
	for (int i = 0; i < 2; i++)
		health->ends[i] = (struct health_end){.fd = -1, .health = health, .source = {SOURCE_HEALTH, &health->ends[i]}};
	const char *why = !read_numbers(health, serve) ? "a health check needs its interval, timeout and retries" : check_read(&health->frames, frames, check->length, served->number);
	return why ? refused(failure, EINVAL, why, NULL) : 0;
}

static void write_health(const struct health *health) {
	static char room[OUTPUT * 6 + 512]; /* each byte may be escaped to six */
	struct text text = {.size = sizeof room, .data = room};
	if (!health->served->health_file)
		return;
	text_add(&text, "{\"version\":1,\"status\":\"%s\",\"failingStreak\":%u", health->status, health->streak);
	if (health->ended.tv_sec) {
		text_add(&text, ",\"last\":{\"started\":\"");
		text_time(&text, &health->started);
		text_add(&text, "\",\"ended\":\"");
		text_time(&text, &health->ended);
		text_add(&text, "\",\"exitCode\":%d,\"output\":\"", health->code);
		text_escape(&text, health->output, health->used, sizeof room - text.used - 8);
		text_add(&text, "\"}");
	}
	text_add(&text, "}\n");
	(void)replace_file(health->served->health_file, "healthischkd", &text); /* it tells; nothing hangs on it */
}

static uint64_t milliseconds_since(const struct timespec *then) {
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)((now.tv_sec - then->tv_sec) * 1000 + (now.tv_nsec - then->tv_nsec) / 1000000);
}

/* As Docker counts: an early failure counts once the payload has been well. */
static const char *judge(struct health *health) {
	if (health->code == 0) {
		health->was_well = true;
		health->streak = 0;
		return "healthy";
	}
	if (!health->was_well && milliseconds_since(&health->began) < health->grace)
		return health->status;
	if (health->streak < UINT32_MAX)
		health->streak++;
	return health->streak >= health->retries ? "unhealthy" : health->status;
}

static void conclude(struct health *health) {
	const char *before = health->status;
	clock_gettime(CLOCK_REALTIME, &health->ended);
	health->status = judge(health);
	write_health(health);
	if (strcmp(before, health->status) == 0)
		return;
	char members[48];
	snprintf(members, sizeof members, ",\"health\":\"%s\"", health->status);
	record_event(health->served, "health_status", members);
}

static void read_output(struct supervisor *supervisor, struct health_end *end) {
	struct health *health = end->health;
	static char rest[4096];
	for (int turns = 0; end->fd >= 0 && turns < 16; turns++) {
		bool room = health->used < OUTPUT;
		ssize_t got = RETRY(room ? read(end->fd, health->output + health->used, OUTPUT - health->used) : read(end->fd, rest, sizeof rest));
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0)
			supervisor_forget(supervisor, &end->fd);
		else if (room)
			health->used += (size_t)got;
	}
}

void health_on_output(struct supervisor *supervisor, struct health_end *end) {
	read_output(supervisor, end);
}

static void close_ends(struct supervisor *supervisor, struct health *health) {
	for (int i = 0; i < 2; i++)
		supervisor_forget(supervisor, &health->ends[i].fd);
}

static void check(struct supervisor *supervisor, void *of);

static void wait_for_next(struct supervisor *supervisor, struct health *health) {
	health->next.fire = check;
	health->next.of = health;
	(void)timer_set(supervisor, &health->next, health->interval); /* where that fails, what was found last stays */
}

static void say(struct health *health, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* In place of what the check wrote. */
static void say(struct health *health, const char *format, ...) {
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(health->output, sizeof health->output, format, arguments);
	va_end(arguments);
	health->used = length < 0 ? 0 : (size_t)length < sizeof health->output ? (size_t)length : sizeof health->output - 1;
}

/* A shell's status for a program that isn't there or can't be executed; 125 where it didn't come to that. */
static void note_failure(struct channel *channel, const struct failure *failure) {
	struct health *health = channel->of;
	if (!health->under_way)
		return;
	bool absent = failure->error == ENOENT || failure->error == ENOTDIR;
	health->code = failure->step != STEP_START ? 125 : absent ? 127 : 126;
	say(health, "%s%s%.2000s%s%s", failure->detail, failure->path[0] ? " " : "", failure->path, failure->error ? ": " : "",
		failure->error ? strerror(failure->error) : "");
}

static void on_end(struct supervisor *supervisor, struct channel *channel) {
	struct health *health = channel->of;
	if (!health->under_way)
		return; /* the run has ended meanwhile */
	timer_clear(supervisor, &health->limit);
	for (int i = 0; i < 2; i++)
		read_output(supervisor, &health->ends[i]);
	close_ends(supervisor, health);
	health->under_way = false;
	if (channel->running)
		health->code = channel->how == CLD_EXITED ? channel->status : 128 + channel->status;
	if (health->timed_out) {
		health->code = -1;
		say(health, "the check took longer than %u ms", health->timeout);
	}
	if (!health->excused)
		conclude(health);
	wait_for_next(supervisor, health);
}

/* What it has started, too: it leads a session, and so a process group (setsid(2)). */
static void kill_check(const struct supervisor *supervisor) {
	const struct channel *channel = supervisor_channel(supervisor, CHECK_CHANNEL);
	if (!channel || channel->pidfd < 0)
		return;
	(void)kill(-channel->pid, SIGKILL);
	channel_kill(channel);
}

static void on_limit(struct supervisor *supervisor, void *of) {
	struct health *health = of;
	const struct channel *run = health->served->channel;
	health->timed_out = true;
	health->excused = run && account_frozen(run->cgroups); /* who is paused can't answer */
	kill_check(supervisor);
}

/* The helper's ends, which START would close. */
static int take_ends(struct supervisor *supervisor, struct health *health, struct channel *channel) {
	for (int i = 0; i < 2; i++) {
		struct health_end *end = &health->ends[i];
		end->fd = steal_fd(&channel->ends[i + 1]);
		if (end->fd < 0)
			continue;
		fcntl(end->fd, F_SETFL, O_NONBLOCK);
		if (supervisor_watch(supervisor, end->fd, EPOLLIN, &end->source) < 0)
			return -1;
	}
	return 0;
}

static void check(struct supervisor *supervisor, void *of) {
	struct health *health = of;
	const struct channel *run = health->served->channel;
	if (!run || !run->running || account_frozen(run->cgroups) || supervisor_channel(supervisor, CHECK_CHANNEL)) {
		wait_for_next(supervisor, health);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &health->started);
	health->used = 0;
	health->code = 125;
	health->under_way = true;
	health->timed_out = health->excused = false;
	const struct channel own = {.on_end = on_end, .on_failure = note_failure, .of = health};
	const char *why = request_replay(supervisor, health->frames.join, health->frames.join_size, &own);
	struct channel *channel = supervisor_channel(supervisor, CHECK_CHANNEL);
	if (!health->under_way)
		return; /* it couldn't be made, and on_end has heard of it */
	if (why || !channel) {
		health->under_way = false;
		wait_for_next(supervisor, health);
		return;
	}
	health->limit.fire = on_limit;
	health->limit.of = health;
	if (take_ends(supervisor, health, channel) < 0 || timer_set(supervisor, &health->limit, health->timeout) < 0)
		kill_check(supervisor);
	(void)request_replay(supervisor, health->frames.start, health->frames.start_size, NULL);
}

void health_begin(struct supervisor *supervisor, struct served *served) {
	struct health *health = served->health;
	if (!health)
		return;
	clock_gettime(CLOCK_BOOTTIME, &health->began);
	health->was_well = false;
	health->status = "starting";
	health->streak = 0;
	health->ended = (struct timespec){0};
	write_health(health);
	wait_for_next(supervisor, health);
}

void health_end(struct supervisor *supervisor, struct served *served) {
	struct health *health = served->health;
	if (!health)
		return;
	timer_clear(supervisor, &health->next);
	timer_clear(supervisor, &health->limit);
	close_ends(supervisor, health);
	if (health->under_way)
		kill_check(supervisor);
	health->under_way = false;
}
