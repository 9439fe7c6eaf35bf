/* client.c: who connects to a served container. */
#include "peer.h"
#include "served.h"
#include "util.h"

#include <poll.h>
#include <sys/socket.h>

enum { CHUNK = 32768 }; /* of OUTPUT: a frame may hold LIMIT_PAYLOAD_OUT */

/* Its own user's, or root's: the socket's mode says so, too, but a mode can be changed (unix(7), SO_PEERCRED). */
static bool is_allowed(int fd) {
	struct ucred who;
	socklen_t size = sizeof who;
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && (who.uid == 0 || who.uid == geteuid());
}

/* One that waits for the payload isn't watched, so it may have hung up: that makes room. */
static void drop_hung_up(struct supervisor *supervisor) {
	for (struct peer *peer = supervisor->peers; peer; peer = peer->next) {
		struct pollfd one = {.fd = peer->fd};
		if (!peer->control && peer->paused && poll(&one, 1, 0) == 1)
			peer_drop(supervisor, peer);
	}
}

void client_accept(struct supervisor *supervisor, int fd) {
	cleanup_fd int taken = fd;
	if (!is_allowed(fd))
		return;
	if (supervisor->client_count >= LIMIT_CLIENTS)
		drop_hung_up(supervisor);
	struct peer *peer = peer_new(supervisor, steal_fd(&taken), false);
	if (!peer)
		return;
	peer_hello(supervisor, peer);
	if (supervisor->client_count > LIMIT_CLIENTS)
		peer_refuse(supervisor, peer, "more clients than the protocol allows");
}

static void report(struct supervisor *supervisor, struct peer *peer, const struct served *served) {
	struct event event;
	event_begin(&event, KIND_REPORT, served->number);
	if (served->running && served->channel && served->channel->pid > 0)
		event_u32(&event, TAG_PID, (uint32_t)served->channel->pid);
	event_u32(&event, TAG_RESTARTS, served->restarts);
	event_u64(&event, TAG_LOST, served->log ? log_lost(served->log) : 0);
	peer_send(supervisor, peer, &event);
}

const char *client_request(struct supervisor *supervisor, struct peer *peer, const struct message *message) {
	struct served *served = supervisor->served;
	if (!served || served->refused || served->number != message->channel)
		return "the channel isn't the served container's";
	switch (message->kind) {
	case KIND_ATTACH: peer->attached = true; break;
	case KIND_STATUS: report(supervisor, peer, served); break;
	case KIND_INPUT: peer->paused = !hub_input(supervisor, served->hub, message_find(message, 0, message->count, TAG_DATA)); break;
	default: break;
	}
	return NULL;
}

static size_t queued(const struct peer *peer) {
	return peer->unsent_end - peer->unsent_start;
}

void client_tell_lost(struct supervisor *supervisor, struct peer *peer) {
	if (!peer->lost)
		return;
	struct event event;
	event_begin(&event, KIND_OUTPUT, supervisor->served->number);
	event_u32(&event, TAG_STREAM, 0);
	event_u64(&event, TAG_LOST, peer->lost);
	peer->lost = 0;
	peer_send(supervisor, peer, &event);
}

/* Who was too slow is told so when there is room for more than a little again. */
void client_catch_up(struct supervisor *supervisor, struct peer *peer) {
	if (queued(peer) <= LIMIT_BACKLOG / 2)
		client_tell_lost(supervisor, peer);
}

static bool has_room(struct supervisor *supervisor, struct peer *peer, size_t size) {
	if (queued(peer) + size > LIMIT_BACKLOG)
		peer_flush(supervisor, peer);
	client_catch_up(supervisor, peer);
	return !peer->lost && queued(peer) + size <= LIMIT_BACKLOG;
}

static void output(struct supervisor *supervisor, struct peer *peer, const struct event *head, const uint8_t *data, size_t size) {
	if (!has_room(supervisor, peer, head->size + size)) {
		peer->lost += size;
		return;
	}
	peer_send(supervisor, peer, head);
	peer_queue(supervisor, peer, data, size);
}

void client_output(struct supervisor *supervisor, uint32_t number, int stream, const uint8_t *data, size_t size) {
	for (size_t at = 0; at < size;) {
		size_t part = size - at < CHUNK ? size - at : CHUNK;
		struct event head;
		event_begin(&head, KIND_OUTPUT, number);
		event_u32(&head, TAG_STREAM, (uint32_t)stream);
		event_bytes_follow(&head, TAG_DATA, (uint32_t)part);
		for (struct peer *peer = supervisor->peers; peer; peer = peer->next)
			if (peer->attached && !peer->gone)
				output(supervisor, peer, &head, data + at, part);
		at += part;
	}
}

void clients_close(struct supervisor *supervisor) {
	for (struct peer *peer = supervisor->peers; peer; peer = peer->next) {
		if (peer->control)
			continue;
		client_tell_lost(supervisor, peer);
		peer_close(supervisor, peer);
	}
}
