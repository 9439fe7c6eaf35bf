/*
 * conversation.c: name queries by TCP (RFC 7766): one at a time of each connection, passed on by TCP, too.
 *
 * Both ends are watched edge by edge, and `go_on` does all that can be done; what can't waits for the next edge.
 */
#include "resolver.h"
#include "util.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
	PATIENCE = 10000, /* milliseconds for a question to come, and for its answer to be taken */
	SERVER_PATIENCE = 3000,
	ROUND = 16,       /* steps, after which the other containers have their turn */
	EDGES = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
};

enum progress { DONE, BLOCKED, BROKEN };

static void expect(struct supervisor *supervisor, struct conversation *conversation, uint32_t milliseconds) {
	conversation->deadline = resolver_now() + milliseconds * 1000000ull;
	resolver_expect(supervisor, conversation->resolver, conversation->deadline);
}

static enum progress send_some(const struct ear *ear, const uint8_t *data, size_t size, size_t *used) {
	while (*used < size) {
		ssize_t sent = RETRY(send(ear->fd, data + *used, size - *used, MSG_NOSIGNAL));
		if (sent < 0)
			return errno == EAGAIN ? BLOCKED : BROKEN;
		*used += (size_t)sent;
	}
	return DONE;
}

/* A message with its length before it, of at most MOST bytes and at least a header's. */
static enum progress read_some(const struct ear *ear, uint8_t *data, size_t most, size_t *used) {
	for (;;) {
		size_t length = *used < 2 ? 0 : (size_t)(data[0] << 8 | data[1]);
		if (*used >= 2 && (length < DNS_HEADER || length > most))
			return BROKEN;
		size_t whole = 2 + length;
		if (*used == whole && length)
			return DONE;
		ssize_t got = RETRY(recv(ear->fd, data + *used, whole - *used, 0));
		if (got <= 0)
			return got < 0 && errno == EAGAIN ? BLOCKED : BROKEN;
		*used += (size_t)got;
	}
}

static size_t length_of(const uint8_t *message) {
	return (size_t)(message[0] << 8 | message[1]);
}

static void begin_answer(struct supervisor *supervisor, struct conversation *conversation, size_t size) {
	ear_close(supervisor, &conversation->server);
	conversation->answer[0] = (uint8_t)(size >> 8);
	conversation->answer[1] = (uint8_t)size;
	conversation->size = 2 + size;
	conversation->used = 0;
	conversation->state = SEND_ANSWER;
	expect(supervisor, conversation, PATIENCE);
}

static int connect_to(struct supervisor *supervisor, struct conversation *conversation) {
	socklen_t size;
	const union server *server = resolver_server(conversation->resolver, conversation->attempt, &size);
	cleanup_fd int fd = socket(server->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || (connect(fd, &server->any, size) < 0 && errno != EINPROGRESS))
		return -1;
	return ear_open(supervisor, &conversation->server, steal_fd(&fd), EDGES);
}

static void ask(struct supervisor *supervisor, struct conversation *conversation) {
	ear_close(supervisor, &conversation->server);
	for (; conversation->attempt < resolver_attempts(conversation->resolver); conversation->attempt++) {
		if (connect_to(supervisor, conversation) < 0)
			continue;
		conversation->used = 0;
		conversation->state = SEND_QUERY;
		expect(supervisor, conversation, SERVER_PATIENCE);
		return;
	}
	begin_answer(supervisor, conversation, resolver_fail(conversation->asked + 2, &conversation->query, conversation->answer + 2, DNS_MESSAGE));
}

static void ask_next(struct supervisor *supervisor, struct conversation *conversation) {
	conversation->attempt++;
	ask(supervisor, conversation);
}

static enum progress take_query(struct supervisor *supervisor, struct conversation *conversation) {
	enum dns_code code;
	const uint8_t *asked = conversation->asked + 2;
	struct dns_query *query = &conversation->query;
	size_t size = 0;
	switch (dns_read_query(asked, length_of(conversation->asked), query, &code)) {
	case DNS_TAKEN: size = resolver_answer(conversation->resolver, asked, query, conversation->answer + 2, DNS_MESSAGE); break;
	case DNS_REFUSED: size = dns_refuse(conversation->answer + 2, asked, code); break;
	case DNS_IGNORED: return BROKEN;
	}
	conversation->attempt = 0;
	if (size)
		begin_answer(supervisor, conversation, size);
	else
		ask(supervisor, conversation);
	return DONE;
}

