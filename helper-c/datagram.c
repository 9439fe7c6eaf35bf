/*
 * datagram.c: UDP flows: for each client, and each address of ours that it asked, a socket inside, connected; what comes
 * back through that goes to the client from that address.
 *
 * A flow ends when nobody has used it for a while, or, where descriptors are short, when it is the one used longest ago.
 */
#include "forward.h"
#include "util.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
	LARGEST = 65536,   /* a datagram holds 65,507 bytes (udp(7)) */
	DATAGRAMS = 64,    /* in one turn */
	IDLE = 90 * 1000,  /* milliseconds; docker-proxy's UDPConnTrackTimeout */
	BUCKETS = 4096,
	EVICTIONS = 16,    /* for one new flow, at most */
};

/* The address of ours that a datagram was sent to, or is to come from. */
union origin {
	struct in_pktinfo v4;
	struct in6_pktinfo v6;
};

struct door {
	struct worker worker;
	struct watched watched;
	const struct port *port;
};

struct flow {
	struct worker worker;
	struct watched watched;
	const struct port *port;
	union address client;
	union origin origin;
	int fd;                       /* inside; -1 once it is over */
	uint32_t attempt;
	bool answered;
	uint8_t *unproven;            /* the last datagram, until somebody has answered */
	size_t unproven_size;
	uint64_t used;
	struct flow *in_bucket;
	struct flow *older, *newer;
};

static struct flow *buckets[BUCKETS];
static struct flow *oldest, *newest;
static uint8_t datagram[LARGEST];
static bool ending;

