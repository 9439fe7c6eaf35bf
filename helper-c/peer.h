/*
 * peer.h: who the supervisor speaks with: the orchestrator on the control socket, and clients of a served container.
 *
 * Nobody stops the loop: what a socket has no room for is queued. Events are never dropped, since they are few; output is,
 * past LIMIT_BACKLOG, and counted.
 */
#pragma once

#include "channel.h"

struct peer {
	struct peer *next;
	int fd;
	struct source source;
	uint32_t watched;    /* what epoll is asked for; 0: nothing, not even a hang-up */
	bool control;
	bool attached;       /* a client: OUTPUT is for it, too */
	bool paused;         /* its INPUT waits for the payload, and it isn't read meanwhile */
	bool closing;        /* nothing of it is heeded any more; once all is said it is hushed */
	bool hushed;         /* it reads the end, and hangs up then: one who still asks something would take a broken pipe for the end, and not read what we said last */
	bool deaf;           /* it doesn't listen any more, but may have said something */
	bool gone;           /* to be freed when this round of events is done */
	uint8_t *inbox;      /* bytes that aren't a whole frame yet */
	size_t inbox_used, inbox_size;
	uint8_t *unsent;     /* [unsent_start, unsent_end) */
	size_t unsent_start, unsent_end, unsent_size;
	uint64_t lost;       /* bytes of output that were dropped and are still to be told of */
};

/* peer.c */
struct peer *peer_new(struct supervisor *supervisor, int fd, bool control); /* takes FD; NULL where there is no memory */
void peer_hello(struct supervisor *supervisor, struct peer *peer);
void peer_queue(struct supervisor *supervisor, struct peer *peer, const void *data, size_t size);
void peer_send(struct supervisor *supervisor, struct peer *peer, const struct event *event);
void peer_flush(struct supervisor *supervisor, struct peer *peer);
void peer_refuse(struct supervisor *supervisor, struct peer *peer, const char *why); /* it broke the protocol */
void peer_close(struct supervisor *supervisor, struct peer *peer);                    /* once all is said, and it has heard that */
void peer_drop(struct supervisor *supervisor, struct peer *peer);                     /* at once */
void peer_on_ready(struct supervisor *supervisor, struct peer *peer);
void peer_resume(struct supervisor *supervisor, struct peer *peer);
void peers_sweep(struct supervisor *supervisor);  /* free those that are gone */
void peers_linger(struct supervisor *supervisor); /* at the very end: what is unsent goes out, to whom takes it soon, and each hangs up first */

/* client.c */
void client_accept(struct supervisor *supervisor, int fd);
const char *client_request(struct supervisor *supervisor, struct peer *peer, const struct message *message); /* ATTACH, INPUT, STATUS */
void client_output(struct supervisor *supervisor, uint32_t number, int stream, const uint8_t *data, size_t size); /* to all who are attached */
void client_tell_lost(struct supervisor *supervisor, struct peer *peer); /* where something was */
void client_catch_up(struct supervisor *supervisor, struct peer *peer);  /* the same, where its queue has room again */
void clients_close(struct supervisor *supervisor);
