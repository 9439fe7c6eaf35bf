/* streams.c: the payload's 0, 1 and 2 as CREATE asks for them. */
#include "build.h"
#include "served.h"
#include "util.h"

#include <fcntl.h>
#include <unistd.h>

static int open_pipe(struct channel *channel, struct build *build, int stream) {
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return failed(&build->failure, "pipe2", NULL);
	int inner = stream == 0 ? 0 : 1; /* the payload reads its stdin and writes the others */
	build->streams[stream] = ends[inner];
	build->owned[stream] = true;
	channel->ends[stream] = ends[!inner];
	return 0;
}

static int open_null(struct build *build, int stream) {
	build->streams[stream] = open("/dev/null", (stream == 0 ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
	return build->streams[stream] < 0 ? failed(&build->failure, "open", "/dev/null") : 0;
}

/* The hub has the other ends. A terminal is the hub's as a whole, by its output. */
static int open_served(struct channel *channel, const struct message *message, struct build *build, int stream) {
	if (!channel->served)
		return refused(&build->failure, EINVAL, "a stream is to be served, but SERVE wasn't said", NULL);
	if (!message_head(message, TAG_TERMINAL)) {
		if (open_pipe(channel, build, stream) < 0)
			return -1;
		hub_take(channel->served->hub, stream, steal_fd(&channel->ends[stream]));
		return 0;
	}
	if (field_u32(message_head(message, TAG_STDOUT)) != STREAM_SERVED)
		return refused(&build->failure, EINVAL, "a terminal's output is served, or its input isn't", NULL);
	hub_expect(channel->served->hub, field_u32(message_head(message, TAG_STDIN)) == STREAM_SERVED);
	return open_null(build, stream);
}

static int open_stream(struct channel *channel, const struct message *message, struct build *build, int stream, uint32_t wanted) {
	if (wanted == STREAM_PIPE)
		return open_pipe(channel, build, stream);
	if (wanted == STREAM_NULL)
		return open_null(build, stream);
	if (wanted == STREAM_SERVED)
		return open_served(channel, message, build, stream);
	/* A lent descriptor must be one that the orchestrator gave at the start: 3 is the control socket. */
	if (wanted == 3 || wanted > 1023 || fcntl((int)wanted, F_GETFD) < 0 || fcntl((int)wanted, F_GETFD) & FD_CLOEXEC)
		return refused(&build->failure, EBADF, "not a descriptor that was lent", NULL);
	build->streams[stream] = fcntl((int)wanted, F_DUPFD_CLOEXEC, 4);
	return build->streams[stream] < 0 ? failed(&build->failure, "fcntl F_DUPFD_CLOEXEC", NULL) : 0;
}

int streams_open(struct channel *channel, const struct message *message, struct build *build) {
	static const enum tag tags[3] = {TAG_STDIN, TAG_STDOUT, TAG_STDERR};
	for (int i = 0; i < 3; i++)
		if (open_stream(channel, message, build, i, field_u32(message_head(message, tags[i]))) < 0)
			return -1;
	return 0;
}
