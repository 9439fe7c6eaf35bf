/* peer.c: see peer.h. */
#include "peer.h"
#include "served.h"
#include "util.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
	INBOX = 16384,        /* what most frames fit in; more is taken for a larger one and given back after it */
	CLIENT_INBOX = 4096,
	UNSENT = 4096,        /* what a round's events fit in */
	UNSENT_KEPT = 16384,  /* a larger queue is given back once it is empty */
	LINGER = 5000,        /* milliseconds, in the end, for all of them */
};

static size_t inbox_of(const struct peer *peer) {
	return peer->control ? INBOX : CLIENT_INBOX;
}

/* A client that asks and doesn't read the answers isn't heard until it does. */
static bool is_heard(const struct peer *peer) {
	return !peer->gone && !peer->paused && !peer->closing && (peer->control || peer->unsent_end - peer->unsent_start <= LIMIT_BACKLOG);
}

static void watch(const struct supervisor *supervisor, struct peer *peer) {
	uint32_t wanted = (is_heard(peer) || peer->hushed ? EPOLLIN : 0u) | (peer->unsent_end > peer->unsent_start ? EPOLLOUT : 0u);
	if (peer->gone)
		wanted = 0;
	if (wanted == peer->watched)
		return;
	struct epoll_event event = {.events = wanted, .data.ptr = &peer->source};
	int how = !wanted ? EPOLL_CTL_DEL : peer->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	if (epoll_ctl(supervisor->epoll, how, peer->fd, &event) == 0)
		peer->watched = wanted;
}

/* It is freed at the end of the round, since this round's events may name it. */
void peer_drop(struct supervisor *supervisor, struct peer *peer) {
	if (peer->gone)
		return;
	peer->gone = true;
	watch(supervisor, peer);
	if (!peer->control) {
		supervisor->client_count--;
		return;
	}
	supervisor->control = NULL;
	if (!supervisor->detached)
		supervisor_orphan(supervisor);
}

struct peer *peer_new(struct supervisor *supervisor, int fd, bool control) {
	cleanup_fd int taken = fd;
	struct peer *peer = calloc(1, sizeof *peer);
	if (!peer)
		return NULL;
	*peer = (struct peer){.next = supervisor->peers, .fd = fd, .control = control, .source = {SOURCE_PEER, peer}};
	peer->inbox = malloc(peer->inbox_size = inbox_of(peer));
	watch(supervisor, peer);
	if (!peer->inbox || !peer->watched) {
		free(peer->inbox);
		free(peer);
		return NULL;
	}
	(void)steal_fd(&taken);
	supervisor->peers = peer;
	if (control)
		supervisor->control = peer;
	else
		supervisor->client_count++;
	return peer;
}

void peer_hello(struct supervisor *supervisor, struct peer *peer) {
	struct event event;
	event_begin(&event, KIND_HELLO, 0);
	event_u64(&event, TAG_HASH, PROTOCOL_HASH);
	event_string(&event, TAG_VERSION, CLOCHE_VERSION);
	event_u32(&event, TAG_PID, (uint32_t)getpid());
	peer_send(supervisor, peer, &event);
	peer_flush(supervisor, peer);
}

static bool reserve(struct peer *peer, size_t size) {
	size_t queued = peer->unsent_end - peer->unsent_start;
	if (peer->unsent_start > 0 && peer->unsent_end + size > peer->unsent_size) {
		memmove(peer->unsent, peer->unsent + peer->unsent_start, queued);
		peer->unsent_start = 0;
		peer->unsent_end = queued;
	}
	if (peer->unsent_end + size <= peer->unsent_size)
		return true;
	size_t wanted = peer->unsent_size ? peer->unsent_size : UNSENT;
	while (wanted < queued + size)
		wanted *= 2;
	uint8_t *resized = realloc(peer->unsent, wanted);
	if (!resized)
		return false;
	peer->unsent = resized;
	peer->unsent_size = wanted;
	return true;
}

void peer_queue(struct supervisor *supervisor, struct peer *peer, const void *data, size_t size) {
	if (peer->gone || peer->deaf || peer->closing)
		return;
	if (!reserve(peer, size)) { /* without this event it would wait for ever: let it know by the end */
		peer_drop(supervisor, peer);
		return;
	}
	memcpy(peer->unsent + peer->unsent_end, data, size);
	peer->unsent_end += size;
}

void peer_send(struct supervisor *supervisor, struct peer *peer, const struct event *event) {
	peer_queue(supervisor, peer, event->data, event->size);
}

static void forget_unsent(struct peer *peer) {
	peer->unsent_start = peer->unsent_end = 0;
	if (peer->unsent_size <= UNSENT_KEPT)
		return;
	free(peer->unsent);
	peer->unsent = NULL;
	peer->unsent_size = 0;
}

static void hush(struct peer *peer) {
	peer->hushed = true;
	(void)shutdown(peer->fd, SHUT_WR);
}

