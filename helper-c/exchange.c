/* exchange.c: frames between the supervisor and a container's init, until exec closes the socket. */
#include "resolver.h"
#include "served.h"
#include "util.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* What the init's socket has no room for waits here; on_sync goes on with it. */
static void push(struct channel *channel, const uint8_t *data, size_t size) {
	while (size > 0) {
		ssize_t sent = RETRY(send(channel->sync, data, size, MSG_NOSIGNAL | MSG_DONTWAIT));
		if (sent < 0)
			break;
		data += sent;
		size -= (size_t)sent;
	}
	uint8_t *rest = NULL;
	if (size > 0) {
		rest = errno == EAGAIN ? malloc(size) : NULL;
		if (rest)
			memcpy(rest, data, size);
		else
			channel_kill(channel); /* it would wait for the frame for ever */
	}
	free(channel->unsent);
	channel->unsent = rest;
	channel->unsent_size = rest ? size : 0;
}

static void push_and_watch(struct supervisor *supervisor, struct channel *channel, const uint8_t *data, size_t size) {
	push(channel, data, size);
	struct epoll_event event = {.events = EPOLLIN | (channel->unsent ? EPOLLOUT : 0u), .data.ptr = &channel->from_sync};
	if (channel->sync >= 0)
		(void)epoll_ctl(supervisor->epoll, EPOLL_CTL_MOD, channel->sync, &event);
}

void channel_pass(struct supervisor *supervisor, struct channel *channel, const uint8_t *frame, size_t size) {
	if (channel->sync < 0)
		return; /* it has ended meanwhile, and its events are on their way */
	channel_close_ends(channel);
	if (!channel->unsent) {
		push_and_watch(supervisor, channel, frame, size);
		return;
	}
	/* behind what waits already */
	uint8_t *all = realloc(channel->unsent, channel->unsent_size + size);
	if (!all) {
		channel_kill(channel); /* it would wait for the frame for ever */
		return;
	}
	memcpy(all + channel->unsent_size, frame, size);
	channel->unsent = all;
	channel->unsent_size += size;
}

static void send_created(struct supervisor *supervisor, struct channel *channel) {
	if (!channel->created)
		return;
	channel->created = false;
	struct event event;
	event_begin(&event, KIND_CREATED, channel->number);
	event_u32(&event, TAG_PID, (uint32_t)channel->pid);
	channel_tell(supervisor, channel, &event);
}

/* Relayed to descriptors, or, where it is served, to the log and the clients. */
static int take_terminal(struct supervisor *supervisor, struct channel *channel, int master) {
	return channel->served && !channel->relay ? hub_take_terminal(supervisor, channel->served->hub, master) : relay_open(supervisor, channel, master);
}

/* Why it didn't run, for who keeps a record of that. */
static void note_failure(struct channel *channel, const struct event *event) {
	static struct failure failure;
	if (!channel->served && !channel->on_failure)
		return;
	failure_of(event, &failure);
	if (channel->served)
		channel->served->failure = failure;
	if (channel->on_failure)
		channel->on_failure(channel, &failure);
}

/* It couldn't be done for the init, which waits for nothing of that. */
static void refuse(struct supervisor *supervisor, struct channel *channel, uint32_t step, const char *what) {
	struct failure failure = {.step = step};
	failed(&failure, what, NULL);
	channel_send_failure(supervisor, channel, &failure, KIND_ERROR);
	channel_kill(channel);
}

/* What comes along with a frame. */
struct passed {
	int fds[2];
};

static void close_passed(const struct passed *passed) {
	for (int i = 0; i < 2; i++)
		if (passed->fds[i] >= 0)
			close(passed->fds[i]);
}

/* One frame from the init: relayed as it is where it's the orchestrator's business. */
static void on_frame(struct supervisor *supervisor, struct channel *channel, struct event *event, struct passed *descriptors) {
	__attribute__((cleanup(close_passed))) struct passed passed = *descriptors;
	uint8_t kind = event->data[4]; /* all of the init's are below 256 */
	if (kind != KIND_RUNNING)
		send_created(supervisor, channel);
	switch (kind) {
	case KIND_CREATED:
		channel->created = true;
		if (!channel->started)
			send_created(supervisor, channel);
		break;
	case KIND_RUNNING: channel->intends = true; break;
	case KIND_STREAMS:
		if (take_terminal(supervisor, channel, steal_fd(&passed.fds[0])) < 0)
			refuse(supervisor, channel, STEP_STREAMS, "relaying the terminal");
		break;
	case KIND_LISTENING:
		if (resolver_listen(supervisor, channel, steal_fd(&passed.fds[0]), steal_fd(&passed.fds[1])) < 0)
			refuse(supervisor, channel, STEP_SUPERVISE, "listening for name queries");
		break;
	case KIND_ERROR:
		channel->failed = true;
		note_failure(channel, event);
		channel_tell(supervisor, channel, event);
		break;
	default: channel_tell(supervisor, channel, event);
	}
}

/* Read exactly SIZE bytes that a whole frame's sender has sent at once; false at the end, or where there is nothing yet. */
static bool receive(int sync, uint8_t *data, size_t size, int flags, struct passed *passed) {
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(struct passed))];
	} control;
	struct iovec part = {data, size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
	ssize_t got = RETRY(recvmsg(sync, &message, flags | MSG_CMSG_CLOEXEC));
	struct cmsghdr *first = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (first && first->cmsg_type == SCM_RIGHTS)
		memcpy(passed, CMSG_DATA(first), first->cmsg_len - CMSG_LEN(0) < sizeof *passed ? sizeof(int) : sizeof *passed);
	if (got < 0 && errno == EAGAIN)
		return false;
	if (got != (ssize_t)size) {
		errno = 0;
		return false;
	}
	return true;
}

void channel_sync_ended(struct supervisor *supervisor, struct channel *channel) {
	supervisor_forget(supervisor, &channel->sync);
	send_created(supervisor, channel);
	if (!channel->intends || channel->failed || channel->running)
		return;
	channel->running = true;
	channel_send(supervisor, channel, KIND_RUNNING);
	if (channel->served)
		run_began(supervisor, channel);
}

void channel_on_sync(struct supervisor *supervisor, struct channel *channel) {
	if (channel->unsent) {
		uint8_t *rest = channel->unsent;
		size_t size = channel->unsent_size;
		channel->unsent = NULL;
		push_and_watch(supervisor, channel, rest, size);
		free(rest);
	}
	struct event event;
	while (channel->sync >= 0) {
		struct passed passed = {{-1, -1}};
		if (!receive(channel->sync, event.data, FRAME_HEADER, 0, &passed)) {
			if (errno != EAGAIN)
				channel_sync_ended(supervisor, channel);
			return;
		}
		const uint8_t *header = event.data;
		size_t payload = (size_t)header[0] | (size_t)header[1] << 8 | (size_t)header[2] << 16 | (size_t)header[3] << 24;
		if (payload > sizeof event.data - FRAME_HEADER ||
			(payload && !receive(channel->sync, event.data + FRAME_HEADER, payload, MSG_WAITALL, &passed))) {
			channel_sync_ended(supervisor, channel);
			return;
		}
		event.size = (uint32_t)(FRAME_HEADER + payload);
		on_frame(supervisor, channel, &event, &passed);
	}
}
