/* channel.c: making a channel and its container, and letting go of it. */
#include "channel.h"
#include "build.h"
#include "resolver.h"
#include "served.h"
#include "system.h"
#include "util.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>

void channel_send_failure(struct supervisor *supervisor, struct channel *channel, const struct failure *failure, enum kind kind) {
	struct event event;
	event_begin(&event, kind, channel->number);
	event_failure(&event, failure);
	channel_tell(supervisor, channel, &event);
	if (kind != KIND_ERROR)
		return;
	channel->failed = true;
	if (channel->served)
		channel->served->failure = *failure;
	if (channel->on_failure)
		channel->on_failure(channel, failure);
}

void channel_send(struct supervisor *supervisor, const struct channel *channel, enum kind kind) {
	struct event event;
	event_begin(&event, kind, channel->number);
	channel_tell(supervisor, channel, &event);
}

void channel_close_ends(struct channel *channel) {
	for (int i = 0; i < 3; i++)
		close_fd(&channel->ends[i]);
}

static struct channel *channel_new(struct supervisor *supervisor, uint32_t number) {
	struct channel *channel = calloc(1, sizeof *channel);
	if (!channel)
		return NULL;
	*channel = (struct channel){.next = supervisor->channels, .number = number, .pidfd = -1, .sync = -1, .mounts = -1, .ends = {-1, -1, -1}, .target = -1, .presence = -1, .inside = -1, .parent = {.pidfd = -1}, .remover = -1, .forwarder = -1};
	supervisor->channels = channel;
	supervisor->channel_count++;
	return channel;
}

void channel_free(struct supervisor *supervisor, struct channel *channel) {
	for (struct channel **at = &supervisor->channels; *at; at = &(*at)->next) {
		if (*at != channel)
			continue;
		*at = channel->next;
		break;
	}
	supervisor->channel_count--;
	if (channel->served && channel->served->channel == channel)
		channel->served->channel = NULL;
	timer_clear(supervisor, &channel->deadline);
	channel_close_ends(channel);
	supervisor_forget(supervisor, &channel->pidfd);
	supervisor_forget(supervisor, &channel->sync);
	supervisor_forget(supervisor, &channel->target);
	close_fd(&channel->mounts);
	close_fd(&channel->presence);
	free(channel->remove);
	close_fd(&channel->inside);
	close_fd(&channel->parent.pidfd);
	free(channel->cgroups);
	free(channel->unsent);
	free(channel);
}

/* The paths of TAG, kept past the frame they came in: each ending in NUL, then an empty one. NULL: no memory. */
static char *keep_paths(const struct message *message, enum tag tag) {
	uint32_t head = plan_head(message);
	size_t size = 1;
	for (uint32_t i = 0; i < head; i++)
		if (message->fields[i].tag == tag)
			size += message->fields[i].length;
	char *paths = malloc(size);
	char *at = paths;
	if (!paths)
		return NULL;
	for (uint32_t i = 0; i < head; i++) {
		if (message->fields[i].tag != tag)
			continue;
		memcpy(at, message->fields[i].data, message->fields[i].length);
		at += message->fields[i].length;
	}
	*at = 0;
	return paths;
}

static bool keep(struct channel *channel, const struct message *message) {
	channel->remove = keep_paths(message, TAG_REMOVE);
	channel->cgroups = keep_paths(message, TAG_CGROUP);
	if (!channel->remove || !channel->cgroups)
		return false;
	if (!*channel->cgroups)
		return true;
	channel->oom_before = account_oom(channel->cgroups);
	(void)account_times(channel->cgroups, &channel->user_before, &channel->system_before);
	return true;
}

static void send_streams(struct supervisor *supervisor, const struct channel *channel) {
	static const enum tag tags[3] = {TAG_STDIN, TAG_STDOUT, TAG_STDERR};
	if (channel->ends[0] < 0 && channel->ends[1] < 0 && channel->ends[2] < 0)
		return;
	struct event event;
	event_begin(&event, KIND_STREAMS, channel->number);
	for (int i = 0; i < 3; i++)
		if (channel->ends[i] >= 0)
			event_u32(&event, tags[i], (uint32_t)channel->ends[i]);
	channel_tell(supervisor, channel, &event);
}

static uint32_t head_u32(const struct message *message, enum tag tag, uint32_t otherwise) {
	const struct field *field = message_head(message, tag);
	return field ? field_u32(field) : otherwise;
}

static bool head_has(const struct message *message, enum tag tag) {
	return message_head(message, tag) != NULL;
}

