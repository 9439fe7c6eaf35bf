/*
 * publish.h: published ports: sockets outside, and a process that forwards what comes there into the container.
 *
 *   port.c       the supervisor binds and listens, before anything of the container is made
 *   publish.c    forks the forwarder once the container's namespaces are there, and sees to its end
 *   forward.c    the forwarder: its loop, its descriptors, who may accept
 *   splice.c     its TCP connections
 *   datagram.c   its UDP flows
 *   inside.c     where in the container they are connected to
 */
#pragma once

#include "channel.h"

#include <netinet/in.h>

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct port {
	int fd;
	bool udp;
	union address outside; /* its port is 0 until it is bound, where any will do */
	uint16_t wanted;       /* the number that was asked for, 0: any */
	uint16_t inside;
};

struct ports {
	uint32_t count;
	struct port list[];
};

socklen_t address_size(const union address *address);
uint16_t address_port(const union address *address);
void address_set_port(union address *address, uint16_t port);

/* port.c: all PORTs of MESSAGE, bound and listening, or none. *PORTS is NULL where it has none. -1 and FAILURE. */
int ports_open(const struct message *message, struct ports **ports, struct failure *failure);
void ports_close(struct ports **ports);
void ports_tell(struct supervisor *supervisor, const struct channel *channel, const struct ports *ports); /* PUBLISHED */
void ports_pause(const struct ports *ports); /* between two runs: connections are refused, the numbers stay ours */
int ports_resume(const struct ports *ports, struct failure *failure);

/* forward.c: the forwarder, inside the container's network already. SUPERVISOR and INIT: pidfds, with which it ends. */
_Noreturn void forward(const struct ports *ports, int supervisor, int init);
