/*
 * forward.h: what the rooms of the forwarder share.
 *
 * Descriptors are watched once, by edge (epoll(7)): an event only notes what has become possible and asks for a turn; all
 * else is done in turns, so nothing is freed that an event of the same round could still mean.
 */
#pragma once

#include "publish.h"

/* Who gets turns: a bit of work each time, so that nobody waits long for another. */
struct worker {
	void (*turn)(struct worker *worker);
	struct worker *next;
	bool waits; /* for its turn */
};

/* What epoll hands back. */
struct watched {
	void (*ready)(struct watched *watched, uint32_t events);
};

#define CONTAINER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

int forward_watch(int fd, struct watched *watched); /* for everything, by edge */
void forward_ask(struct worker *worker);            /* for a turn */
uint64_t forward_now(void);                         /* milliseconds, of this round */

/* Descriptors that may be opened: taken before, given back after. */
bool forward_take(uint32_t descriptors);
void forward_give(uint32_t descriptors);

/* An address in the container to connect to, the best first, whose port is INSIDE; false: there is no further one. */
bool inside_address(uint32_t index, int family, uint16_t inside, union address *address);

/* splice.c */
enum { STREAM_DESCRIPTORS = 6 }; /* two sockets, and a pipe each way while it is needed */
void stream_begin(int outside, int family, uint16_t inside); /* takes OUTSIDE, and STREAM_DESCRIPTORS that were taken for it */
bool streams_end(void); /* no more from outside; whether none is left */

/* datagram.c */
int datagrams_begin(const struct port *port);
int datagrams_expire(void);         /* those that nobody uses; when the next one may, milliseconds, or -1 */
void datagrams_end(void);           /* what has been answered gets out */
