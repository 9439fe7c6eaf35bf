/* report.c: what the init tells the supervisor, in the protocol's own frames. */
#include "build.h"
#include "util.h"

#include <sys/socket.h>

/* Without the supervisor, or behind its back, nothing goes on. */
static void send_event(struct build *build, const struct event *event) {
	if (RETRY(send(build->sync, event->data, event->size, MSG_NOSIGNAL)) < 0)
		leave(125);
}

void report(struct build *build, enum kind kind) {
	struct event event;
	event_begin(&event, kind, build->channel);
	send_event(build, &event);
}

void report_failure(struct build *build, enum kind kind) {
	struct event event;
	event_begin(&event, kind, build->channel);
	event_failure(&event, &build->failure);
	send_event(build, &event);
}

void report_traced(struct build *build, uint32_t step, uint32_t index, uint64_t nanoseconds) {
	struct event event;
	event_begin(&event, KIND_TRACED, build->channel);
	event_u32(&event, TAG_STEP, step);
	event_u32(&event, TAG_INDEX, index);
	event_u64(&event, TAG_NANOSECONDS, nanoseconds);
	send_event(build, &event);
}
