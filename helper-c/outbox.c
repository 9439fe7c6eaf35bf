/* outbox.c: who hears what a channel says. */
#include "channel.h"
#include "peer.h"
#include "served.h"

/* What a client isn't told is about descriptors and steps of whoever made the container. */
static bool is_for_clients(const struct event *event) {
	switch (event->data[4]) { /* all kinds are below 256 */
	case KIND_STREAMS:
	case KIND_TRACED:
	case KIND_HELD: return false;
	default: return true;
	}
}

/* Events of one round go out together: each send wakes the orchestrator, and that costs it more than the event does. */
void channel_tell(struct supervisor *supervisor, const struct channel *channel, const struct event *event) {
	if (channel->on_end)
		return; /* the supervisor's own business */
	if (supervisor->control)
		peer_send(supervisor, supervisor->control, event);
	if (!channel->served || !is_for_clients(event))
		return;
	for (struct peer *peer = supervisor->peers; peer; peer = peer->next) {
		if (peer->control)
			continue;
		client_tell_lost(supervisor, peer);
		peer_send(supervisor, peer, event);
	}
}

void supervisor_flush(struct supervisor *supervisor) {
	for (struct peer *peer = supervisor->peers; peer; peer = peer->next)
		if (peer->unsent_start < peer->unsent_end)
			peer_flush(supervisor, peer);
}
