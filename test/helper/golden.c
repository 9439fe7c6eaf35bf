/*
 * nsinit's side of the golden frames (golden.test.ts): it prints how nsinit decodes a request, and makes events with
 * nsinit's own code.
 *
 *   golden decode < FRAME    one line for the frame, one for each field; or why it is refused
 *   golden encode NAME       the event's bytes
 */
#include "fail.h"
#include "plan.h"

#include <stdio.h>
#include <string.h>

static int decode(void) {
	static uint8_t frame[FRAME_HEADER + LIMIT_PAYLOAD_IN + 1];
	static struct message message;
	static struct plan plan;
	size_t size = fread(frame, 1, sizeof frame, stdin);
	const char *why = NULL;
	size_t whole = frame_size(frame, size, &why);
	if (!why && whole != size)
		why = "not one whole frame";
	if (!why)
		why = message_decode(&message, frame, size);
	if (!why)
		why = plan_decode(&plan, &message);
	if (why)
		return printf("refused: %s\n", why) < 0;
	printf("%u %u %u\n", message.kind, message.channel, plan.count);
	for (uint32_t i = 0; i < message.count; i++) {
		printf("%u ", message.fields[i].tag);
		for (uint32_t at = 0; at < message.fields[i].length; at++)
			printf("%02x", message.fields[i].data[at]);
		putchar('\n');
	}
	return 0;
}

static void usage(struct event *event, uint64_t user, uint64_t system, uint64_t rss) {
	event_u64(event, TAG_USER_TIME, user);
	event_u64(event, TAG_SYSTEM_TIME, system);
	event_u64(event, TAG_MAX_RSS, rss);
}

static void failure(struct event *event, enum kind kind, struct failure failure) {
	event_begin(event, kind, 1);
	event_failure(event, &failure);
}

static int make(struct event *event, const char *name) {
	if (strcmp(name, "hello") == 0) {
		event_begin(event, KIND_HELLO, 0);
		event_u64(event, TAG_HASH, 0x0123456789abcdefull);
		event_string(event, TAG_VERSION, "0.1.0");
		event_u32(event, TAG_PID, 4711);
	} else if (strcmp(name, "streams") == 0) {
		event_begin(event, KIND_STREAMS, 1);
		event_u32(event, TAG_STDIN, 5);
		event_u32(event, TAG_STDOUT, 7);
		event_u32(event, TAG_STDERR, 9);
	} else if (strcmp(name, "created") == 0) {
		event_begin(event, KIND_CREATED, 1);
		event_u32(event, TAG_PID, 4712);
	} else if (strcmp(name, "running") == 0) {
		event_begin(event, KIND_RUNNING, 1);
	} else if (strcmp(name, "warning") == 0) {
		failure(event, KIND_WARNING, (struct failure){.step = STEP_REMOVE, .error = 16, .path = "/run/cloche/ü", .detail = "rmdir"});
	} else if (strcmp(name, "error") == 0) {
		failure(event, KIND_ERROR, (struct failure){.step = STEP_CREATE, .index = 3, .error = 19, .path = "/x", .detail = "fsopen"});
	} else if (strcmp(name, "exited-code") == 0) {
		event_begin(event, KIND_EXITED, 1);
		event_u32(event, TAG_CODE, 7);
		usage(event, 1000, 2000000, 5000000000);
	} else if (strcmp(name, "exited-signal") == 0) {
		event_begin(event, KIND_EXITED, 1);
		event_u32(event, TAG_SIGNAL, 9);
		usage(event, 0, 0, 0);
	} else if (strcmp(name, "output-lost") == 0) {
		event_begin(event, KIND_OUTPUT, 1);
		event_u32(event, TAG_STREAM, 0);
		event_u64(event, TAG_LOST, 5000000000);
	} else if (strcmp(name, "report") == 0) {
		event_begin(event, KIND_REPORT, 1);
		event_u32(event, TAG_PID, 4712);
		event_u32(event, TAG_RESTARTS, 3);
		event_u64(event, TAG_LOST, 7);
	} else if (strcmp(name, "published") == 0) {
		event_begin(event, KIND_PUBLISHED, 1);
		event_string(event, TAG_PORT, "tcp ::1 8080 80");
	} else if (strcmp(name, "report-waiting") == 0) {
		event_begin(event, KIND_REPORT, 1);
		event_u32(event, TAG_RESTARTS, 1);
		event_u64(event, TAG_LOST, 0);
	} else if (strcmp(name, "released") == 0) {
		event_begin(event, KIND_RELEASED, 1);
	} else if (strcmp(name, "traced") == 0) {
		event_begin(event, KIND_TRACED, 1);
		event_u32(event, TAG_STEP, STEP_CREATE);
		event_u32(event, TAG_INDEX, 3);
		event_u64(event, TAG_NANOSECONDS, 5000000000);
	} else if (strcmp(name, "held") == 0) {
		event_begin(event, KIND_HELD, 0xffffffff);
		event_u32(event, TAG_INDEX, 3);
	} else {
		return -1;
	}
	return 0;
}

int main(int argc, char **argv) {
	struct event event;
	if (argc == 2 && strcmp(argv[1], "decode") == 0)
		return decode();
	if (argc == 3 && strcmp(argv[1], "encode") == 0 && make(&event, argv[2]) == 0)
		return fwrite(event.data, 1, event.size, stdout) != event.size;
	fputs("usage: golden decode | encode NAME\n", stderr);
	return 2;
}