static int make(struct supervisor *supervisor, struct channel *channel, const struct message *message, const struct plan *plan, struct build *build) {
	int pair[2];
	build->failure.step = STEP_STREAMS;
	if (!keep(channel, message))
		return failed(&build->failure, "malloc", NULL);
	if (presence_open(channel, message, &build->failure) < 0)
		return -1;
	if (publish_open(supervisor, channel, message, &build->failure) < 0)
		return -1;
	build->failure.step = STEP_STREAMS;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return failed(&build->failure, "socketpair", NULL);
	channel->sync = pair[0];
	cleanup_fd int theirs = build->sync = pair[1];
	if (streams_open(channel, message, build) < 0)
		return -1;
	if (resolver_prepare(channel, message, plan, &build->failure) < 0)
		return -1;
	send_streams(supervisor, channel);
	supervisor_flush(supervisor); /* they are opened over there while we clone */
	if (channel->served && hub_watch(supervisor, channel->served->hub) < 0)
		return failed(&build->failure, "epoll_ctl", NULL);
	if (head_has(message, TAG_TERMINAL) && field_u32(message_head(message, TAG_STDOUT)) != STREAM_SERVED)
		relay_prepare(channel, build->streams[0], build->streams[1], build->rows, build->columns);
	if (spawn(supervisor, channel, message, plan, build) < 0)
		return -1;
	fcntl(channel->sync, F_SETFL, O_NONBLOCK);
	channel->from_sync = (struct source){SOURCE_SYNC, channel};
	channel->from_process = (struct source){SOURCE_PROCESS, channel};
	if (supervisor_watch(supervisor, channel->sync, EPOLLIN, &channel->from_sync) < 0 ||
		supervisor_watch(supervisor, channel->pidfd, EPOLLIN, &channel->from_process) < 0)
		return failed(&build->failure, "epoll_ctl", NULL);
	if (publish_begin(supervisor, channel, &build->failure) < 0)
		return -1;
	if (channel->served)
		run_made(supervisor, channel);
	return 0;
}

/* What SERVE was about, or the supervisor itself, or nobody in particular. */
static void belong(struct supervisor *supervisor, struct channel *channel, const struct message *message, const struct channel *own) {
	struct served *served = supervisor->served;
	if (own) {
		channel->on_end = own->on_end;
		channel->on_failure = own->on_failure;
		channel->of = own->of;
	} else if (served && served->number == channel->number && message->kind == KIND_CREATE && !served->refused) {
		channel->served = served;
		served->channel = channel;
	}
}

/* CREATE follows a SERVE that failed. */
static const struct failure *refusal(const struct supervisor *supervisor, uint32_t number) {
	const struct served *served = supervisor->served;
	return served && served->refused && served->number == number ? &served->failure : NULL;
}

void channel_create(struct supervisor *supervisor, const struct message *message, const struct plan *plan, const struct channel *own) {
	static struct build build; /* large, and copied into the child with the rest of us */
	struct channel *channel = channel_new(supervisor, message->channel);
	memset(&build, 0, sizeof build);
	build = (struct build){
		.channel = message->channel, .root = -1, .empty = -1, .terminal = -1, .sync = -1, .streams = {-1, -1, -1},
		.forgo = head_u32(message, TAG_FORGO, 0), .stay = head_has(message, TAG_INIT), .joins = message->kind == KIND_JOIN, .trace = head_has(message, TAG_TRACE),
		.no_setgroups = head_has(message, TAG_DENY_SETGROUPS),
		.rows = (unsigned short)head_u32(message, TAG_ROWS, 0), .columns = (unsigned short)head_u32(message, TAG_COLUMNS, 0),
		.hold = head_has(message, TAG_HOLD), .hold_at = head_u32(message, TAG_HOLD, 0),
	};
	if (!channel) {
		struct channel none = {.number = message->channel};
		build.failure.step = STEP_CLONE;
		failed(&build.failure, "malloc", NULL);
		channel_send_failure(supervisor, &none, &build.failure, KIND_ERROR);
		for (uint32_t i = 0, head = plan_head(message); i < head; i++)
			if (message->fields[i].tag == TAG_REMOVE)
				(void)remove_tree(field_string(&message->fields[i]), -1); /* gc tries again */
		channel_send(supervisor, &none, KIND_RELEASED);
		return;
	}
	belong(supervisor, channel, message, own);
	const struct failure *refused_service = own ? NULL : refusal(supervisor, message->channel);
	if (refused_service)
		build.failure = *refused_service;
	int made = refused_service && keep(channel, message) ? -1 : make(supervisor, channel, message, plan, &build);
	for (int i = 0; i < 3; i++)
		close_fd(&build.streams[i]);
	if (made == 0)
		return;
	channel_send_failure(supervisor, channel, &build.failure, KIND_ERROR);
	if (channel->pidfd >= 0) {
		channel_kill(channel);
		RETRY(waitid(P_PIDFD, (id_t)channel->pidfd, NULL, WEXITED));
	}
	/* Freed when what it left is removed, which may be later: until then no event may tell of it. */
	supervisor_forget(supervisor, &channel->sync);
	supervisor_forget(supervisor, &channel->pidfd);
	channel->pid = 0;
	relay_close(supervisor, channel);
	channel->ended = true;
	if (channel->served)
		run_ended(supervisor, channel, &(struct ending){0});
	if (channel->on_end)
		channel->on_end(supervisor, channel);
}

void channel_kill(const struct channel *channel) {
	if (channel->pidfd >= 0)
		(void)pidfd_send_signal(channel->pidfd, SIGKILL); /* ESRCH: it has ended by itself */
}
