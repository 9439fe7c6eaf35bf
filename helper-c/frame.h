/*
 * frame.h: bytes to fields and back. Pure: no I/O, no allocation; the peer is hostile.
 *
 * frame_size() tells from a header how many bytes make a frame, message_decode() checks every field against
 * protocol.def and fills a message that points into the caller's bytes. Events are built in a struct event.
 */
#pragma once

#include "fail.h"
#include "protocol.h"

#include <stdbool.h>
#include <stddef.h>

struct field {
	const uint8_t *data;
	uint32_t length;
	uint16_t tag;
};

struct message {
	uint16_t kind;
	uint32_t channel;
	uint32_t count;
	struct field fields[LIMIT_FIELDS];
};

/* The whole size of the frame whose header is at DATA, 0 where SIZE bytes don't hold a header yet; WHY is set and
 * SIZE_MAX returned where the header itself is refused. */
size_t frame_size(const uint8_t *data, size_t size, const char **why);

/* Decode one whole frame. Returns NULL, or why it is refused. */
const char *message_decode(struct message *message, const uint8_t *data, size_t size);

/* The first field of TAG in [FROM, TO), or NULL. */
const struct field *message_find(const struct message *message, uint32_t from, uint32_t to, enum tag tag);

uint32_t field_u32(const struct field *field);
uint64_t field_u64(const struct field *field);
const char *field_string(const struct field *field);

/* An event under construction. What doesn't fit is cut by the adders (strings) and so always does. */
struct event {
	uint32_t size;
	uint8_t data[LIMIT_PATH + 1024];
};

void event_begin(struct event *event, enum kind kind, uint32_t channel);
void event_flag(struct event *event, enum tag tag);
void event_u32(struct event *event, enum tag tag, uint32_t value);
void event_u64(struct event *event, enum tag tag, uint64_t value);
/* A field whose LENGTH bytes are sent right behind the event, which ends with it. */
void event_bytes_follow(struct event *event, enum tag tag, uint32_t length);
void event_string(struct event *event, enum tag tag, const char *text);

/* STEP, INDEX, ERRNO, PATH and DETAIL of an ERROR or WARNING. */
void event_failure(struct event *event, const struct failure *failure);
void failure_of(const struct event *event, struct failure *failure); /* the way back */
