/*
 * supervise.c: the event loop outside the containers, one for any number of channels.
 *
 *  1. HELLO
 *  2. frames from the orchestrator, and from the clients of a served container (request.c)
 *  3. events of containers: their init's socket, its pidfd, its streams, the removal of what it left
 *  4. the control socket's end means: kill every container, reap, remove, exit; after DETACH it means nothing, and the end
 *     of the last channel is the supervisor's
 *
 * Set-up may fail; supervision may not: once a payload runs, what goes wrong is told, and the loop goes on.
 */
#include "peer.h"
#include "resolver.h"
#include "served.h"
#include "system.h"
#include "util.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

int supervisor_watch(struct supervisor *supervisor, int fd, uint32_t events, struct source *source) {
	struct epoll_event event = {.events = events, .data.ptr = source};
	return epoll_ctl(supervisor->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* By name: a fork may hold a copy for a moment, and a description that is still open stays in an epoll set (epoll(7)). */
void supervisor_forget(struct supervisor *supervisor, int *fd) {
	if (*fd < 0)
		return;
	(void)epoll_ctl(supervisor->epoll, EPOLL_CTL_DEL, *fd, NULL);
	close_fd(fd);
}

void supervisor_orphan(struct supervisor *supervisor) {
	if (supervisor->orphaned)
		return;
	supervisor->orphaned = true;
	for (struct channel *at = supervisor->channels; at; at = at->next) {
		if (at->draining)
			channel_finish(supervisor, at); /* nobody waits for its output any more */
		channel_kill(at);
		if (at->closing)
			publish_kill(at);
	}
	if (supervisor->served)
		run_give_up(supervisor, supervisor->served);
}

struct channel *supervisor_channel(const struct supervisor *supervisor, uint32_t number) {
	for (struct channel *at = supervisor->channels; at; at = at->next)
		if (at->number == number)
			return at;
	return NULL;
}

static void watch_signals(struct supervisor *supervisor, bool children) {
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGWINCH);
	if (children)
		sigaddset(&signals, SIGCHLD);
	int fd = signalfd(supervisor->signals, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (supervisor->signals < 0)
		supervisor->signals = fd;
}

void supervisor_detach(struct supervisor *supervisor) {
	supervisor->detached = true;
	for (const struct channel *at = supervisor->channels; at; at = at->next)
		if (at->shared_pids) /* else nobody's orphans come to us, and each signal is a turn of the loop */
			watch_signals(supervisor, true);
	if (supervisor->served)
		run_detached(supervisor, supervisor->served);
}

static void on_signals(struct supervisor *supervisor) {
	struct signalfd_siginfo info;
	while (read(supervisor->signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGCHLD)
			channel_reap_strays(supervisor);
		else
			for (struct channel *at = supervisor->channels; at; at = at->next)
				relay_follow_window(at);
	}
}

/* There is no going on. */
static void give_up(struct supervisor *supervisor, const char *why) {
	if (supervisor->control)
		peer_refuse(supervisor, supervisor->control, why);
	supervisor_orphan(supervisor);
}

static void dispatch(struct supervisor *supervisor, const struct source *source) {
	switch (source->kind) {
	case SOURCE_PEER: peer_on_ready(supervisor, source->of); break;
	case SOURCE_LISTENER: serve_on_listener(supervisor, source->of); break;
	case SOURCE_TIMER: timer_on_ready(supervisor, source->of); break;
	case SOURCE_RESOLVER: resolver_on_ready(supervisor, source->of); break;
	case SOURCE_HUB: hub_on_ready(supervisor, source->of); break;
	case SOURCE_ANCHOR: /* all containers end with it, and none could be made any more */
		(void)epoll_ctl(supervisor->epoll, EPOLL_CTL_DEL, supervisor->anchor, NULL);
		give_up(supervisor, "the anchor was killed, and every container with it");
		break;
	case SOURCE_SIGNALS: on_signals(supervisor); break;
	case SOURCE_SYNC: channel_on_sync(supervisor, source->of); break;
	case SOURCE_PROCESS: channel_on_process(supervisor, source->of); break;
	case SOURCE_REMOVER: channel_on_remover(supervisor, source->of); break;
	case SOURCE_RELAY: relay_on_ready(supervisor, source->of); break;
	case SOURCE_FORWARDER: publish_on_process(supervisor, source->of); break;
	case SOURCE_HEALTH: health_on_output(supervisor, source->of); break;
	case SOURCE_TARGET: channel_on_target(supervisor, source->of); break;
	}
}

static bool has_ended(const struct supervisor *supervisor) {
	const struct channel *at = supervisor->channels;
	while (at && !at->ended)
		at = at->next;
	return at != NULL;
}

/* Answers have gone out; now what they left is cleared away. */
static void release_ended(struct supervisor *supervisor) {
	for (struct channel *at = supervisor->channels, *next; at; at = next) {
		next = at->next;
		if (at->ended)
			channel_release(supervisor, at);
	}
}

static void set_up(struct supervisor *supervisor, int control) {
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	supervisor->signals = -1;
	watch_signals(supervisor, false);
	supervisor->epoll = epoll_create1(EPOLL_CLOEXEC);
	fcntl(control, F_SETFD, FD_CLOEXEC);
	supervisor->from_signals = (struct source){SOURCE_SIGNALS, NULL};
	if (supervisor->signals < 0 || supervisor->epoll < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ||
		!peer_new(supervisor, control, true) ||
		supervisor_watch(supervisor, supervisor->signals, EPOLLIN, &supervisor->from_signals) < 0)
		_exit(125);
}

static bool is_over(const struct supervisor *supervisor) {
	return (supervisor->orphaned || supervisor->detached) && !supervisor->channels;
}

_Noreturn void supervise(int control) {
	static struct supervisor supervisor;
	set_up(&supervisor, control);
	peer_hello(&supervisor, supervisor.control);
	const char *why = anchor_start(&supervisor);
	if (why)
		give_up(&supervisor, why);
	while (!is_over(&supervisor)) {
		struct epoll_event events[64];
		int count = epoll_wait(supervisor.epoll, events, ARRAY_LENGTH(events), has_ended(&supervisor) ? 0 : -1); /* where a last flush found nobody */
		for (int i = 0; i < count; i++)
			dispatch(&supervisor, events[i].data.ptr);
		supervisor_flush(&supervisor);
		release_ended(&supervisor);
		supervisor_flush(&supervisor);
		peers_sweep(&supervisor);
	}
	if (supervisor.served)
		close_fd(&supervisor.served->presence); /* a client that doesn't hang up keeps no parent */
	peers_linger(&supervisor);
	anchor_end(&supervisor);
	_exit(0);
}
