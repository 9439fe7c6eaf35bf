/*
 * restart.c: a served container from one run to the next.
 *
 *   made ──▶ began ──▶ ended ──▶ wait ──▶ made ...
 *                        └─────────┴────▶ the end: nothing is left of it but its record
 *
 * Between two runs the ended run's channel stands in for the container: what STOP or STATUS ask, it answers.
 */
#include "peer.h"
#include "served.h"
#include "util.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

static uint64_t monotonic_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void run_made(struct supervisor *supervisor, struct channel *channel) {
	(void)supervisor;
	struct served *served = channel->served;
	record_init(served, channel->pid);
	if (served->restarts > 0)
		record_forget_exit(served);
}

static void on_lifetime(struct supervisor *supervisor, void *of) {
	struct served *served = of;
	run_stop(supervisor, served, served->stop_signal, &served->stop_timeout);
}

void run_began(struct supervisor *supervisor, struct channel *channel) {
	struct served *served = channel->served;
	served->running = true;
	clock_gettime(CLOCK_REALTIME, &served->started);
	served->began = monotonic_ns();
	record_event(served, "start", "");
	health_begin(supervisor, served);
	if (!served->lifetime || served->restarts > 0)
		return;
	served->life.fire = on_lifetime;
	served->life.of = served;
	if (timer_set(supervisor, &served->life, served->lifetime) < 0)
		on_lifetime(supervisor, served); /* rather too early than never */
}

static bool is_due_again(const struct supervisor *supervisor, const struct served *served, const struct ending *ending) {
	if (!ending->ran || served->stopping || supervisor->orphaned || served->restarts >= served->restart_most || !served->create.data || !served->start.data)
		return false;
	switch (served->restart) {
	case RESTART_ALWAYS: return true;
	case RESTART_ON_FAILURE: return ending->how != CLD_EXITED || ending->status != 0;
	default: return false;
	}
}

static void record_death(const struct served *served, const struct ending *ending) {
	char members[64];
	if (ending->oom_killed)
		record_event(served, "oom", "");
	snprintf(members, sizeof members, ",\"%s\":%d", ending->how == CLD_EXITED ? "exitCode" : "signal", ending->status);
	record_event(served, "die", members);
}

void run_ended(struct supervisor *supervisor, struct channel *channel, struct ending *ending) {
	struct served *served = channel->served;
	hub_end_run(supervisor, served->hub);
	if (served->log)
		log_end_lines(served->log);
	health_end(supervisor, served);
	if (!ending->ran)
		ending->failure = served->failure;
	ending->stopped = served->stopping;
	ending->restarts = served->restarts;
	ending->lost = served->log ? log_lost(served->log) : 0;
	ending->started = served->started;
	clock_gettime(CLOCK_REALTIME, &ending->ended);
	ending->again = channel->again = is_due_again(supervisor, served, ending);
	record_exit(served, ending);
	if (ending->ran)
		record_death(served, ending);
	served->running = false;
	served->last = *ending;
	if (!ending->again)
		timer_clear(supervisor, &served->life);
}

static void restart(struct supervisor *supervisor, struct served *served) {
	char members[32];
	served->due = false;
	served->restarts++;
	snprintf(members, sizeof members, ",\"restarts\":%u", served->restarts);
	record_event(served, "restart", members);
	channel_free(supervisor, served->channel);
	served->failure = (struct failure){0};
	(void)request_replay(supervisor, served->create.data, served->create.size, NULL);
	(void)request_replay(supervisor, served->start.data, served->start.size, NULL);
}

static void on_wait_over(struct supervisor *supervisor, void *of) {
	struct served *served = of;
	served->due = true;
	if (supervisor->detached)
		restart(supervisor, served);
}

/* Each wait is twice the one before, until a run has shown that it can last. */
void run_wait(struct supervisor *supervisor, struct served *served) {
	if (monotonic_ns() - served->began >= (uint64_t)served->steady * 1000000u)
		served->wait = served->backoff;
	uint32_t wait = served->wait < served->backoff_most ? served->wait : served->backoff_most;
	served->wait = wait > UINT32_MAX / 2 ? UINT32_MAX : wait * 2;
	served->next.fire = on_wait_over;
	served->next.of = served;
	if (timer_set(supervisor, &served->next, wait) < 0)
		run_give_up(supervisor, served);
}

void run_detached(struct supervisor *supervisor, struct served *served) {
	if (served->due)
		restart(supervisor, served);
}

/* The run that ended is the last one after all. */
static void finish(struct supervisor *supervisor, struct served *served) {
	timer_clear(supervisor, &served->next);
	timer_clear(supervisor, &served->life);
	served->due = served->channel->again = false;
	served->last.again = false;
	served->last.stopped = served->stopping;
	record_exit(served, &served->last);
	channel_send_exited(supervisor, served->channel, &served->last);
	served->channel->ended = true;
}

void run_give_up(struct supervisor *supervisor, struct served *served) {
	if (served->channel && served->channel->again)
		finish(supervisor, served);
}

bool run_cancelled(struct supervisor *supervisor, struct served *served) {
	if (!served->last.again || !(served->stopping || supervisor->orphaned))
		return false;
	hub_end_run(supervisor, served->hub);
	finish(supervisor, served);
	return true;
}

void run_stop(struct supervisor *supervisor, struct served *served, int signal, const uint32_t *timeout) {
	served->stopping = true;
	if (!served->channel)
		return;
	if (served->channel->again)
		run_give_up(supervisor, served);
	else
		channel_stop(supervisor, served->channel, signal, timeout);
}
