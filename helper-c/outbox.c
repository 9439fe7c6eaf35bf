/* outbox.c: what the supervisor says to the orchestrator. */
#include "channel.h"
#include "util.h"

#include <string.h>
#include <sys/socket.h>

/* Events of one round go out together: each send wakes the orchestrator, and that costs it more than the event does. */
static struct {
	uint8_t data[16384];
	size_t used;
} outbox;

void supervisor_flush(struct supervisor *supervisor) {
	const uint8_t *at = outbox.data;
	size_t left = outbox.used;
	outbox.used = 0;
	while (left > 0 && !supervisor->orphaned) {
		ssize_t sent = RETRY(send(supervisor->control, at, left, MSG_NOSIGNAL));
		if (sent < 0) {
			supervisor_orphan(supervisor);
			return;
		}
		at += sent;
		left -= (size_t)sent;
	}
}

void supervisor_send(struct supervisor *supervisor, const struct event *event) {
	if (event->size > sizeof outbox.data - outbox.used)
		supervisor_flush(supervisor);
	memcpy(outbox.data + outbox.used, event->data, event->size);
	outbox.used += event->size;
}
