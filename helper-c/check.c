/* check.c: the frames of a health check, which the supervisor says to itself. */
#include "check.h"
#include "util.h"

static void store_u32(uint8_t *at, uint32_t value) {
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

/* One frame of CHECK, whose channel becomes ours. Returns its size, 0 where it isn't a whole one of KIND. */
static size_t take_frame(uint8_t *data, size_t size, uint16_t kind, struct message *message, const char **why) {
	static struct plan plan;
	size_t whole = frame_size(data, size, why);
	if (!*why && (!whole || whole > size))
		*why = "the health check's frames are cut short";
	if (*why)
		return 0;
	store_u32(data + 8, CHECK_CHANNEL);
	*why = message_decode(message, data, whole);
	if (!*why)
		*why = plan_decode(&plan, message);
	if (!*why && message->kind != kind)
		*why = "the health check is no JOIN and START";
	return *why ? 0 : whole;
}

/* The frames say no more than what a check needs: it can't be held, has no terminal, removes nothing. */
const char *check_read(struct check *check, uint8_t *data, size_t size, uint32_t target) {
	static struct message message;
	static const enum tag strange[] = {TAG_TARGET_PID, TAG_TERMINAL, TAG_HOLD, TAG_REMOVE};
	const char *why = NULL;
	check->join = data;
	check->join_size = take_frame(data, size, KIND_JOIN, &message, &why);
	if (why)
		return why;
	for (size_t i = 0; i < ARRAY_LENGTH(strange); i++)
		if (message_head(&message, strange[i]))
			return "a field stands where it has no meaning in a health check";
	store_u32(data + (message_head(&message, TAG_TARGET_CHANNEL)->data - data), target);
	check->start = data + check->join_size;
	check->start_size = take_frame(check->start, size - check->join_size, KIND_START, &message, &why);
	if (!why && check->join_size + check->start_size != size)
		why = "something stands behind the health check's frames";
	return why;
}
