/* dns.c: see dns.h. */
#include "dns.h"

#include <string.h>

enum {
	BIT_RESPONSE = 0x80, OPCODE = 0x78, BIT_TRUNCATED = 0x02, BIT_RECURSION = 0x01, /* of byte 2 */
	BIT_AVAILABLE = 0x80, CODE = 0x0f,                                             /* of byte 3 */
	CLASS_IN = 1,
	POINTER = 0xc0,
	OPT_SIZE = 11,
	LABEL = 63,
};

static uint16_t read_u16(const uint8_t *at) {
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void store_u16(uint8_t *at, unsigned value) {
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

uint16_t dns_id(const uint8_t *data) {
	return read_u16(data);
}

void dns_set_id(uint8_t *data, uint16_t id) {
	store_u16(data, id);
}

static uint8_t to_lower(uint8_t byte) {
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

static bool is_plain(uint8_t byte) {
	return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

/* A name without compression, as a question's is (nothing stands before it that could be pointed to). Where it ends, or 0. */
static size_t read_name(const uint8_t *data, size_t size, size_t at, struct dns_query *query) {
	size_t used = 0;
	query->plain = true;
	while (at < size && data[at]) {
		size_t length = data[at++];
		if (length > LABEL || length > size - at || used + length + 2 > sizeof query->name)
			return 0;
		if (used)
			query->name[used++] = '.';
		for (size_t i = 0; i < length; i++) {
			uint8_t byte = to_lower(data[at + i]);
			query->plain = query->plain && is_plain(byte);
			query->name[used++] = (char)(is_plain(byte) ? byte : '?');
		}
		at += length;
	}
	query->name[used] = 0;
	return at < size ? at + 1 : 0;
}

/* Past a name that may be compressed; 0 where it isn't whole. */
static size_t skip_name(const uint8_t *data, size_t size, size_t at) {
	while (at < size) {
		uint8_t length = data[at];
		if (length == 0)
			return at + 1;
		if ((length & POINTER) == POINTER)
			return at + 2 <= size ? at + 2 : 0;
		if (length > LABEL)
			return 0;
		at += 1u + length;
	}
	return 0;
}

/* EDNS, if it has it: one OPT among the records behind the question. False where they aren't whole. */
static bool read_records(const uint8_t *data, size_t size, size_t at, uint32_t count, struct dns_query *query) {
	for (; count; count--) {
		at = skip_name(data, size, at);
		if (at == 0 || size - at < 10)
			return false;
		size_t length = read_u16(data + at + 8);
		if (read_u16(data + at) == DNS_OPT) {
			uint16_t room = read_u16(data + at + 2);
			query->edns = true;
			query->room = room < DNS_UDP ? DNS_UDP : room > DNS_UDP_MOST ? DNS_UDP_MOST : room;
		}
		at += 10;
		if (length > size - at)
			return false;
		at += length;
	}
	return true;
}

enum dns_verdict dns_read_query(const uint8_t *data, size_t size, struct dns_query *query, enum dns_code *code) {
	*code = DNS_FORMERR;
	if (size < DNS_HEADER || data[2] & BIT_RESPONSE)
		return DNS_IGNORED; /* an answer to it could go back and forth for ever */
	if (data[2] & OPCODE) {
		*code = DNS_NOTIMP;
		return DNS_REFUSED;
	}
	if (read_u16(data + 4) != 1)
		return DNS_REFUSED;
	*query = (struct dns_query){.id = read_u16(data), .room = DNS_UDP};
	size_t end = read_name(data, size, DNS_HEADER, query);
	if (end == 0 || size - end < 4)
		return DNS_REFUSED;
	uint16_t class = read_u16(data + end + 2);
	query->type = read_u16(data + end);
	query->internet = class == CLASS_IN || class == DNS_ANY;
	query->question_end = (uint16_t)(end + 4);
	uint32_t records = (uint32_t)read_u16(data + 6) + read_u16(data + 8) + read_u16(data + 10);
	return read_records(data, size, end + 4, records, query) ? DNS_TAKEN : DNS_REFUSED;
}

bool dns_is_answer(const uint8_t *data, size_t size, const uint8_t *asked, const struct dns_query *query) {
	if (size < query->question_end || read_u16(data) != read_u16(asked) || !(data[2] & BIT_RESPONSE) || read_u16(data + 4) != 1)
		return false;
	for (size_t i = DNS_HEADER; i < query->question_end; i++) /* a label's length is below 64, and so no letter */
		if (to_lower(data[i]) != to_lower(asked[i]))
			return false;
	return true;
}

static int hex_digit(char digit) {
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* RFC 1035, 3.5: four numbers, the last one first. */
static bool reverse_v4(const char *name, uint8_t *address) {
	for (int i = 3; i >= 0; i--) {
		unsigned value = 0;
		const char *start = name;
		while (*name >= '0' && *name <= '9' && name - start < 3)
			value = value * 10 + (unsigned)(*name++ - '0');
		if (name == start || value > 255 || *name++ != '.')
			return false;
		address[i] = (uint8_t)value;
	}
	return strcmp(name, "in-addr.arpa") == 0;
}

/* RFC 3596, 2.5: 32 hex digits, the last one first. */
static bool reverse_v6(const char *name, uint8_t *address) {
	memset(address, 0, 16);
	for (int i = 31; i >= 0; i--) {
		int digit = hex_digit(*name);
		if (digit < 0 || name[1] != '.')
			return false;
		address[i / 2] = (uint8_t)(address[i / 2] | digit << (i % 2 ? 0 : 4));
		name += 2;
	}
	return strcmp(name, "ip6.arpa") == 0;
}

size_t dns_reverse(const char *name, uint8_t address[16]) {
	return reverse_v4(name, address) ? 4 : reverse_v6(name, address) ? 16 : 0;
}

static void store_header(uint8_t *data, const uint8_t *asked, enum dns_code code) {
	memset(data, 0, DNS_HEADER);
	memcpy(data, asked, 2);
	data[2] = (uint8_t)(BIT_RESPONSE | (asked[2] & (OPCODE | BIT_RECURSION)));
	data[3] = (uint8_t)(BIT_AVAILABLE | (code & CODE));
}

void dns_begin(struct dns_answer *answer, uint8_t *data, size_t room, const uint8_t *asked, const struct dns_query *query) {
	*answer = (struct dns_answer){.data = data, .size = query->question_end, .room = room - (query->edns ? OPT_SIZE : 0), .edns = query->edns};
	memcpy(data, asked, query->question_end);
	store_header(data, asked, DNS_NOERROR);
	store_u16(data + 4, 1);
}

/* A record about the question's name; where its LENGTH bytes go, or NULL. TTL 0: who joins and leaves is seen at once. */
static uint8_t *add_record(struct dns_answer *answer, enum dns_type type, size_t length) {
	size_t size = 12 + length;
	if (answer->data[2] & BIT_TRUNCATED || size > answer->room - answer->size) {
		answer->data[2] |= BIT_TRUNCATED;
		return NULL;
	}
	uint8_t *at = answer->data + answer->size;
	store_u16(at, POINTER << 8 | DNS_HEADER);
	store_u16(at + 2, type);
	store_u16(at + 4, CLASS_IN);
	memset(at + 6, 0, 4);
	store_u16(at + 10, (unsigned)length);
	answer->size += size;
	answer->count++;
	return at + 12;
}

void dns_add_address(struct dns_answer *answer, const uint8_t *address, size_t size) {
	uint8_t *at = add_record(answer, size == 16 ? DNS_AAAA : DNS_A, size);
	if (at)
		memcpy(at, address, size);
}

void dns_add_pointer(struct dns_answer *answer, const char *name) {
	uint8_t labels[DNS_NAME + 1];
	size_t used = 0;
	while (*name) {
		size_t length = strcspn(name, ".");
		if (length == 0 || length > LABEL || used + length + 2 > sizeof labels)
			return; /* no name that DNS could carry */
		labels[used++] = (uint8_t)length;
		memcpy(labels + used, name, length);
		used += length;
		name += length + (name[length] == '.');
	}
	labels[used++] = 0;
	uint8_t *at = add_record(answer, DNS_PTR, used);
	if (at)
		memcpy(at, labels, used);
}

size_t dns_finish(struct dns_answer *answer, enum dns_code code) {
	answer->data[3] = (uint8_t)(BIT_AVAILABLE | (code & CODE));
	store_u16(answer->data + 6, answer->count);
	if (!answer->edns)
		return answer->size;
	uint8_t *at = answer->data + answer->size;
	memset(at, 0, OPT_SIZE);
	store_u16(at + 1, DNS_OPT);
	store_u16(at + 3, DNS_UDP_MOST);
	store_u16(answer->data + 10, 1);
	return answer->size + OPT_SIZE;
}

size_t dns_refuse(uint8_t *data, const uint8_t *asked, enum dns_code code) {
	store_header(data, asked, code);
	return DNS_HEADER;
}
