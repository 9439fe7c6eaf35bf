/* listen.c: how a resolver begins: its sockets, which the init opens inside, and what the plan says of it. */
#include "build.h"
#include "resolver.h"
#include "util.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { PORT = 53 };

/* `ADDRESS`, `ADDRESS#PORT`, `fe80::1%eth0`. */
static bool read_server(const char *text, union server *server) {
	char copy[INET6_ADDRSTRLEN + IF_NAMESIZE + 8];
	if (strlen(text) >= sizeof copy)
		return false;
	strcpy(copy, text);
	unsigned long port = PORT;
	char *hash = strchr(copy, '#');
	if (hash) {
		char *end;
		*hash = 0;
		port = strtoul(hash + 1, &end, 10);
		if (hash[1] < '0' || hash[1] > '9' || *end || port == 0 || port > 65535)
			return false;
	}
	char *zone = strchr(copy, '%');
	if (zone)
		*zone++ = 0;
	memset(server, 0, sizeof *server);
	if (!zone && inet_pton(AF_INET, copy, &server->v4.sin_addr) == 1) {
		server->v4.sin_family = AF_INET;
		server->v4.sin_port = htons((uint16_t)port);
		return true;
	}
	server->v6.sin6_family = AF_INET6;
	server->v6.sin6_port = htons((uint16_t)port);
	server->v6.sin6_scope_id = zone ? if_nametoindex(zone) : 0;
	return inet_pton(AF_INET6, copy, &server->v6.sin6_addr) == 1 && (!zone || server->v6.sin6_scope_id);
}

/* In the init: both sockets, from inside, go to the supervisor. */
static int send_sockets(const struct build *build, const int sockets[2]) {
	struct event event;
	event_begin(&event, KIND_LISTENING, build->channel);
	struct iovec data = {event.data, event.size};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(2 * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	memcpy(CMSG_DATA(&control.header), sockets, 2 * sizeof(int));
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space};
	return RETRY(sendmsg(build->sync, &message, MSG_NOSIGNAL)) < 0 ? -1 : 0;
}

int op_resolver(struct build *build, const struct op *op) {
	const char *text = op_string(op, TAG_ADDRESS);
	union server address;
	if (!read_server(text, &address))
		return refused(&build->failure, EINVAL, "not an address", text);
	socklen_t size = address.any.sa_family == AF_INET6 ? sizeof address.v6 : sizeof address.v4;
	cleanup_fd int datagrams = socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	cleanup_fd int connections = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (datagrams < 0 || connections < 0)
		return failed(&build->failure, "socket", text);
	if (bind(datagrams, &address.any, size) < 0 || bind(connections, &address.any, size) < 0)
		return failed(&build->failure, "bind", text);
	if (listen(connections, CONVERSATIONS) < 0)
		return failed(&build->failure, "listen", text);
	if (send_sockets(build, (int[2]){datagrams, connections}) < 0)
		return failed(&build->failure, "sendmsg", "the resolver's sockets");
	return 0;
}

int resolver_prepare(struct channel *channel, const struct message *message, const struct plan *plan, struct failure *failure) {
	const struct op *op = plan_find(plan, OP_RESOLVER);
	if (!op)
		return 0;
	failure->step = STEP_CREATE;
	failure->index = (uint32_t)(op - plan->ops);
	struct resolver *resolver = channel->resolver = calloc(1, sizeof *resolver);
	const struct field *names = message_head(message, TAG_NAMES);
	if (!resolver || (names && !(resolver->names = strdup(field_string(names)))))
		return failed(failure, "malloc", NULL);
	resolver->datagrams.fd = resolver->connections.fd = -1;
	for (uint32_t i = 0, head = plan_head(message); i < head; i++) {
		const struct field *field = &message->fields[i];
		if (field->tag != TAG_NAMESERVER)
			continue;
		if (!read_server(field_string(field), &resolver->servers[resolver->server_count < NAMESERVERS ? resolver->server_count : NAMESERVERS - 1]))
			return refused(failure, EINVAL, "not a name server's address", field_string(field));
		if (resolver->server_count++ == NAMESERVERS)
			return refused(failure, E2BIG, "more name servers than are asked", field_string(field));
	}
	failure->index = 0;
	return 0;
}
