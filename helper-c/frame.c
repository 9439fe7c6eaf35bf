/* frame.c: see frame.h. */
#include "frame.h"

#include <stdio.h>
#include <string.h>

enum type { TYPE_NONE, TYPE_U32, TYPE_U64, TYPE_S64, TYPE_STR, TYPE_BYTES, TYPE_FLAG };

#define TAG(name, value, type, repeats, doc) [value] = TYPE_##type,
static const uint8_t tag_type[] = {
#include "protocol.def"
};
#undef TAG

_Static_assert(sizeof tag_type <= 128, "tags are counted in a 128-bit mask");

static uint16_t read_u16(const uint8_t *at) {
	return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t read_u32(const uint8_t *at) {
	return (uint32_t)read_u16(at) | (uint32_t)read_u16(at + 2) << 16;
}

static void store_u16(uint8_t *at, uint16_t value) {
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static void store_u32(uint8_t *at, uint32_t value) {
	store_u16(at, (uint16_t)value);
	store_u16(at + 2, (uint16_t)(value >> 16));
}

static bool kind_is_inward(uint16_t kind) {
	switch (kind) {
#define IN 1
#define OUT 0
#define KIND(name, value, direction, doc) \
	case value: return direction;
#include "protocol.def"
#undef KIND
#undef IN
#undef OUT
	default: return false;
	}
}

size_t frame_size(const uint8_t *data, size_t size, const char **why) {
	if (size < FRAME_HEADER)
		return 0;
	uint32_t payload = read_u32(data);
	*why = NULL;
	if (payload > LIMIT_PAYLOAD_IN)
		*why = "the frame is larger than the protocol allows";
	else if (!kind_is_inward(read_u16(data + 4)))
		*why = "the frame's kind is unknown or goes the other way";
	else if (read_u16(data + 6) != 0)
		*why = "the frame's flags are not zero";
	return *why ? SIZE_MAX : FRAME_HEADER + (size_t)payload;
}

static const char *check_field(const struct field *field) {
	if (field->tag >= sizeof tag_type || tag_type[field->tag] == TYPE_NONE)
		return "a field's tag is unknown";
	switch ((enum type)tag_type[field->tag]) {
	case TYPE_U32: return field->length == 4 ? NULL : "a 32-bit field is not 4 bytes long";
	case TYPE_U64:
	case TYPE_S64: return field->length == 8 ? NULL : "a 64-bit field is not 8 bytes long";
	case TYPE_FLAG: return field->length == 0 ? NULL : "a flag carries bytes";
	case TYPE_STR:
		if (field->length == 0 || memchr(field->data, 0, field->length) != field->data + field->length - 1)
			return "a string doesn't end in its only NUL";
		return NULL;
	case TYPE_BYTES:
	case TYPE_NONE: break;
	}
	return NULL;
}

const char *message_decode(struct message *message, const uint8_t *data, size_t size) {
	message->kind = read_u16(data + 4);
	message->channel = read_u32(data + 8);
	message->count = 0;
	const uint8_t *at = data + FRAME_HEADER;
	const uint8_t *end = data + size;
	while (at < end) {
		if ((size_t)(end - at) < FIELD_HEADER)
			return "a field's header is cut short";
		if (message->count == LIMIT_FIELDS)
			return "the frame has more fields than the protocol allows";
		struct field *field = &message->fields[message->count];
		field->tag = read_u16(at);
		field->length = read_u32(at + 4);
		field->data = at + FIELD_HEADER;
		if (read_u16(at + 2) != 0)
			return "a field's reserved bytes are not zero";
		if (field->length > (size_t)(end - field->data))
			return "a field is longer than its frame";
		const char *why = check_field(field);
		if (why)
			return why;
		at = field->data + field->length;
		message->count++;
	}
	return NULL;
}

const struct field *message_find(const struct message *message, uint32_t from, uint32_t to, enum tag tag) {
	for (uint32_t i = from; i < to; i++)
		if (message->fields[i].tag == tag)
			return &message->fields[i];
	return NULL;
}

uint32_t field_u32(const struct field *field) {
	return read_u32(field->data);
}

uint64_t field_u64(const struct field *field) {
	return (uint64_t)read_u32(field->data) | (uint64_t)read_u32(field->data + 4) << 32;
}

const char *field_string(const struct field *field) {
	return (const char *)field->data;
}

void event_begin(struct event *event, enum kind kind, uint32_t channel) {
	store_u32(event->data, 0);
	store_u16(event->data + 4, (uint16_t)kind);
	store_u16(event->data + 6, 0);
	store_u32(event->data + 8, channel);
	event->size = FRAME_HEADER;
}

static void add_field(struct event *event, enum tag tag, const void *data, uint32_t length) {
	uint8_t *at = event->data + event->size;
	store_u16(at, (uint16_t)tag);
	store_u16(at + 2, 0);
	store_u32(at + 4, length);
	if (length)
		memcpy(at + FIELD_HEADER, data, length);
	event->size += FIELD_HEADER + length;
	store_u32(event->data, event->size - FRAME_HEADER);
}

void event_bytes_follow(struct event *event, enum tag tag, uint32_t length) {
	add_field(event, tag, NULL, 0);
	store_u32(event->data + event->size - 4, length);
	store_u32(event->data, event->size - FRAME_HEADER + length);
}

void event_flag(struct event *event, enum tag tag) {
	add_field(event, tag, NULL, 0);
}

void event_u32(struct event *event, enum tag tag, uint32_t value) {
	uint8_t bytes[4];
	store_u32(bytes, value);
	add_field(event, tag, bytes, sizeof bytes);
}

void event_u64(struct event *event, enum tag tag, uint64_t value) {
	uint8_t bytes[8];
	store_u32(bytes, (uint32_t)value);
	store_u32(bytes + 4, (uint32_t)(value >> 32));
	add_field(event, tag, bytes, sizeof bytes);
}

void event_string(struct event *event, enum tag tag, const char *text) {
	char copy[LIMIT_PATH];
	size_t room = sizeof event->data - event->size - FIELD_HEADER;
	size_t length = strnlen(text, (room < sizeof copy ? room : sizeof copy) - 1);
	memcpy(copy, text, length);
	copy[length] = 0;
	add_field(event, tag, copy, (uint32_t)length + 1);
}

void event_failure(struct event *event, const struct failure *failure) {
	event_u32(event, TAG_STEP, failure->step);
	event_u32(event, TAG_INDEX, failure->index);
	event_u32(event, TAG_ERRNO, (uint32_t)failure->error);
	event_string(event, TAG_DETAIL, failure->detail);
	event_string(event, TAG_PATH, failure->path);
}

void failure_of(const struct event *event, struct failure *failure) {
	static struct message message;
	*failure = (struct failure){0};
	if (message_decode(&message, event->data, event->size))
		return;
	for (uint32_t i = 0; i < message.count; i++) {
		const struct field *field = &message.fields[i];
		switch (field->tag) {
		case TAG_STEP: failure->step = field_u32(field); break;
		case TAG_INDEX: failure->index = field_u32(field); break;
		case TAG_ERRNO: failure->error = (int)field_u32(field); break;
		case TAG_PATH: snprintf(failure->path, sizeof failure->path, "%s", field_string(field)); break;
		case TAG_DETAIL: snprintf(failure->detail, sizeof failure->detail, "%s", field_string(field)); break;
		default: break;
		}
	}
}
