/* upstream.c: questions by UDP that go to a name server. Each has a socket and an id of its own, so that nobody can guess both. */
#include "resolver.h"
#include "util.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

enum { PATIENCE = 2000 /* milliseconds for each attempt; two of them are less than the 5 s of resolv.conf(5) */, ANSWERS = 8 };

static void send_back(const struct flow *flow, uint8_t *answer, size_t size) {
	dns_set_id(answer, flow->id);
	(void)sendto(flow->resolver->datagrams.fd, answer, size, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&flow->from, flow->from_size);
}

static int connect_to(struct supervisor *supervisor, struct flow *flow) {
	socklen_t size;
	const union server *server = resolver_server(flow->resolver, flow->attempt, &size);
	uint16_t id;
	cleanup_fd int fd = socket(server->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, &server->any, size) < 0 || getrandom(&id, sizeof id, 0) != sizeof id)
		return -1;
	dns_set_id(flow->asked, id);
	if (send(fd, flow->asked, flow->size, MSG_NOSIGNAL) < 0)
		return -1;
	return ear_open(supervisor, &flow->ear, steal_fd(&fd), EPOLLIN);
}

static void give_up(struct supervisor *supervisor, struct flow *flow) {
	uint8_t answer[DNS_UDP];
	send_back(flow, answer, resolver_fail(flow->asked, &flow->query, answer, sizeof answer));
	flow_close(supervisor, flow);
}

/* The server of this attempt, or of the first later one that can be asked. */
static void ask(struct supervisor *supervisor, struct flow *flow) {
	ear_close(supervisor, &flow->ear);
	for (; flow->attempt < resolver_attempts(flow->resolver); flow->attempt++) {
		if (connect_to(supervisor, flow) < 0)
			continue;
		flow->deadline = resolver_now() + PATIENCE * 1000000ull;
		resolver_expect(supervisor, flow->resolver, flow->deadline);
		return;
	}
	give_up(supervisor, flow);
}

static void ask_next(struct supervisor *supervisor, struct flow *flow) {
	flow->attempt++;
	ask(supervisor, flow);
}

static void on_answer(struct supervisor *supervisor, struct ear *ear) {
	static uint8_t answer[DNS_MESSAGE];
	struct flow *flow = ear->of;
	for (int i = 0; i < ANSWERS; i++) {
		ssize_t size = RETRY(recv(ear->fd, answer, sizeof answer, 0));
		if (size < 0 && errno != EAGAIN)
			ask_next(supervisor, flow); /* ECONNREFUSED: nobody listens there */
		if (size < 0)
			return;
		if (!dns_is_answer(answer, (size_t)size, flow->asked, &flow->query))
			continue;
		if (resolver_is_shrug(answer) && flow->attempt + 1 < resolver_attempts(flow->resolver)) {
			ask_next(supervisor, flow);
			return;
		}
		send_back(flow, answer, (size_t)size);
		flow_close(supervisor, flow);
		return;
	}
}

void flow_begin(struct supervisor *supervisor, struct resolver *resolver, const uint8_t *asked, size_t size, const struct dns_query *query,
	const struct sockaddr_in6 *from, socklen_t from_size) {
	struct flow none = {.resolver = resolver, .from = *from, .from_size = from_size, .id = query->id, .query = *query, .size = size};
	struct flow *flow = resolver->flows;
	while (flow < resolver->flows + FLOWS && flow->asked)
		flow++;
	uint8_t *copy = flow < resolver->flows + FLOWS ? malloc(size) : NULL;
	if (!copy) {
		uint8_t answer[DNS_UDP];
		send_back(&none, answer, resolver_fail(asked, query, answer, sizeof answer));
		return;
	}
	memcpy(copy, asked, size);
	none.asked = copy;
	*flow = none;
	flow->ear = (struct ear){.fd = -1, .ready = on_answer, .of = flow};
	ask(supervisor, flow);
}

void flow_close(struct supervisor *supervisor, struct flow *flow) {
	ear_close(supervisor, &flow->ear);
	free(flow->asked);
	flow->asked = NULL;
}

void flow_expire(struct supervisor *supervisor, struct flow *flow) {
	ask_next(supervisor, flow);
}