static enum progress take_answer(struct supervisor *supervisor, struct conversation *conversation) {
	const uint8_t *answer = conversation->answer + 2;
	size_t size = length_of(conversation->answer);
	bool more = conversation->attempt + 1 < resolver_attempts(conversation->resolver);
	if (!dns_is_answer(answer, size, conversation->asked + 2, &conversation->query) || (resolver_is_shrug(answer) && more))
		ask_next(supervisor, conversation);
	else
		begin_answer(supervisor, conversation, size);
	return DONE;
}

/* What the state does, and, where that is done, the next one. A server's end that breaks is no end of the conversation. */
static enum progress step(struct supervisor *supervisor, struct conversation *conversation) {
	enum progress progress = BLOCKED;
	switch (conversation->state) {
	case READ_QUERY:
		progress = read_some(&conversation->client, conversation->asked, QUERY_MOST, &conversation->used);
		return progress == DONE ? take_query(supervisor, conversation) : progress;
	case SEND_QUERY:
		progress = send_some(&conversation->server, conversation->asked, 2 + length_of(conversation->asked), &conversation->used);
		if (progress == DONE) {
			conversation->used = 0;
			conversation->state = READ_ANSWER;
		}
		break;
	case READ_ANSWER:
		progress = read_some(&conversation->server, conversation->answer, DNS_MESSAGE, &conversation->used);
		if (progress == DONE)
			return take_answer(supervisor, conversation);
		break;
	case SEND_ANSWER:
		progress = send_some(&conversation->client, conversation->answer, conversation->size, &conversation->used);
		if (progress == DONE) {
			conversation->used = 0;
			conversation->state = READ_QUERY;
			expect(supervisor, conversation, PATIENCE);
		}
		return progress;
	}
	if (progress != BROKEN)
		return progress;
	ask_next(supervisor, conversation);
	return DONE;
}

static void go_on(struct supervisor *supervisor, struct conversation *conversation) {
	for (int i = 0; i < ROUND; i++) {
		switch (step(supervisor, conversation)) {
		case DONE: break;
		case BLOCKED: return;
		case BROKEN: conversation_close(supervisor, conversation); return;
		}
	}
	ear_again(supervisor, &conversation->client, EDGES);
}

static void on_edge(struct supervisor *supervisor, struct ear *ear) {
	go_on(supervisor, ear->of);
}

void conversation_begin(struct supervisor *supervisor, struct resolver *resolver, int client) {
	cleanup_fd int fd = client;
	struct conversation *conversation = resolver->conversations;
	while (conversation < resolver->conversations + CONVERSATIONS && conversation->asked)
		conversation++;
	if (conversation == resolver->conversations + CONVERSATIONS)
		return;
	*conversation = (struct conversation){
		.client = {.fd = -1, .ready = on_edge, .of = conversation}, .server = {.fd = -1, .ready = on_edge, .of = conversation},
		.resolver = resolver, .asked = malloc(2 + QUERY_MOST), .answer = malloc(2 + DNS_MESSAGE),
	};
	if (!conversation->asked || !conversation->answer || ear_open(supervisor, &conversation->client, steal_fd(&fd), EDGES) < 0)
		conversation_close(supervisor, conversation);
	else
		expect(supervisor, conversation, PATIENCE);
}

void conversation_close(struct supervisor *supervisor, struct conversation *conversation) {
	ear_close(supervisor, &conversation->client);
	ear_close(supervisor, &conversation->server);
	free(conversation->asked);
	free(conversation->answer);
	conversation->asked = conversation->answer = NULL;
}

void conversation_expire(struct supervisor *supervisor, struct conversation *conversation) {
	if (conversation->state == READ_QUERY || conversation->state == SEND_ANSWER) {
		conversation_close(supervisor, conversation);
		return;
	}
	ask_next(supervisor, conversation);
	go_on(supervisor, conversation);
}
