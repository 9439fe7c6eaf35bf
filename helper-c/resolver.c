/* resolver.c: see resolver.h. */
#include "resolver.h"
#include "names.h"
#include "util.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

enum { ROUND = 32 /* questions, after which the other containers have their turn */ };

/* As timers count. */
uint64_t resolver_now(void) {
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int ear_open(struct supervisor *supervisor, struct ear *ear, int fd, uint32_t events) {
	ear->source = (struct source){SOURCE_RESOLVER, ear};
	ear->fd = fd;
	if (supervisor_watch(supervisor, fd, events, &ear->source) == 0)
		return 0;
	close_fd(&ear->fd);
	return -1;
}

void ear_close(struct supervisor *supervisor, struct ear *ear) {
	supervisor_forget(supervisor, &ear->fd);
}

void ear_again(struct supervisor *supervisor, struct ear *ear, uint32_t events) {
	struct epoll_event event = {.events = events, .data.ptr = &ear->source};
	(void)epoll_ctl(supervisor->epoll, EPOLL_CTL_MOD, ear->fd, &event);
}

void resolver_on_ready(struct supervisor *supervisor, struct ear *ear) {
	if (ear->fd >= 0) /* else it was closed in the same round of events */
		ear->ready(supervisor, ear);
}

uint32_t resolver_attempts(const struct resolver *resolver) {
	return resolver->server_count == 1 ? 2 : resolver->server_count;
}

const union server *resolver_server(const struct resolver *resolver, uint32_t attempt, socklen_t *size) {
	const union server *server = &resolver->servers[attempt % resolver->server_count];
	*size = server->any.sa_family == AF_INET6 ? sizeof server->v6 : sizeof server->v4;
	return server;
}

bool resolver_is_shrug(const uint8_t *answer) {
	unsigned code = answer[3] & 0x0f;
	return code == DNS_SERVFAIL || code == DNS_NOTIMP || code == 5 /* REFUSED */;
}

size_t resolver_fail(const uint8_t *asked, const struct dns_query *query, uint8_t *data, size_t room) {
	struct dns_answer answer;
	dns_begin(&answer, data, room, asked, query);
	dns_set_id(data, query->id);
	return dns_finish(&answer, DNS_SERVFAIL);
}

/* Several addresses take turns; a name that has none of the family asked for has that: no answer, and no error (RFC 4074). */
static bool add_addresses(struct resolver *resolver, const struct dns_query *query, struct dns_answer *answer) {
	struct addresses found;
	names_find(resolver->names, query->name, &found);
	uint32_t first = found.count > 1 ? resolver->turn++ : 0;
	for (uint32_t i = 0; i < found.count; i++) {
		uint32_t at = (first + i) % found.count;
		if (query->type == DNS_ANY || query->type == (found.list[at].size == 16 ? DNS_AAAA : DNS_A))
			dns_add_address(answer, found.list[at].bytes, found.list[at].size);
	}
	return found.count > 0;
}

static bool add_pointer(const struct resolver *resolver, const struct dns_query *query, struct dns_answer *answer) {
	uint8_t address[16];
	char name[DNS_NAME];
	size_t size = dns_reverse(query->name, address);
	if (size == 0 || !names_reverse(resolver->names, address, size, name, sizeof name))
		return false;
	dns_add_pointer(answer, name);
	return true;
}

/* Without name servers there are no other names: musl waits for its whole timeout after any word but that one. */
size_t resolver_answer(struct resolver *resolver, const uint8_t *asked, const struct dns_query *query, uint8_t *data, size_t room) {
	struct dns_answer answer;
	dns_begin(&answer, data, room, asked, query);
	if (query->internet && query->plain && resolver->names) {
		bool known = query->type == DNS_PTR ? add_pointer(resolver, query, &answer) : false;
		if (known || add_addresses(resolver, query, &answer))
			return dns_finish(&answer, DNS_NOERROR);
	}
	return resolver->server_count ? 0 : dns_finish(&answer, DNS_NXDOMAIN);
}

static void on_datagram(struct supervisor *supervisor, struct ear *ear) {
	struct resolver *resolver = ear->of;
	uint8_t asked[QUERY_MOST];
	uint8_t answer[DNS_UDP_MOST];
	for (int i = 0; i < ROUND; i++) {
		struct sockaddr_in6 from;
		socklen_t from_size = sizeof from;
		ssize_t got = RETRY(recvfrom(ear->fd, asked, sizeof asked, MSG_DONTWAIT, (struct sockaddr *)&from, &from_size));
		if (got < 0)
			return; /* EAGAIN, or what the kernel tells of an answer that nobody took */
		struct dns_query query;
		enum dns_code code;
		size_t size = 0;
		switch (dns_read_query(asked, (size_t)got, &query, &code)) {
		case DNS_TAKEN: size = resolver_answer(resolver, asked, &query, answer, query.room); break;
		case DNS_REFUSED: size = dns_refuse(answer, asked, code); break;
		case DNS_IGNORED: continue;
		}
		if (size)
			(void)sendto(ear->fd, answer, size, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&from, from_size);
		else
			flow_begin(supervisor, resolver, asked, (size_t)got, &query, &from, from_size);
	}
}

/* Edge by edge: one that can't be accepted for want of descriptors waits for the next, and doesn't keep the loop busy. */
static void on_connection(struct supervisor *supervisor, struct ear *ear) {
	for (int i = 0; i < ROUND; i++) {
		int client = RETRY(accept4(ear->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
		if (client < 0)
			return;
		conversation_begin(supervisor, ear->of, client);
	}
	ear_again(supervisor, ear, EPOLLIN | EPOLLET);
}

static void earliest(uint64_t *deadline, uint64_t other) {
	if (*deadline == 0 || other < *deadline)
		*deadline = other;
}

static void on_timer(struct supervisor *supervisor, void *of) {
	struct resolver *resolver = of;
	uint64_t now = resolver_now();
	uint64_t next = 0;
	for (struct flow *at = resolver->flows; at < resolver->flows + FLOWS; at++) {
		if (at->asked && at->deadline <= now)
			flow_expire(supervisor, at);
		if (at->asked)
			earliest(&next, at->deadline);
	}
	for (struct conversation *at = resolver->conversations; at < resolver->conversations + CONVERSATIONS; at++) {
		if (at->asked && at->deadline <= now)
			conversation_expire(supervisor, at);
		if (at->asked)
			earliest(&next, at->deadline);
	}
	if (next)
		resolver_expect(supervisor, resolver, next);
}

void resolver_expect(struct supervisor *supervisor, struct resolver *resolver, uint64_t deadline) {
	uint64_t now = resolver_now();
	if (resolver->timer.set && resolver->due <= deadline)
		return;
	resolver->timer.fire = on_timer;
	resolver->timer.of = resolver;
	resolver->due = deadline;
	(void)timer_set(supervisor, &resolver->timer, deadline > now ? (uint32_t)((deadline - now) / 1000000 + 1) : 0);
}

int resolver_listen(struct supervisor *supervisor, struct channel *channel, int datagrams, int connections) {
	cleanup_fd int one = datagrams;
	cleanup_fd int other = connections;
	struct resolver *resolver = channel->resolver;
	if (!resolver || resolver->datagrams.fd >= 0) {
		errno = EPROTO;
		return -1;
	}
	resolver->datagrams.ready = on_datagram;
	resolver->connections.ready = on_connection;
	resolver->datagrams.of = resolver->connections.of = resolver;
	if (ear_open(supervisor, &resolver->datagrams, steal_fd(&one), EPOLLIN) < 0)
		return -1;
	return ear_open(supervisor, &resolver->connections, steal_fd(&other), EPOLLIN | EPOLLET);
}

void resolver_close(struct supervisor *supervisor, struct channel *channel) {
	struct resolver *resolver = channel->resolver;
	channel->resolver = NULL;
	if (!resolver)
		return;
	ear_close(supervisor, &resolver->datagrams);
	ear_close(supervisor, &resolver->connections);
	timer_clear(supervisor, &resolver->timer);
	for (int i = 0; i < FLOWS; i++)
		if (resolver->flows[i].asked)
			flow_close(supervisor, &resolver->flows[i]);
	for (int i = 0; i < CONVERSATIONS; i++)
		if (resolver->conversations[i].asked)
			conversation_close(supervisor, &resolver->conversations[i]);
	free(resolver->names);
	free(resolver);
}
