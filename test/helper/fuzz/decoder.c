/*
 * libFuzzer target: what nsinit does with bytes before it acts on them (frame.c, plan.c).
 *
 * Every frame is copied to a block of exactly its size, so that ASan sees a read past its end; what was accepted is then
 * read through every accessor, as the executor would, and properties that the executor relies on are asserted.
 */
#include "frame.h"
#include "plan.h"

#include <stdlib.h>
#include <string.h>

static struct message message;
static struct plan plan;
static volatile uint64_t sink;

#define CHECK(property) \
	do { \
		if (!(property)) \
			abort(); \
	} while (0)

static uint64_t read_field(const struct field *field, const uint8_t *begin, const uint8_t *end) {
	CHECK(field->data >= begin && field->data + field->length <= end);
	switch (field->length) {
	case 4: return field_u32(field);
	case 8: return field_u64(field);
	default: return field->length > 0 ? field->data[0] + field->data[field->length - 1] : 0;
	}
}

static void read_plan(void) {
	uint32_t fields = plan_head(&message);
	for (uint32_t i = 0; i < plan.count; i++) {
		const struct op *op = &plan.ops[i];
		fields += 1 + op->count;
		sink += strlen(op_name(op->kind));
		for (uint32_t j = 0; j < op->count; j++) {
			const struct field *field = &op->fields[j];
			CHECK(field->tag != TAG_OP);
			CHECK(op_field(op, (enum tag)field->tag) != NULL);
		}
		const char *target = op_string(op, TAG_TARGET);
		CHECK(target == NULL || strlen(target) < LIMIT_PATH);
		sink += op_u32(op, TAG_MODE, 0) + op_u64(op, TAG_DEVICE, 0) + op_has(op, FLAG_ROOT);
	}
	/* Every field belongs to the head, or to exactly one operation. */
	CHECK(fields == message.count);
	CHECK(message.kind != KIND_START || plan.ops[plan.count - 1].kind == OP_EXEC);
	sink += plan_find(&plan, OP_EXEC) != NULL;
	sink += message_head(&message, TAG_STDIN) != NULL;
}

static void build_event(const uint8_t *frame, size_t size) {
	struct event event;
	struct failure failure = {.step = STEP_CREATE, .index = 7, .error = 2};
	char *text = strndup((const char *)frame, size);
	strncpy(failure.path, text, sizeof failure.path - 1);
	strncpy(failure.detail, text, sizeof failure.detail - 1);
	event_begin(&event, KIND_ERROR, message.channel);
	event_failure(&event, &failure);
	event_string(&event, TAG_VERSION, text);
	CHECK(event.size <= sizeof event.data);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	while (size > 0) {
		const char *why = NULL;
		size_t whole = frame_size(data, size, &why);
		if (whole == SIZE_MAX) {
			CHECK(why != NULL);
			return 0;
		}
		if (whole == 0 || whole > size)
			return 0;
		CHECK(whole <= FRAME_HEADER + LIMIT_PAYLOAD_IN);
		uint8_t *frame = malloc(whole);
		CHECK(frame != NULL);
		memcpy(frame, data, whole);
		why = message_decode(&message, frame, whole);
		if (why == NULL) {
			for (uint32_t i = 0; i < message.count; i++)
				sink += read_field(&message.fields[i], frame, frame + whole);
			why = plan_decode(&plan, &message);
		}
		if (why == NULL)
			read_plan();
		build_event(frame, whole);
		free(frame);
		data += whole;
		size -= whole;
	}
	return 0;
}
