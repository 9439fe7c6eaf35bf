/*
 * resolver.h: name queries of a container, answered by its supervisor.
 *
 *   listen.c        the two sockets: the init opens them inside
 *   resolver.c      the supervisor listens: what is answered, and what is passed on
 *   dns.c           messages
 *   names.c         the registry of names
 *   upstream.c      questions by UDP that go to the name servers, from the supervisor's own network namespace
 *   conversation.c  connections by TCP, and theirs to the name servers
 *
 * All of it is in fixed slots of one allocation: an event may still tell of one that was closed in the same round, and then
 * finds no descriptor. What a container can hold of the supervisor is bounded by them.
 */
#pragma once

#include "channel.h"
#include "dns.h"

#include <netinet/in.h>

enum {
	FLOWS = 128,         /* questions on their way to a name server; beyond that the answer is SERVFAIL */
	CONVERSATIONS = 32,  /* TCP connections; beyond that they are closed */
	NAMESERVERS = 8,
	QUERY_MOST = 4096,   /* bytes of a question; what a client needs is below 512 */
};

union server {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* A descriptor in the loop, and who hears of it. */
struct ear {
	struct source source;
	int fd;
	void (*ready)(struct supervisor *supervisor, struct ear *ear);
	void *of;
};

struct flow {
	struct ear ear;
	struct resolver *resolver;
	uint64_t deadline;
	struct sockaddr_in6 from; /* large enough for either family */
	socklen_t from_size;
	uint32_t attempt;
	uint16_t id;              /* the client's */
	uint8_t *asked;           /* with an id of ours */
	size_t size;
	struct dns_query query;
};

struct conversation {
	struct ear client, server;
	struct resolver *resolver;
	enum { READ_QUERY, SEND_QUERY, READ_ANSWER, SEND_ANSWER } state;
	uint64_t deadline;
	uint32_t attempt;
	uint8_t *asked;  /* with its length before it, as all of them by TCP */
	uint8_t *answer;
	size_t used;     /* of what the state reads or sends */
	size_t size;     /* of the answer */
	struct dns_query query;
};

struct resolver {
	struct ear datagrams, connections;
	char *names;     /* NAMES, or NULL */
	uint32_t server_count;
	union server servers[NAMESERVERS];
	uint32_t turn;   /* which of several addresses comes first */
	struct timer timer;
	uint64_t due;    /* when it fires */
	struct flow flows[FLOWS];
	struct conversation conversations[CONVERSATIONS];
};

/* listen.c. Before the init is there: where PLAN has RESOLVER, what MESSAGE says of it. -1 and FAILURE. */
int resolver_prepare(struct channel *channel, const struct message *message, const struct plan *plan, struct failure *failure);
/* resolver.c */
int resolver_listen(struct supervisor *supervisor, struct channel *channel, int datagrams, int connections); /* takes both */
void resolver_close(struct supervisor *supervisor, struct channel *channel);
void resolver_on_ready(struct supervisor *supervisor, struct ear *ear);

int ear_open(struct supervisor *supervisor, struct ear *ear, int fd, uint32_t events); /* takes FD */
void ear_close(struct supervisor *supervisor, struct ear *ear);
void ear_again(struct supervisor *supervisor, struct ear *ear, uint32_t events); /* an edge that has been tells itself again */

/* The answer to QUERY in DATA, which has ROOM bytes; 0 where a name server is to be asked. */
size_t resolver_answer(struct resolver *resolver, const uint8_t *asked, const struct dns_query *query, uint8_t *data, size_t room);
size_t resolver_fail(const uint8_t *asked, const struct dns_query *query, uint8_t *data, size_t room); /* SERVFAIL */
uint64_t resolver_now(void); /* nanoseconds, for deadlines */
void resolver_expect(struct supervisor *supervisor, struct resolver *resolver, uint64_t deadline); /* the timer fires by then */

/* How many times a name server is asked before the answer is SERVFAIL, and which one at ATTEMPT. */
uint32_t resolver_attempts(const struct resolver *resolver);
const union server *resolver_server(const struct resolver *resolver, uint32_t attempt, socklen_t *size);
/* Whether this answer is worth asking another server. */
bool resolver_is_shrug(const uint8_t *answer);

/* upstream.c: pass a question on, or answer it SERVFAIL where that can't be. */
void flow_begin(struct supervisor *supervisor, struct resolver *resolver, const uint8_t *asked, size_t size, const struct dns_query *query,
	const struct sockaddr_in6 *from, socklen_t from_size);
void flow_close(struct supervisor *supervisor, struct flow *flow);
void flow_expire(struct supervisor *supervisor, struct flow *flow);

/* conversation.c */
void conversation_begin(struct supervisor *supervisor, struct resolver *resolver, int client); /* takes CLIENT */
void conversation_close(struct supervisor *supervisor, struct conversation *conversation);
void conversation_expire(struct supervisor *supervisor, struct conversation *conversation);