void peer_flush(struct supervisor *supervisor, struct peer *peer) {
	while (!peer->gone && peer->unsent_start < peer->unsent_end) {
		ssize_t sent = RETRY(send(peer->fd, peer->unsent + peer->unsent_start, peer->unsent_end - peer->unsent_start, MSG_NOSIGNAL | MSG_DONTWAIT));
		if (sent < 0 && errno == EAGAIN)
			break;
		if (sent < 0) {
			peer->deaf = true;
			peer->attached = false;
			peer->unsent_start = peer->unsent_end;
			if (peer->control || peer->closing)
				peer_drop(supervisor, peer);
			break;
		}
		peer->unsent_start += (size_t)sent;
		client_catch_up(supervisor, peer);
	}
	if (peer->unsent_start == peer->unsent_end) {
		forget_unsent(peer);
		if (peer->closing)
			hush(peer);
	}
	watch(supervisor, peer);
}

void peer_close(struct supervisor *supervisor, struct peer *peer) {
	peer->closing = true;
	peer->paused = false;
	peer_flush(supervisor, peer);
}

/* The orchestrator: everything ends with it, unless it has detached. A client: the others go on. */
void peer_refuse(struct supervisor *supervisor, struct peer *peer, const char *why) {
	struct failure failure = {.step = STEP_FRAME};
	refused(&failure, 0, why, NULL);
	struct event event;
	event_begin(&event, KIND_ERROR, 0);
	event_failure(&event, &failure);
	peer_send(supervisor, peer, &event);
	peer_flush(supervisor, peer);
	peer_drop(supervisor, peer);
}

/* Take every whole frame from the inbox. */
static void take_frames(struct supervisor *supervisor, struct peer *peer) {
	size_t at = 0;
	size_t wanted = inbox_of(peer);
	while (!peer->gone && !peer->closing && !peer->paused) {
		const char *why = NULL;
		size_t size = frame_size(peer->inbox + at, peer->inbox_used - at, &why);
		if (!why && (!size || size > peer->inbox_used - at)) {
			if (size > wanted)
				wanted = size;
			break;
		}
		if (!why)
			why = request_take(supervisor, peer, peer->inbox + at, size);
		if (why)
			peer_refuse(supervisor, peer, why);
		else if (!peer->paused)
			at += size;
	}
	peer->inbox_used -= at;
	memmove(peer->inbox, peer->inbox + at, peer->inbox_used);
	if (peer->gone || peer->paused || wanted == peer->inbox_size || peer->inbox_used > wanted)
		return;
	uint8_t *resized = realloc(peer->inbox, wanted);
	if (!resized) {
		peer_refuse(supervisor, peer, "no memory for a frame");
		return;
	}
	peer->inbox = resized;
	peer->inbox_size = wanted;
}

void peer_resume(struct supervisor *supervisor, struct peer *peer) {
	if (!peer->paused)
		return;
	peer->paused = false;
	take_frames(supervisor, peer);
	watch(supervisor, peer);
}

/* What it says is of no matter any more, only that it hangs up. */
static void await_end(struct supervisor *supervisor, struct peer *peer) {
	char ignored[4096];
	ssize_t got = RETRY(recv(peer->fd, ignored, sizeof ignored, MSG_DONTWAIT));
	if (got == 0 || (got < 0 && errno != EAGAIN))
		peer_drop(supervisor, peer);
}

static void receive(struct supervisor *supervisor, struct peer *peer) {
	ssize_t got = RETRY(recv(peer->fd, peer->inbox + peer->inbox_used, peer->inbox_size - peer->inbox_used, MSG_DONTWAIT));
	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		peer_drop(supervisor, peer);
		return;
	}
	peer->inbox_used += (size_t)got;
	take_frames(supervisor, peer);
	watch(supervisor, peer);
}

void peer_on_ready(struct supervisor *supervisor, struct peer *peer) {
	if (peer->unsent_start < peer->unsent_end)
		peer_flush(supervisor, peer);
	if (peer->hushed && !peer->gone)
		await_end(supervisor, peer);
	else if (is_heard(peer))
		receive(supervisor, peer);
}

void peers_sweep(struct supervisor *supervisor) {
	for (struct peer **at = &supervisor->peers; *at;) {
		struct peer *peer = *at;
		if (!peer->gone) {
			at = &peer->next;
			continue;
		}
		*at = peer->next;
		close_fd(&peer->fd);
		free(peer->inbox);
		free(peer->unsent);
		free(peer);
	}
}

/* Whether there was an event of the peer's before UNTIL. */
static bool await_peer(const struct peer *peer, short events, uint64_t until) {
	uint64_t now = clock_ns();
	struct pollfd awaited = {.fd = peer->fd, .events = events};
	return now < until && poll(&awaited, 1, (int)((until - now) / 1000000u) + 1) != 0;
}

void peers_linger(struct supervisor *supervisor) {
	uint64_t until = clock_ns() + (uint64_t)LINGER * 1000000u;
	for (struct peer *peer = supervisor->peers; peer; peer = peer->next) {
		peer_flush(supervisor, peer);
		while (!peer->gone && peer->unsent_start < peer->unsent_end && await_peer(peer, POLLOUT, until))
			peer_flush(supervisor, peer);
		hush(peer);
	}
	for (const struct peer *peer = supervisor->peers; peer; peer = peer->next)
		if (!peer->gone)
			(void)await_peer(peer, POLLRDHUP, until);
}
