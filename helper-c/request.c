/* request.c: what the frames of the orchestrator and of clients ask for. */
#include "peer.h"
#include "served.h"
#include "system.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static struct message message;
static struct plan plan;

static uint32_t number_of(enum tag tag) {
	return field_u32(message_find(&message, 0, message.count, tag));
}

static void keep(struct kept_frame *kept, const uint8_t *frame, size_t size) {
	if (kept->data)
		return;
	kept->data = malloc(size);
	kept->size = size;
	if (kept->data)
		memcpy(kept->data, frame, size);
}

/* Of a container that is served, for its next run; what says no to that is the same as no memory: none comes. */
static void keep_for_next(struct supervisor *supervisor, const uint8_t *frame, size_t size) {
	struct served *served = supervisor->served;
	if (served && served->number == message.channel && message.kind != KIND_JOIN)
		keep(message.kind == KIND_CREATE ? &served->create : &served->start, frame, size);
}

static const char *create(struct supervisor *supervisor, const uint8_t *frame, size_t size) {
	if (message.channel == 0 || supervisor_channel(supervisor, message.channel))
		return "the channel's number is taken";
	if (supervisor->channel_count == LIMIT_CHANNELS)
		return "more channels than the protocol allows";
	keep_for_next(supervisor, frame, size);
	supervisor_flush(supervisor); /* an answer doesn't wait for another's start */
	channel_create(supervisor, &message, &plan, NULL);
	return NULL;
}

static const char *links(struct supervisor *supervisor) {
	if (message.channel == 0 || supervisor_channel(supervisor, message.channel))
		return "the channel's number is taken";
	supervisor_flush(supervisor); /* as above */
	links_make(supervisor, &message, &plan);
	return NULL;
}

static const char *start(struct supervisor *supervisor, struct channel *channel, const uint8_t *frame, size_t size) {
	if (channel->started)
		return "START came twice";
	keep_for_next(supervisor, frame, size);
	channel->started = true;
	channel_pass(supervisor, channel, frame, size);
	return NULL;
}

static const char *serve_one(struct supervisor *supervisor, const uint8_t *frame, size_t size) {
	if (message.channel == 0 || supervisor_channel(supervisor, message.channel))
		return "SERVE comes before CREATE";
	if (supervisor->served)
		return "SERVE came twice";
	serve(supervisor, frame, size, &message);
	return NULL;
}

static const char *detach(struct supervisor *supervisor) {
	if (message.channel != 0)
		return "DETACH belongs on channel 0";
	supervisor_detach(supervisor);
	return NULL;
}

static void send_signal(struct supervisor *supervisor, struct channel *channel) {
	int signal = (int)number_of(TAG_SIGNAL);
	if (channel->served && signal == SIGKILL)
		run_stop(supervisor, channel->served, SIGKILL, NULL);
	else if (channel->pidfd >= 0)
		(void)pidfd_send_signal(channel->pidfd, signal);
}

static void stop(struct supervisor *supervisor, struct channel *channel) {
	const struct field *signal = message_find(&message, 0, message.count, TAG_SIGNAL);
	const struct field *timeout = message_find(&message, 0, message.count, TAG_TIMEOUT);
	uint32_t milliseconds = timeout ? field_u32(timeout) : 0;
	int number = signal ? (int)field_u32(signal) : SIGKILL;
	if (channel->served)
		run_stop(supervisor, channel->served, number, timeout ? &milliseconds : NULL);
	else
		channel_stop(supervisor, channel, number, timeout ? &milliseconds : NULL);
}

static void resize(struct channel *channel) {
	unsigned short rows = (unsigned short)number_of(TAG_ROWS);
	unsigned short columns = (unsigned short)number_of(TAG_COLUMNS);
	if (channel->served)
		hub_resize(channel->served->hub, rows, columns);
	relay_resize(channel, rows, columns);
}

static const char *decode(const uint8_t *frame, size_t size) {
	const char *why = message_decode(&message, frame, size);
	return why ? why : plan_decode(&plan, &message);
}

/* What is asked of a channel that is there. */
static const char *of_channel(struct supervisor *supervisor, struct channel *channel, const uint8_t *frame, size_t size) {
	switch (message.kind) {
	case KIND_START: return start(supervisor, channel, frame, size);
	case KIND_RESUME: channel_pass(supervisor, channel, frame, size); break;
	case KIND_SIGNAL: send_signal(supervisor, channel); break;
	case KIND_STOP: stop(supervisor, channel); break;
	case KIND_RESIZE: resize(channel); break;
	default: return "a frame's kind is unknown";
	}
	return NULL;
}

static const char *of_client(struct supervisor *supervisor, struct peer *peer, const uint8_t *frame, size_t size) {
	switch (message.kind) {
	case KIND_STOP:
	case KIND_SIGNAL:
	case KIND_RESIZE:
	case KIND_ATTACH:
	case KIND_INPUT:
	case KIND_STATUS: break;
	default: return "that isn't a client's to ask";
	}
	const struct served *served = supervisor->served;
	if (message.channel != served->number)
		return "the channel isn't the served container's";
	if (message.kind == KIND_ATTACH || message.kind == KIND_INPUT || message.kind == KIND_STATUS)
		return client_request(supervisor, peer, &message);
	return served->channel ? of_channel(supervisor, served->channel, frame, size) : NULL;
}

const char *request_take(struct supervisor *supervisor, struct peer *peer, const uint8_t *frame, size_t size) {
	const char *why = decode(frame, size);
	if (why)
		return why;
	if (!peer->control)
		return of_client(supervisor, peer, frame, size);
	switch (message.kind) {
	case KIND_CREATE:
	case KIND_JOIN: return create(supervisor, frame, size);
	case KIND_LINKS: return links(supervisor);
	case KIND_SERVE: return serve_one(supervisor, frame, size);
	case KIND_DETACH: return detach(supervisor);
	case KIND_ATTACH:
	case KIND_STATUS: return client_request(supervisor, peer, &message);
	case KIND_INPUT: return "INPUT is a client's to say"; /* who waits with it isn't read, and the orchestrator's end must be seen */
	default: break;
	}
	if (message.channel == 0)
		return "channel 0 is no container's";
	struct channel *channel = supervisor_channel(supervisor, message.channel);
	return channel ? of_channel(supervisor, channel, frame, size) : NULL; /* its RELEASED crossed this frame */
}

const char *request_replay(struct supervisor *supervisor, const uint8_t *frame, size_t size, const struct channel *own) {
	const char *why = decode(frame, size);
	if (why)
		return why;
	struct channel *channel = supervisor_channel(supervisor, message.channel);
	if (message.kind == KIND_START)
		return channel ? start(supervisor, channel, frame, size) : NULL;
	if (channel || supervisor->channel_count == LIMIT_CHANNELS)
		return "no channel is free";
	channel_create(supervisor, &message, &plan, own);
	return NULL;
}
