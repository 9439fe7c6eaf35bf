/*
 * supervise.c: the event loop outside the containers, one for any number of channels.
 *
 *  1. HELLO
 *  2. frames from the orchestrator: CREATE, START, SIGNAL, RESIZE, RESUME, JOIN
 *  3. events of containers: their init's socket, its pidfd, its terminal, the removal of what it left
 *  4. the control socket's end means: kill every container, reap, remove, exit
 *
 * Set-up may fail; supervision may not: once a payload runs, what goes wrong is told, and the loop goes on.
 */
#include "channel.h"
#include "system.h"
#include "util.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

static struct message message;
static struct plan plan;

/* Bytes of the control socket that aren't a whole frame yet. */
static struct {
	uint8_t *data;
	size_t used, size;
} inbox;

enum { INBOX = 16384 }; /* what most frames fit in; more is taken for a larger one and given back after it */

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
	(void)epoll_ctl(supervisor->epoll, EPOLL_CTL_DEL, supervisor->control, NULL);
	for (struct channel *at = supervisor->channels; at; at = at->next) {
		if (at->draining)
			channel_finish(supervisor, at); /* nobody waits for its output any more */
		channel_kill(at);
	}
}

struct channel *supervisor_channel(const struct supervisor *supervisor, uint32_t number) {
	for (struct channel *at = supervisor->channels; at; at = at->next)
		if (at->number == number)
			return at;
	return NULL;
}

/* The peer broke the protocol: say so on channel 0, and end with everything. */
static void refuse(struct supervisor *supervisor, const char *why) {
	struct failure failure = {.step = STEP_FRAME};
	refused(&failure, 0, why, NULL);
	struct event event;
	event_begin(&event, KIND_ERROR, 0);
	event_failure(&event, &failure);
	supervisor_send(supervisor, &event);
	supervisor_flush(supervisor);
	supervisor_orphan(supervisor);
}

static const char *create(struct supervisor *supervisor) {
	if (message.channel == 0 || supervisor_channel(supervisor, message.channel))
		return "the channel's number is taken";
	if (supervisor->channel_count == LIMIT_CHANNELS)
		return "more channels than the protocol allows";
	supervisor_flush(supervisor); /* an answer doesn't wait for another's start */
	channel_create(supervisor, &message, &plan);
	return NULL;
}

static void resize(struct channel *channel) {
	uint32_t rows = field_u32(message_find(&message, 0, message.count, TAG_ROWS));
	uint32_t columns = field_u32(message_find(&message, 0, message.count, TAG_COLUMNS));
	relay_resize(channel, (unsigned short)rows, (unsigned short)columns);
}

static const char *take(struct supervisor *supervisor, const uint8_t *frame, size_t size) {
	const char *why = message_decode(&message, frame, size);
	if (!why)
		why = plan_decode(&plan, &message);
	if (why)
		return why;
	if (message.kind == KIND_CREATE || message.kind == KIND_JOIN)
		return create(supervisor);
	if (message.channel == 0)
		return "channel 0 is no container's";
	struct channel *channel = supervisor_channel(supervisor, message.channel);
	if (!channel)
		return NULL; /* its RELEASED crossed this frame */
	switch (message.kind) {
	case KIND_START:
		if (channel->started)
			return "START came twice";
		channel->started = true;
		channel_pass(supervisor, channel, frame, size);
		break;
	case KIND_RESUME: channel_pass(supervisor, channel, frame, size); break;
	case KIND_SIGNAL:
		if (channel->pidfd >= 0)
			(void)pidfd_send_signal(channel->pidfd, (int)field_u32(message_find(&message, 0, message.count, TAG_SIGNAL)));
		break;
	case KIND_RESIZE: resize(channel); break;
	default: return "a frame's kind is unknown";
	}
	return NULL;
}

/* Take every whole frame from the inbox. */
static void take_frames(struct supervisor *supervisor) {
	size_t at = 0;
	while (!supervisor->orphaned) {
		const char *why = NULL;
		size_t size = frame_size(inbox.data + at, inbox.used - at, &why);
		if (!why && size && size <= inbox.used - at)
			why = take(supervisor, inbox.data + at, size);
		else if (!why) {
			size_t wanted = size > INBOX ? size : INBOX;
			memmove(inbox.data, inbox.data + at, inbox.used - at);
			inbox.used -= at;
			uint8_t *resized = wanted != inbox.size ? realloc(inbox.data, wanted) : inbox.data;
			if (resized && inbox.used <= wanted) {
				inbox.data = resized;
				inbox.size = wanted;
				return;
			}
			why = "no memory for a frame";
		}
		if (why)
			refuse(supervisor, why);
		at += size;
	}
}

