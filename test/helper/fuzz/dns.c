/*
 * libFuzzer target: DNS messages from the payload and from the net (dns.c).
 *
 * The first byte says how far the input is the query; the rest of it is the answer that came. What is built must fit its
 * room, be a query's answer by our own reckoning, and be read again.
 */
#include "dns.h"

#include <stdlib.h>
#include <string.h>

static void check(int holds) {
	if (!holds)
		abort();
}

static void answer_it(const uint8_t *asked, const struct dns_query *query, size_t room) {
	uint8_t *data = malloc(room); /* of its own, so that one byte past it is seen */
	struct dns_answer answer;
	uint8_t address[16];

	dns_begin(&answer, data, room, asked, query);
	for (int i = 0; i < 64; i++) {
		memset(address, i, sizeof address);
		dns_add_address(&answer, address, i % 2 ? 4 : 16);
		dns_add_pointer(&answer, query->name);
	}
	size_t size = dns_finish(&answer, DNS_NOERROR);
	check(size <= room);
	check(dns_is_answer(data, size, asked, query));
	free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct dns_query query;
	enum dns_code code;
	uint8_t address[16];

	if (size == 0 || size > DNS_MESSAGE)
		return 0;
	size_t length = (size_t)data[0] * (size - 1) / 255;
	uint8_t *asked = malloc(length);
	uint8_t *came = malloc(size - 1 - length);
	memcpy(asked, data + 1, length);
	memcpy(came, data + 1 + length, size - 1 - length);
	switch (dns_read_query(asked, length, &query, &code)) {
	case DNS_TAKEN:
		check(query.room >= DNS_UDP && query.room <= DNS_UDP_MOST && query.question_end <= length);
		check(strlen(query.name) < sizeof query.name && !strchr(query.name, '/') && strncmp(query.name, ".", 1) != 0 && !strstr(query.name, ".."));
		(void)dns_is_answer(came, size - 1 - length, asked, &query);
		(void)dns_reverse(query.name, address);
		answer_it(asked, &query, DNS_UDP);
		answer_it(asked, &query, query.room);
		break;
	case DNS_REFUSED: {
		uint8_t refusal[DNS_HEADER];
		check(dns_refuse(refusal, asked, code) == DNS_HEADER && code != DNS_NOERROR);
		break;
	}
	case DNS_IGNORED: break;
	}
	free(asked);
	free(came);
	return 0;
}