/* FNV-1a; its key is what the kernel chose or the client did, which costs that client's machine a search at most. */
static uint32_t bucket_of(const union address *client, const struct port *port) {
	uint32_t hash = 2166136261u ^ (uint32_t)(uintptr_t)port;
	const uint8_t *bytes = (const uint8_t *)client;
	for (socklen_t i = 0; i < address_size(client); i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return (hash ^ hash >> 16) % BUCKETS;
}

static struct flow **find(const union address *client, const union origin *origin, const struct port *port) {
	struct flow **at = &buckets[bucket_of(client, port)];
	while (*at && ((*at)->port != port || memcmp(&(*at)->client, client, sizeof *client) != 0 || memcmp(&(*at)->origin, origin, sizeof *origin) != 0))
		at = &(*at)->in_bucket;
	return at;
}

static void unlist(struct flow *flow) {
	*(flow->older ? &flow->older->newer : &oldest) = flow->newer;
	*(flow->newer ? &flow->newer->older : &newest) = flow->older;
	flow->older = flow->newer = NULL;
}

static void list(struct flow *flow) {
	flow->older = newest;
	*(newest ? &newest->newer : &oldest) = flow;
	newest = flow;
}

static void use(struct flow *flow) {
	flow->used = forward_now();
	if (flow == newest)
		return;
	unlist(flow);
	list(flow);
}

static void prove(struct flow *flow) {
	free(flow->unproven);
	flow->unproven = NULL;
}

/* Freed in its next turn: it may be waiting for one. */
static void end(struct flow *flow) {
	struct flow **at = find(&flow->client, &flow->origin, flow->port);
	if (*at == flow)
		*at = flow->in_bucket;
	unlist(flow);
	prove(flow);
	close_fd(&flow->fd);
	forward_give(1);
	forward_ask(&flow->worker);
}

static bool evict(void) {
	if (!oldest)
		return false;
	end(oldest);
	return true;
}

int datagrams_expire(void) {
	uint64_t now = forward_now();
	while (oldest && oldest->used + IDLE <= now)
		end(oldest);
	return oldest ? (int)(oldest->used + IDLE - now) : -1;
}

/* A socket to the next address where a server may be; false: there is none. */
static bool try_next(struct flow *flow) {
	union address address;
	while (inside_address(flow->attempt++, flow->port->outside.any.sa_family, flow->port->inside, &address)) {
		close_fd(&flow->fd);
		flow->fd = socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (flow->fd >= 0 && connect(flow->fd, &address.any, address_size(&address)) == 0 && forward_watch(flow->fd, &flow->watched) == 0)
			return true;
	}
	return false;
}

/* Where nobody is, the socket's next call tells: on loopback that is known before send(2) is back. */
static bool is_refused(int fd) {
	int error = 0;
	socklen_t size = sizeof error;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == ECONNREFUSED;
}

/* Nobody is there: to the next address with what was sent last. */
static void refused_by_one(struct flow *flow) {
	if (flow->answered)
		return; /* a server that begins anew, at the same place */
	while (try_next(flow)) {
		if (flow->unproven)
			(void)send(flow->fd, flow->unproven, flow->unproven_size, MSG_NOSIGNAL);
		if (!is_refused(flow->fd))
			return;
	}
	end(flow);
}

static void remember(struct flow *flow, size_t size) {
	if (flow->answered)
		return;
	prove(flow);
	flow->unproven = malloc(size ? size : 1);
	flow->unproven_size = flow->unproven ? size : 0;
	if (flow->unproven)
		memcpy(flow->unproven, datagram, size);
}

/* What isn't taken now is lost, as a datagram may be. */
static void pass_in(struct flow *flow, size_t size) {
	use(flow);
	remember(flow, size);
	if (send(flow->fd, datagram, size, MSG_NOSIGNAL) < 0 && errno == ECONNREFUSED && flow->answered)
		(void)send(flow->fd, datagram, size, MSG_NOSIGNAL); /* that was about the one before */
	else if (!flow->answered && is_refused(flow->fd))
		refused_by_one(flow);
}

static void pass_out(const struct flow *flow, size_t size) {
	bool v6 = flow->client.any.sa_family == AF_INET6;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control = {0};
	size_t length = v6 ? sizeof flow->origin.v6 : sizeof flow->origin.v4;
	struct iovec part = {datagram, size};
	struct msghdr message = {
		.msg_name = (void *)(uintptr_t)&flow->client, .msg_namelen = address_size(&flow->client), .msg_iov = &part, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = (socklen_t)CMSG_SPACE(length),
	};
	struct cmsghdr *first = CMSG_FIRSTHDR(&message);
	first->cmsg_level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
	first->cmsg_type = v6 ? IPV6_PKTINFO : IP_PKTINFO;
	first->cmsg_len = (socklen_t)CMSG_LEN(length);
	memcpy(CMSG_DATA(first), &flow->origin, length);
	(void)sendmsg(flow->port->fd, &message, MSG_NOSIGNAL);
}

/* Whether there may be more. */
static bool answer(struct flow *flow) {
	for (int i = 0; i < DATAGRAMS; i++) {
		ssize_t got = RETRY(recv(flow->fd, datagram, sizeof datagram, 0));
		if (got < 0 && errno == ECONNREFUSED) {
			refused_by_one(flow);
			if (flow->fd < 0)
				return false;
			continue;
		}
		if (got < 0)
			return false;
		use(flow);
		flow->answered = true;
		prove(flow);
		pass_out(flow, (size_t)got);
	}
	return true;
}

static void on_flow_turn(struct worker *worker) {
	struct flow *flow = CONTAINER_OF(worker, struct flow, worker);
	if (flow->fd < 0)
		free(flow);
	else if (answer(flow))
		forward_ask(worker);
}

static void on_flow(struct watched *watched, uint32_t events) {
	(void)events;
	forward_ask(&CONTAINER_OF(watched, struct flow, watched)->worker);
}

static bool find_room(void) {
	for (int i = 0; i < EVICTIONS; i++) {
		if (forward_take(1))
			return true;
		if (!evict())
			return false;
	}
	return false;
}

static struct flow *begin(const union address *client, const union origin *origin, const struct port *port) {
	if (!find_room())
		return NULL;
	struct flow *flow = calloc(1, sizeof *flow);
	if (!flow) {
		forward_give(1);
		return NULL;
	}
	*flow = (struct flow){
		.worker.turn = on_flow_turn, .watched.ready = on_flow, .port = port, .client = *client, .origin = *origin, .fd = -1, .used = forward_now(),
	};
	*find(client, origin, port) = flow;
	list(flow);
	if (try_next(flow))
		return flow;
	end(flow);
	return NULL;
}

/* The address that was asked, and the link where it is one of that link alone. */
static void read_origin(struct msghdr *message, union origin *origin) {
	const struct cmsghdr *first = CMSG_FIRSTHDR(message); /* nothing else was asked for */
	*origin = (union origin){0};
	if (first && first->cmsg_level == IPPROTO_IP && first->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;
		memcpy(&info, CMSG_DATA(first), sizeof info);
		origin->v4.ipi_spec_dst = info.ipi_spec_dst;
	} else if (first && first->cmsg_level == IPPROTO_IPV6 && first->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;
		memcpy(&info, CMSG_DATA(first), sizeof info);
		origin->v6.ipi6_addr = info.ipi6_addr;
		if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
			origin->v6.ipi6_ifindex = info.ipi6_ifindex;
	}
}

/* One datagram from outside; false: there is none now. */
static bool take_one(const struct port *port) {
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control;
	union address client = {0};
	union origin origin;
	struct iovec part = {datagram, sizeof datagram};
	struct msghdr message = {.msg_name = &client, .msg_namelen = sizeof client, .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	ssize_t got = RETRY(recvmsg(port->fd, &message, 0));
	if (got < 0)
		return errno != EAGAIN; /* what is told of one before is passed over */
	read_origin(&message, &origin);
	struct flow *flow = *find(&client, &origin, port);
	if (!flow)
		flow = begin(&client, &origin, port);
	if (flow)
		pass_in(flow, (size_t)got);
	return true;
}

static void on_door_turn(struct worker *worker) {
	const struct door *door = CONTAINER_OF(worker, struct door, worker);
	for (int i = 0; i < DATAGRAMS; i++)
		if (ending || !take_one(door->port))
			return;
	forward_ask(worker);
}

static void on_door(struct watched *watched, uint32_t events) {
	(void)events;
	forward_ask(&CONTAINER_OF(watched, struct door, watched)->worker);
}

int datagrams_begin(const struct port *port) {
	struct door *door = calloc(1, sizeof *door);
	if (!door)
		return -1;
	*door = (struct door){.worker.turn = on_door_turn, .watched.ready = on_door, .port = port};
	return forward_watch(port->fd, &door->watched);
}

void datagrams_end(void) {
	ending = true;
	while (oldest) {
		struct flow *flow = oldest;
		while (answer(flow))
			;
		if (flow == oldest)
			end(flow);
	}
}
