/*
 * dns.h: DNS messages (RFC 1035; EDNS of RFC 6891), as much as a resolver for containers needs. Pure: no I/O, no allocation;
 * queries come from the payload and answers from the net, so every byte is hostile.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DNS_HEADER = 12,
	DNS_NAME = 254,       /* RFC 1035, 2.3.4: 255 with the lengths, so 253 with dots, and a NUL */
	DNS_UDP = 512,        /* of an answer without EDNS */
	DNS_UDP_MOST = 4096,  /* of one with it, whatever the other side says that it takes */
	DNS_MESSAGE = 65535,
};

enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_AAAA = 28, DNS_OPT = 41, DNS_ANY = 255 };

enum dns_code { DNS_NOERROR = 0, DNS_FORMERR = 1, DNS_SERVFAIL = 2, DNS_NXDOMAIN = 3, DNS_NOTIMP = 4 };

struct dns_query {
	uint16_t id;
	uint16_t type;
	bool internet;          /* its class */
	bool plain;             /* its name is letters, digits, - and _, in labels with dots between: it can be a container's */
	bool edns;
	uint16_t room;          /* bytes of an answer by UDP */
	uint16_t question_end;  /* where the question section ends */
	char name[DNS_NAME];    /* in small letters, with dots between and none at the end; "" is the root. Other bytes are '?' */
};

/* What becomes of a message that came as a query: answered, refused with a code, or no answer at all. */
enum dns_verdict { DNS_TAKEN, DNS_REFUSED, DNS_IGNORED };
enum dns_verdict dns_read_query(const uint8_t *data, size_t size, struct dns_query *query, enum dns_code *code);

/* Whether DATA is an answer to the query at ASKED, which has been taken: its id, its question. */
bool dns_is_answer(const uint8_t *data, size_t size, const uint8_t *asked, const struct dns_query *query);

uint16_t dns_id(const uint8_t *data);
void dns_set_id(uint8_t *data, uint16_t id);

/* The address that a name below in-addr.arpa or ip6.arpa stands for; its size (4 or 16), or 0. */
size_t dns_reverse(const char *name, uint8_t address[16]);

/* An answer under construction, at most ROOM bytes of it; what doesn't fit sets the bit that says so. */
struct dns_answer {
	uint8_t *data;
	size_t size, room;
	uint16_t count;
	bool edns;
};

/* Begin the answer to the query at ASKED in DATA, which has place for ROOM (DNS_UDP at least) bytes. */
void dns_begin(struct dns_answer *answer, uint8_t *data, size_t room, const uint8_t *asked, const struct dns_query *query);
void dns_add_address(struct dns_answer *answer, const uint8_t *address, size_t size);
void dns_add_pointer(struct dns_answer *answer, const char *name);
size_t dns_finish(struct dns_answer *answer, enum dns_code code);

/* A header alone, for what couldn't be read further. DATA has place for DNS_HEADER bytes. */
size_t dns_refuse(uint8_t *data, const uint8_t *asked, enum dns_code code);
