/*
 * relay.c: bytes between the container's pty and two descriptors: the user's own terminal, or pipes of the library.
 *
 * Nothing here may block the supervisor: terminals and pipes are opened anew without blocking (their flags are
 * shared with whoever else holds them, so ours mustn't be changed), and each direction holds at most one buffer;
 * while that is full its source isn't read, which is what makes a payload wait for a slow reader.
 */
#include "channel.h"
#include "util.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>

struct flow {
	int from, to;
	size_t start, end;
	bool ended;      /* the source has no more */
	bool line_open;  /* what was read last didn't end a line */
	uint8_t bytes[16384];
};

struct relay {
	int poller;            /* an epoll of its own, nested in the supervisor's */
	int master;
	bool closing;          /* the payload is gone: only its last words are still to be relayed */
	bool raw;              /* the user's terminal was made raw, and is given back */
	struct termios before;
	struct winsize size;   /* as CREATE has it, where no terminal of the user's tells */
	struct flow in, out;
};

static bool is_stream(int fd) {
	struct stat status;
	return fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode));
}

/* A description of our own that doesn't block; a socket or a file is used as it is (poll says when it may be). */
static int open_again(int fd, int mode) {
	char path[32];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int again = is_stream(fd) ? open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
	return again >= 0 ? again : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

void relay_prepare(struct channel *channel, int in, int out, uint32_t rows, uint32_t columns) {
	struct relay *relay = calloc(1, sizeof *relay);
	channel->relay = relay;
	if (!relay)
		return;
	relay->poller = -1;
	relay->master = -1;
	relay->in.from = open_again(in, O_RDONLY);
	relay->out.to = open_again(out, O_WRONLY);
	relay->in.to = relay->out.from = -1;
	relay->size = (struct winsize){.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
}

static void make_raw(struct relay *relay) {
	if (tcgetattr(relay->in.from, &relay->before) < 0)
		return; /* not a terminal */
	struct termios raw = relay->before;
	cfmakeraw(&raw);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	relay->raw = tcsetattr(relay->in.from, TCSANOW, &raw) == 0;
}

/* What isn't waited for is taken out, since a hang-up is told whether it is asked for or not (epoll_ctl(2)). */
static void want(struct relay *relay, int fd, uint32_t events) {
	struct epoll_event event = {.events = events, .data.fd = fd};
	if (!events)
		(void)epoll_ctl(relay->poller, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(relay->poller, EPOLL_CTL_MOD, fd, &event) < 0 && errno == ENOENT)
		(void)epoll_ctl(relay->poller, EPOLL_CTL_ADD, fd, &event); /* a file can't be waited for and needn't be */
}

/* Each descriptor is waited for only while something can be done with it. */
static void update(struct relay *relay) {
	struct flow *in = &relay->in;
	struct flow *out = &relay->out;
	want(relay, in->from, in->start == in->end && !in->ended && !relay->closing ? EPOLLIN : 0u);
	if (out->start < out->end)
		want(relay, out->to, EPOLLOUT);
	else
		want(relay, out->to, 0);
	want(relay, relay->master, (out->start == out->end && !out->ended ? EPOLLIN : 0u) | (in->start < in->end ? EPOLLOUT : 0u));
}

int relay_open(struct supervisor *supervisor, struct channel *channel, int master) {
	cleanup_fd int taken = master;
	struct relay *relay = channel->relay;
	if (!relay || relay->in.from < 0 || relay->out.to < 0 || relay->master >= 0)
		return -1;
	relay->poller = epoll_create1(EPOLL_CLOEXEC);
	if (relay->poller < 0)
		return -1;
	fcntl(master, F_SETFL, O_NONBLOCK); /* this description is ours alone */
	relay->master = relay->in.to = relay->out.from = steal_fd(&taken);
	make_raw(relay);
	if (relay->size.ws_row && relay->size.ws_col)
		relay_resize(channel, relay->size.ws_row, relay->size.ws_col);
	relay_follow_window(channel);
	update(relay);
	channel->from_relay = (struct source){SOURCE_RELAY, channel};
	return supervisor_watch(supervisor, relay->poller, EPOLLIN, &channel->from_relay);
}

static bool ready(int fd, short events) {
	struct pollfd one = {.fd = fd, .events = events};
	return poll(&one, 1, 0) == 1;
}

static void fill(struct flow *flow) {
	if (flow->ended || flow->start < flow->end || !ready(flow->from, POLLIN))
		return;
	ssize_t got = read(flow->from, flow->bytes, sizeof flow->bytes);
	if (got > 0) {
		flow->start = 0;
		flow->end = (size_t)got;
		flow->line_open = flow->bytes[got - 1] != '\n';
	} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		flow->ended = true;
	}
}

static void drain(struct flow *flow) {
	while (flow->start < flow->end && ready(flow->to, POLLOUT)) {
		/* Where the description couldn't be opened anew it may block, but not for what POLLOUT has promised (pipe(7)). */
		size_t size = flow->end - flow->start < PIPE_BUF ? flow->end - flow->start : PIPE_BUF;
		ssize_t wrote = write(flow->to, flow->bytes + flow->start, size);
		if (wrote < 0 && errno == EAGAIN)
			return;
		if (wrote < 0 && errno != EINTR) {
			flow->start = flow->end; /* nobody reads any more: what comes is dropped, the payload isn't stopped */
			return;
		}
		if (wrote > 0)
			flow->start += (size_t)wrote;
	}
}

/* End of input is a key on a terminal: the payload's reader sees it as VEOF, which behind an open line only ends that
 * line, so it takes two (termios(3)). */
static void end_input(struct relay *relay) {
	struct termios now;
	if (tcgetattr(relay->master, &now) < 0 || !(now.c_lflag & ICANON))
		return;
	relay->in.bytes[0] = relay->in.bytes[1] = now.c_cc[VEOF];
	relay->in.start = 0;
	relay->in.end = relay->in.line_open ? 2 : 1;
}

static void relay_out(struct relay *relay) {
	drain(&relay->out);
	fill(&relay->out);
	drain(&relay->out);
}

void relay_on_ready(struct supervisor *supervisor, struct channel *channel) {
	struct relay *relay = channel->relay;
	if (!relay)
		return; /* closed by another event of this round */
	if (channel->draining) {
		if (relay_drain(channel))
			channel_finish(supervisor, channel);
		return;
	}
	bool ended = relay->in.ended;
	fill(&relay->in);
	drain(&relay->in);
	if (relay->in.ended && !ended)
		end_input(relay);
	relay_out(relay);
	if (relay->out.ended && relay->out.start == relay->out.end)
		(void)epoll_ctl(supervisor->epoll, EPOLL_CTL_DEL, relay->poller, NULL);
	else
		update(relay);
}

void relay_resize(struct channel *channel, unsigned short rows, unsigned short columns) {
	struct winsize size = {.ws_row = rows, .ws_col = columns};
	if (channel->relay && channel->relay->master >= 0)
		(void)ioctl(channel->relay->master, TIOCSWINSZ, &size);
}

void relay_follow_window(struct channel *channel) {
	struct winsize size;
	if (channel->relay && channel->relay->raw && ioctl(channel->relay->in.from, TIOCGWINSZ, &size) == 0)
		(void)ioctl(channel->relay->master, TIOCSWINSZ, &size);
}

/* What it wrote last still gets out, as fast as someone takes it; a terminal that nobody has open any more has no more. */
bool relay_drain(struct channel *channel) {
	struct relay *relay = channel->relay;
	if (!relay || relay->master < 0)
		return true;
	relay->closing = true;
	relay->in.start = relay->in.end;
	do
		relay_out(relay);
	while (relay->out.start == relay->out.end && !relay->out.ended && ready(relay->master, POLLIN));
	if (relay->out.start == relay->out.end)
		return true;
	update(relay);
	return false;
}

void relay_close(struct supervisor *supervisor, struct channel *channel) {
	struct relay *relay = channel->relay;
	if (!relay)
		return;
	channel->relay = NULL;
	if (relay->raw)
		tcsetattr(relay->in.from, TCSANOW, &relay->before);
	close_fd(&relay->in.from);
	close_fd(&relay->out.to);
	close_fd(&relay->master);
	supervisor_forget(supervisor, &relay->poller);
	free(relay);
}
