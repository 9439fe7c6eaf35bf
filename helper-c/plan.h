/*
 * plan.h: the fields of a message as a list of operations, checked against protocol.def before one of them runs.
 * Parsing builds operations; one loop (init.c) executes them.
 */
#pragma once

#include "frame.h"

struct op {
	const struct field *fields; /* those after its OP field */
	uint32_t count;
	uint16_t kind; /* OP_* */
};

struct plan {
	uint32_t count;
	struct op ops[LIMIT_FIELDS];
};

/*
 * Check MESSAGE whole: which fields its kind takes, which operations, what each of them needs and may have, that no
 * path is longer than PATH_MAX, that START ends in its only EXEC. Returns NULL, or why it is refused.
 */
const char *plan_decode(struct plan *plan, const struct message *message);

/* The fields before the first operation. */
uint32_t plan_head(const struct message *message);

/* The field before them that has TAG, or NULL. */
const struct field *message_head(const struct message *message, enum tag tag);

const char *op_name(uint16_t kind);

/* The field of an operation, or NULL / the value, or DEFAULT. */
const struct field *op_field(const struct op *op, enum tag tag);
const char *op_string(const struct op *op, enum tag tag);
uint32_t op_u32(const struct op *op, enum tag tag, uint32_t otherwise);
uint64_t op_u64(const struct op *op, enum tag tag, uint64_t otherwise);
static inline bool op_has(const struct op *op, enum flag flag) {
	return (op_u32(op, TAG_FLAGS, 0) & (uint32_t)flag) != 0;
}

/* The operation of KIND in PLAN, or NULL. */
const struct op *plan_find(const struct plan *plan, enum op_kind kind);
