/* protocol.h: the numbers of protocol.def, for C. */
#pragma once

#include <stdint.h>

#define LIMIT(name, value, why) LIMIT_##name = (value),
enum limit {
#include "protocol.def"
};
#undef LIMIT

#define KIND(name, value, direction, doc) KIND_##name = (value),
enum kind {
#include "protocol.def"
};
#undef KIND

#define TAG(name, value, type, repeats, doc) TAG_##name = (value),
enum tag {
#include "protocol.def"
};
#undef TAG

#define OP(name, value, required, optional, doc) OP_##name = (value),
enum op_kind {
#include "protocol.def"
};
#undef OP

#define STEP(name, value, doc) STEP_##name = (value),
enum step {
#include "protocol.def"
};
#undef STEP

#define ATTR(name, value) ATTR_##name = (value),
enum attribute {
#include "protocol.def"
};
#undef ATTR

#define FLAG(name, value, doc) FLAG_##name = (value),
enum flag {
#include "protocol.def"
};
#undef FLAG

#define FORGO(name, value, doc) FORGO_##name = (value),
enum forgo {
#include "protocol.def"
};
#undef FORGO

#define RESTART(name, value, doc) RESTART_##name = (value),
enum restart {
#include "protocol.def"
};
#undef RESTART

/* Not an enum: the values need all 32 bits. */
#define STREAM_NULL 0xffffffffu
#define STREAM_PIPE 0xfffffffeu
#define STREAM_SERVED 0xfffffffdu

#define FRAME_HEADER 12u
#define FIELD_HEADER 8u
