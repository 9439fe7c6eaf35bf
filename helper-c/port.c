/*
 * port.c: the outer ends of published ports.
 *
 * They are bound and listen before anything of the container is made, so that a taken port is an error and no surprise, and
 * they stay bound from one run of a served container to the next.
 */
#include "publish.h"
#include "util.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	BACKLOG = 4096,      /* the kernel's own default for net.core.somaxconn, which cuts it */
	CHOICES = 64,        /* any number will do: how often one is chosen that another address of the same port lacks */
	KEEPALIVE_IDLE = 60, /* seconds; a client whose machine is gone doesn't hold its connection for ever */
};

socklen_t address_size(const union address *address) {
	return address->any.sa_family == AF_INET6 ? sizeof address->v6 : sizeof address->v4;
}

uint16_t address_port(const union address *address) {
	return ntohs(address->any.sa_family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port);
}

void address_set_port(union address *address, uint16_t port) {
	if (address->any.sa_family == AF_INET6)
		address->v6.sin6_port = htons(port);
	else
		address->v4.sin_port = htons(port);
}

static bool read_number(const char *text, uint16_t *number) {
	char *end;
	if (!text || *text < '0' || *text > '9')
		return false;
	unsigned long value = strtoul(text, &end, 10);
	*number = (uint16_t)value;
	return *end == 0 && value <= UINT16_MAX;
}

static bool read_address(const char *text, union address *address) {
	*address = (union address){0};
	if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
		address->any.sa_family = AF_INET;
		return true;
	}
	address->v6.sin6_family = AF_INET6;
	return inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1;
}

/* "tcp 127.0.0.1 8080 80" */
static bool read_port(const char *text, struct port *port) {
	char copy[80]; /* more than the longest that is right */
	char *words[5] = {0};
	char *rest = copy;
	if (strlen(text) >= sizeof copy)
		return false;
	strcpy(copy, text);
	for (int i = 0; i < 5 && (words[i] = strsep(&rest, " ")); i++)
		;
	*port = (struct port){.fd = -1, .udp = strcmp(words[0], "udp") == 0};
	return words[3] && !words[4] && (port->udp || strcmp(words[0], "tcp") == 0) && read_address(words[1], &port->outside) &&
		read_number(words[2], &port->wanted) && read_number(words[3], &port->inside) && port->inside > 0;
}

/* "127.0.0.1:8080/tcp": how people write it. */
static int failed_at(struct failure *failure, const char *call, const struct port *port) {
	int error = errno;
	char name[80];
	char address[INET6_ADDRSTRLEN] = "";
	bool v6 = port->outside.any.sa_family == AF_INET6;
	inet_ntop(port->outside.any.sa_family, v6 ? (const void *)&port->outside.v6.sin6_addr : (const void *)&port->outside.v4.sin_addr, address, sizeof address);
	snprintf(name, sizeof name, v6 ? "[%s]:%u/%s" : "%s:%u/%s", address, address_port(&port->outside), port->udp ? "udp" : "tcp");
	errno = error;
	return failed(failure, call, name);
}

static int set(int fd, int level, int option, int value) {
	return setsockopt(fd, level, option, &value, sizeof value);
}

/* What is accepted inherits these. */
static int prepare_stream(int fd) {
	return set(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0 || set(fd, IPPROTO_TCP, TCP_NODELAY, 1) < 0 || set(fd, SOL_SOCKET, SO_KEEPALIVE, 1) < 0 ||
		set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE) < 0 ? -1 : 0;
}