static void on_control(struct supervisor *supervisor) {
	ssize_t got = RETRY(recv(supervisor->control, inbox.data + inbox.used, inbox.size - inbox.used, MSG_DONTWAIT));
	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		supervisor_orphan(supervisor);
		return;
	}
	inbox.used += (size_t)got;
	take_frames(supervisor);
}

static void on_signals(struct supervisor *supervisor) {
	struct signalfd_siginfo info;
	while (read(supervisor->signals, &info, sizeof info) == sizeof info)
		for (struct channel *at = supervisor->channels; at; at = at->next)
			relay_follow_window(at);
}

static void dispatch(struct supervisor *supervisor, const struct source *source) {
	switch (source->kind) {
	case SOURCE_CONTROL: on_control(supervisor); break;
	case SOURCE_ANCHOR: /* all containers end with it, and none could be made any more */
		(void)epoll_ctl(supervisor->epoll, EPOLL_CTL_DEL, supervisor->anchor, NULL);
		refuse(supervisor, "the anchor was killed, and every container with it");
		break;
	case SOURCE_SIGNALS: on_signals(supervisor); break;
	case SOURCE_SYNC: channel_on_sync(supervisor, source->channel); break;
	case SOURCE_PROCESS: channel_on_process(supervisor, source->channel); break;
	case SOURCE_REMOVER: channel_on_remover(supervisor, source->channel); break;
	case SOURCE_RELAY: relay_on_ready(supervisor, source->channel); break;
	case SOURCE_TARGET: channel_on_target(supervisor, source->channel); break;
	}
}

/* Answers have gone out; now what they left is cleared away. */
static void release_ended(struct supervisor *supervisor) {
	for (struct channel *at = supervisor->channels, *next; at; at = next) {
		next = at->next;
		if (at->ended)
			channel_release(supervisor, at);
	}
}

static void set_up(struct supervisor *supervisor) {
	sigset_t all;
	sigset_t window;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigemptyset(&window);
	sigaddset(&window, SIGWINCH);
	supervisor->signals = signalfd(-1, &window, SFD_CLOEXEC | SFD_NONBLOCK);
	supervisor->epoll = epoll_create1(EPOLL_CLOEXEC);
	inbox.data = malloc(inbox.size = INBOX);
	fcntl(supervisor->control, F_SETFD, FD_CLOEXEC);
	supervisor->from_control = (struct source){SOURCE_CONTROL, NULL};
	supervisor->from_signals = (struct source){SOURCE_SIGNALS, NULL};
	if (supervisor->signals < 0 || supervisor->epoll < 0 || !inbox.data || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ||
		supervisor_watch(supervisor, supervisor->control, EPOLLIN, &supervisor->from_control) < 0 ||
		supervisor_watch(supervisor, supervisor->signals, EPOLLIN, &supervisor->from_signals) < 0)
		_exit(125);
}

static void hello(struct supervisor *supervisor) {
	struct event event;
	event_begin(&event, KIND_HELLO, 0);
	event_u64(&event, TAG_HASH, PROTOCOL_HASH);
	event_string(&event, TAG_VERSION, CLOCHE_VERSION);
	event_u32(&event, TAG_PID, (uint32_t)getpid());
	supervisor_send(supervisor, &event);
	supervisor_flush(supervisor);
}

_Noreturn void supervise(int control) {
	static struct supervisor supervisor;
	supervisor.control = control;
	set_up(&supervisor);
	hello(&supervisor);
	const char *why = anchor_start(&supervisor);
	if (why)
		refuse(&supervisor, why);
	while (!supervisor.orphaned || supervisor.channels) {
		struct epoll_event events[64];
		int count = epoll_wait(supervisor.epoll, events, ARRAY_LENGTH(events), -1);
		for (int i = 0; i < count; i++)
			dispatch(&supervisor, events[i].data.ptr);
		supervisor_flush(&supervisor);
		release_ended(&supervisor);
		supervisor_flush(&supervisor);
	}
	anchor_end(&supervisor);
	_exit(0);
}
