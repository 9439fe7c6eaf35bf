/* plan.c: see plan.h. */
#include "plan.h"

/* A bit for each tag. */
__extension__ typedef unsigned __int128 tags;

#define T(name) ((tags)1 << TAG_##name)

struct rule {
	tags required, optional;
};

#define OP(name, value, required, optional, doc) [value] = {(required), (optional)},
static const struct rule op_rules[] = {
#include "protocol.def"
};
#undef OP

#define TAG(name, value, type, repeats, doc) ((repeats) ? (tags)1 << (value) : 0) |
static const tags repeating =
#include "protocol.def"
	0;
#undef TAG

static const tags path_tags = T(TARGET) | T(SOURCE) | T(LOWER) | T(UPPER) | T(WORK) | T(JOIN_NAMESPACE) |
	T(UID_MAPPER) | T(GID_MAPPER) | T(REMOVE) | T(CGROUP) | T(PROGRAM) | T(SOCKET) | T(LOG) | T(EXIT_FILE) |
	T(INIT_LINK) | T(EVENTS) | T(HEALTH_FILE) | T(NAMES) | T(PRESENCE);

static const tags of_container = T(NAMESPACES) | T(JOIN_NAMESPACE) | T(UID_MAP) | T(GID_MAP) | T(UID_MAPPER) |
	T(GID_MAPPER) | T(DENY_SETGROUPS) | T(TERMINAL) | T(ROWS) | T(COLUMNS) | T(INIT) | T(TRACE) | T(HOLD) | T(REMOVE) |
	T(FORGO) | T(CGROUP) | T(PROGRAM) | T(PARENT_PID) | T(PARENT_START) | T(PRESENCE);

static const tags of_service = T(LOG) | T(LOG_SIZE) | T(LOG_FILES) | T(INIT_LINK) | T(BOOT) | T(EVENTS) | T(EVENT_FIELDS) |
	T(RESTART) | T(RESTART_MOST) | T(BACKOFF) | T(BACKOFF_MOST) | T(STEADY) | T(SIGNAL) | T(TIMEOUT) | T(LIFETIME) |
	T(HEALTH_FILE) | T(CHECK) | T(CHECK_INTERVAL) | T(CHECK_TIMEOUT) | T(CHECK_RETRIES) | T(CHECK_START);

static struct rule head_rule(uint16_t kind) {
	switch (kind) {
	case KIND_CREATE: return (struct rule){T(STDIN) | T(STDOUT) | T(STDERR), of_container | T(PORT) | T(NAMES) | T(NAMESERVER)};
	case KIND_JOIN: return (struct rule){T(STDIN) | T(STDOUT) | T(STDERR), of_container | T(TARGET_CHANNEL) | T(TARGET_PID) | T(TARGET_START) | T(ENTER)};
	case KIND_LINKS: return (struct rule){0, T(TARGET_CHANNEL) | T(TARGET_PID) | T(TARGET_START) | T(PARENT_PID) | T(PARENT_START)};
	case KIND_SERVE: return (struct rule){T(SOCKET) | T(EXIT_FILE), of_service};
	case KIND_STOP: return (struct rule){0, T(SIGNAL) | T(TIMEOUT)};
	case KIND_INPUT: return (struct rule){0, T(DATA)};
	case KIND_SIGNAL: return (struct rule){T(SIGNAL), 0};
	case KIND_RESIZE: return (struct rule){T(ROWS) | T(COLUMNS), 0};
	default: return (struct rule){0, 0};
	}
}

/* Operations from RLIMIT to EXEC become the payload, all others build what it runs in. */
static bool op_belongs(uint16_t op, uint16_t kind) {
	bool becomes = op >= OP_RLIMIT && op <= OP_EXEC;
	switch (kind) {
	case KIND_CREATE: return !becomes;
	case KIND_JOIN: return !becomes && op != OP_RESOLVER && op != OP_ENDPOINT; /* the container that is joined has its own resolver, and gets links by LINKS */
	case KIND_LINKS: return op == OP_ENDPOINT;
	case KIND_START: return becomes;
	default: return false;
	}
}

static const char *check_fields(const struct field *fields, uint32_t count, struct rule rule) {
	tags seen = 0;
	for (uint32_t i = 0; i < count; i++) {
		tags bit = (tags)1 << fields[i].tag;
		if (!((rule.required | rule.optional) & bit))
			return "a field stands where it has no meaning";
		if ((seen & bit) && !(repeating & bit))
			return "a field that may stand once is repeated";
		if ((path_tags & bit) && fields[i].length > LIMIT_PATH)
			return "a path is longer than PATH_MAX";
		seen |= bit;
	}
	return (seen & rule.required) == rule.required ? NULL : "a field that is needed is missing";
}