/* An answer comes from the address that was asked. */
static int prepare_datagrams(int fd, bool v6) {
	return v6 ? set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) : set(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

static int open_socket(const struct port *port) {
	bool v6 = port->outside.any.sa_family == AF_INET6;
	int type = (port->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
	cleanup_fd int fd = socket(port->outside.any.sa_family, type, 0);
	if (fd < 0 || (v6 && set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) < 0) || (port->udp ? prepare_datagrams(fd, v6) : prepare_stream(fd)) < 0)
		return -1;
	return steal_fd(&fd);
}

/* Bind PORT to NUMBER and listen. */
static int open_port(struct port *port, uint16_t number, struct failure *failure) {
	address_set_port(&port->outside, number);
	cleanup_fd int fd = open_socket(port);
	if (fd < 0)
		return failed_at(failure, "socket", port);
	if (bind(fd, &port->outside.any, address_size(&port->outside)) < 0)
		return failed_at(failure, "bind", port);
	/* Two who share a number by SO_REUSEADDR part here. */
	if (!port->udp && listen(fd, BACKLOG) < 0)
		return failed_at(failure, "listen", port);
	port->fd = steal_fd(&fd);
	return 0;
}

/* A number that is free for PORT now. Bound by its number afterwards, a socket keeps it when it stops listening (inet_csk_listen_stop). */
static int choose(const struct port *port, uint16_t *number, struct failure *failure) {
	union address address = port->outside;
	socklen_t size = sizeof address;
	address_set_port(&address, 0);
	cleanup_fd int fd = open_socket(port);
	if (fd < 0)
		return failed_at(failure, "socket", port);
	if (bind(fd, &address.any, address_size(&address)) < 0 || getsockname(fd, &address.any, &size) < 0)
		return failed_at(failure, "bind", port);
	*number = address_port(&address);
	return 0;
}

/* The ports from FIRST on that get one number together: any will do, the same inside port at several addresses. */
static uint32_t together(const struct ports *ports, uint32_t first) {
	const struct port *one = &ports->list[first];
	uint32_t count = 1;
	while (one->wanted == 0 && first + count < ports->count && one[count].wanted == 0 && one[count].udp == one->udp && one[count].inside == one->inside &&
		memcmp(&one[count].outside, &one->outside, sizeof one->outside) != 0)
		count++;
	return count;
}

static int open_together(struct port *list, uint32_t count, struct failure *failure) {
	uint16_t number = list->wanted;
	uint32_t step = failure->step;
	for (int choice = 0;; choice++) {
		if (list->wanted == 0 && choose(list, &number, failure) < 0)
			return -1;
		uint32_t opened = 0;
		while (opened < count && open_port(&list[opened], number, failure) == 0)
			opened++;
		if (opened == count) {
			*failure = (struct failure){.step = step}; /* of a number that was chosen in vain */
			return 0;
		}
		if (list->wanted != 0 || failure->error != EADDRINUSE || choice == CHOICES)
			return -1; /* those that are open are closed with the rest */
		while (opened > 0)
			close_fd(&list[--opened].fd);
	}
}

static int open_all(struct ports *ports, struct failure *failure) {
	for (uint32_t at = 0, count; at < ports->count; at += count) {
		count = together(ports, at);
		if (open_together(&ports->list[at], count, failure) < 0)
			return -1;
	}
	return 0;
}

int ports_open(const struct message *message, struct ports **ports, struct failure *failure) {
	uint32_t count = 0;
	uint32_t head = plan_head(message);
	for (uint32_t i = 0; i < head; i++)
		count += message->fields[i].tag == TAG_PORT;
	*ports = NULL;
	if (count == 0)
		return 0;
	struct ports *made = malloc(sizeof *made + count * sizeof made->list[0]);
	if (!made)
		return failed(failure, "malloc", NULL);
	made->count = 0;
	for (uint32_t i = 0; i < head; i++) {
		if (message->fields[i].tag != TAG_PORT)
			continue;
		const char *text = field_string(&message->fields[i]);
		if (!read_port(text, &made->list[made->count++])) {
			free(made);
			return refused(failure, EINVAL, "a PORT is a protocol, an address and a port outside, a port inside", text);
		}
	}
	if (open_all(made, failure) < 0) {
		ports_close(&made);
		return -1;
	}
	*ports = made;
	return 0;
}

void ports_close(struct ports **ports) {
	for (uint32_t i = 0; *ports && i < (*ports)->count; i++)
		close_fd(&(*ports)->list[i].fd);
	free(*ports);
	*ports = NULL;
}

void ports_tell(struct supervisor *supervisor, const struct channel *channel, const struct ports *ports) {
	for (uint32_t i = 0; ports && i < ports->count; i++) {
		const struct port *port = &ports->list[i];
		char address[INET6_ADDRSTRLEN];
		char text[80];
		bool v6 = port->outside.any.sa_family == AF_INET6;
		inet_ntop(port->outside.any.sa_family, v6 ? (const void *)&port->outside.v6.sin6_addr : (const void *)&port->outside.v4.sin_addr, address, sizeof address);
		snprintf(text, sizeof text, "%s %s %u %u", port->udp ? "udp" : "tcp", address, address_port(&port->outside), port->inside);
		struct event event;
		event_begin(&event, KIND_PUBLISHED, channel->number);
		event_string(&event, TAG_PORT, text);
		channel_tell(supervisor, channel, &event);
	}
}

/* Nobody else may have the number meanwhile, and who shares it by SO_REUSEADDR can where none listens (inet_csk_bind_conflict). */
void ports_pause(const struct ports *ports) {
	for (uint32_t i = 0; i < ports->count; i++) {
		const struct port *port = &ports->list[i];
		if (port->udp)
			continue;
		(void)set(port->fd, SOL_SOCKET, SO_REUSEADDR, 0);
		(void)shutdown(port->fd, SHUT_RD);
	}
}

/* What was sent to a run that is over isn't the next one's. */
static void discard(int fd) {
	char byte;
	while (recv(fd, &byte, sizeof byte, MSG_DONTWAIT) >= 0)
		;
}

int ports_resume(const struct ports *ports, struct failure *failure) {
	for (uint32_t i = 0; i < ports->count; i++) {
		const struct port *port = &ports->list[i];
		if (port->udp) {
			discard(port->fd);
			continue;
		}
		(void)set(port->fd, SOL_SOCKET, SO_REUSEADDR, 1);
		if (listen(port->fd, BACKLOG) < 0)
			return failed_at(failure, "listen", port);
	}
	return 0;
}