uint32_t plan_head(const struct message *message) {
	for (uint32_t i = 0; i < message->count; i++)
		if (message->fields[i].tag == TAG_OP)
			return i;
	return message->count;
}

const struct field *message_head(const struct message *message, enum tag tag) {
	return message_find(message, 0, plan_head(message), tag);
}

static const char *check_op(const struct op *op, uint16_t kind) {
	if (op->kind >= sizeof op_rules / sizeof op_rules[0] || op->kind == 0)
		return "an operation is unknown";
	if (!op_belongs(op->kind, kind))
		return "an operation stands in the wrong phase";
	return check_fields(op->fields, op->count, op_rules[op->kind]);
}

/* What takes more than one operation to see. */
static const char *check_whole(const struct plan *plan, const struct message *message) {
	switch (message->kind) {
	case KIND_START:
		if (!plan->count || plan->ops[plan->count - 1].kind != OP_EXEC)
			return "START doesn't end in exec";
		if (plan_find(plan, OP_CAPABILITIES) && !plan_find(plan, OP_CREDENTIALS))
			return "CAPABILITIES are applied with CREDENTIALS, which are missing";
		return NULL;
	case KIND_JOIN:
	case KIND_LINKS:
		if (!message_head(message, TAG_TARGET_CHANNEL) == !message_head(message, TAG_TARGET_PID))
			return "it needs one of TARGET_CHANNEL and TARGET_PID";
		if (message->kind == KIND_LINKS && !plan->count)
			return "LINKS without one";
		if (!message_head(message, TAG_TARGET_PID) != !message_head(message, TAG_TARGET_START))
			return "TARGET_PID and TARGET_START need each other";
		/* fall through */
	case KIND_CREATE:
		if (!message_head(message, TAG_PARENT_PID) != !message_head(message, TAG_PARENT_START))
			return "PARENT_PID and PARENT_START need each other";
		if (!plan_find(plan, OP_CONSOLE) != !message_head(message, TAG_TERMINAL))
			return "TERMINAL and CONSOLE need each other";
		if ((message_head(message, TAG_NAMES) || message_head(message, TAG_NAMESERVER)) && !plan_find(plan, OP_RESOLVER))
			return "NAMES and NAMESERVER are RESOLVER's";
		return NULL;
	default: return NULL;
	}
}

const char *plan_decode(struct plan *plan, const struct message *message) {
	plan->count = 0;
	uint32_t at = plan_head(message);
	const char *why = check_fields(message->fields, at, head_rule(message->kind));
	while (!why && at < message->count) {
		uint32_t number = field_u32(&message->fields[at++]);
		struct op *op = &plan->ops[plan->count++];
		*op = (struct op){&message->fields[at], 0, number > UINT16_MAX ? 0 : (uint16_t)number};
		while (at < message->count && message->fields[at].tag != TAG_OP) {
			op->count++;
			at++;
		}
		why = check_op(op, message->kind);
		if (!why && op->kind == OP_EXEC && at != message->count)
			why = "an operation stands after exec";
	}
	return why ? why : check_whole(plan, message);
}

const char *op_name(uint16_t kind) {
	switch (kind) {
#define OP(name, value, required, optional, doc) \
	case value: return #name;
#include "protocol.def"
#undef OP
	default: return "?";
	}
}

const struct field *op_field(const struct op *op, enum tag tag) {
	for (uint32_t i = 0; i < op->count; i++)
		if (op->fields[i].tag == tag)
			return &op->fields[i];
	return NULL;
}

const char *op_string(const struct op *op, enum tag tag) {
	const struct field *field = op_field(op, tag);
	return field ? field_string(field) : NULL;
}

uint32_t op_u32(const struct op *op, enum tag tag, uint32_t otherwise) {
	const struct field *field = op_field(op, tag);
	return field ? field_u32(field) : otherwise;
}

uint64_t op_u64(const struct op *op, enum tag tag, uint64_t otherwise) {
	const struct field *field = op_field(op, tag);
	return field ? field_u64(field) : otherwise;
}

const struct op *plan_find(const struct plan *plan, enum op_kind kind) {
	for (uint32_t i = 0; i < plan->count; i++)
		if (plan->ops[i].kind == kind)
			return &plan->ops[i];
	return NULL;
}
