/*
 * splice.c: TCP connections: one outside, one inside, and what each says goes to the other through a pipe, uncopied.
 *
 * A side that ends what it says (FIN) is ended on the other; a side that is reset resets the other, once what it had said
 * before has gone over. What one side doesn't take isn't read from the other. A pipe is held only while something is in it.
 */
#include "forward.h"
#include "util.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
	PIPE_SIZE = 1 << 20,  /* bytes asked for; without privilege the kernel may give less (pipe(7)) */
	PIECE = 1 << 20,      /* bytes of one splice(2) */
	PIECES = 8,           /* of them in one turn */
	KEPT_PIPES = 32,      /* empty ones */
	OUTSIDE = 0,
	INSIDE = 1,
};

struct pipe {
	int ends[2];
	size_t held;
	struct pipe *next;
};

struct stream;

struct side {
	struct watched watched;
	struct stream *stream;
	int fd;
	bool readable, writable, failed;
	struct pipe *pipe; /* of what it has said and the other hasn't got, or NULL */
	bool silent;       /* it says no more, or nobody is there to hear it */
};

struct stream {
	struct worker worker;
	struct side sides[2];
	struct stream *previous, *next;
	uint32_t attempt;  /* to connect */
	int family;
	uint16_t inside;
	bool connected;
	bool reset;        /* one side was */
};

static struct stream *streams;
static struct pipe *free_pipes;
static uint32_t free_count;
static bool ending;

static struct pipe *take_pipe(void) {
	struct pipe *pipe = free_pipes;
	if (pipe) {
		free_pipes = pipe->next;
		free_count--;
		return pipe;
	}
	pipe = calloc(1, sizeof *pipe);
	if (pipe && pipe2(pipe->ends, O_NONBLOCK | O_CLOEXEC) < 0) {
		free(pipe);
		return NULL;
	}
	if (pipe)
		(void)fcntl(pipe->ends[1], F_SETPIPE_SZ, PIPE_SIZE);
	return pipe;
}

static void give_pipe(struct side *side) {
	struct pipe *pipe = side->pipe;
	side->pipe = NULL;
	if (!pipe)
		return;
	if (pipe->held == 0 && free_count < KEPT_PIPES) {
		pipe->next = free_pipes;
		free_pipes = pipe;
		free_count++;
		return;
	}
	close_fd(&pipe->ends[0]);
	close_fd(&pipe->ends[1]);
	free(pipe);
}

static struct side *other(const struct side *side) {
	return &side->stream->sides[side == &side->stream->sides[OUTSIDE] ? INSIDE : OUTSIDE];
}

static void silence(struct side *side) {
	side->silent = true;
	give_pipe(side);
}

/* SIDE takes nothing any more: what the other says is lost, what SIDE has said is not. */
static void broken(struct side *side) {
	side->stream->reset = true;
	silence(other(side));
}

/* Fill the pipe from SIDE; whether there is something in it. */
static bool fill(struct side *side) {
	if (!side->readable)
		return false;
	if (!side->pipe && !(side->pipe = take_pipe())) {
		side->stream->reset = true;
		silence(side);
		silence(other(side));
		return false;
	}
	ssize_t got = RETRY(splice(side->fd, NULL, side->pipe->ends[1], NULL, PIECE, SPLICE_F_MOVE | SPLICE_F_NONBLOCK));
	if (got > 0) {
		side->pipe->held = (size_t)got;
		return true;
	}
	side->readable = false;
	if (got < 0 && errno == EAGAIN) {
		give_pipe(side);
		return false;
	}
	if (got < 0)
		broken(side); /* nor does who is reset take anything */
	else
		(void)shutdown(other(side)->fd, SHUT_WR);
	silence(side);
	return false;
}

/* Empty SIDE's pipe into the other; whether it is empty. */
static bool empty(struct side *side) {
	struct side *to = other(side);
	while (side->pipe->held > 0) {
		if (!to->writable)
			return false;
		ssize_t put = RETRY(splice(side->pipe->ends[0], NULL, to->fd, NULL, side->pipe->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK));
		if (put > 0) {
			side->pipe->held -= (size_t)put;
			continue;
		}
		to->writable = false;
		if (put < 0 && errno == EAGAIN)
			return false;
		broken(to);
		return false;
	}
	return true;
}

/* Whether it would go on. */
static bool move(struct side *side) {
	for (int piece = 0; piece < PIECES; piece++) {
		if (side->silent || ((!side->pipe || side->pipe->held == 0) && !fill(side)))
			return false;
		if (!empty(side))
			return false;
	}
	return true;
}

static void close_side(struct side *side, bool reset) {
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	give_pipe(side);
	if (side->fd >= 0 && reset)
		(void)setsockopt(side->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close_fd(&side->fd);
}

static void stream_end(struct stream *stream) {
	for (int i = 0; i < 2; i++)
		close_side(&stream->sides[i], stream->reset);
	if (stream->next)
		stream->next->previous = stream->previous;
	*(stream->previous ? &stream->previous->next : &streams) = stream->next;
	free(stream);
	forward_give(STREAM_DESCRIPTORS);
}

/* Begin to connect to the next address where a server may be; false: there is none. */
static bool try_next(struct stream *stream) {
	static const int on = 1;
	struct side *side = &stream->sides[INSIDE];
	union address address;
	while (inside_address(stream->attempt++, stream->family, stream->inside, &address)) {
		close_fd(&side->fd);
		side->readable = side->writable = side->failed = false;
		side->fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (side->fd < 0)
			continue;
		(void)setsockopt(side->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		if (connect(side->fd, &address.any, address_size(&address)) < 0 && errno != EINPROGRESS)
			continue;
		if (forward_watch(side->fd, &side->watched) == 0)
			return true;
	}
	return false;
}

/* Whether a connection is made, though its event may be of the next round. */
static bool has_heard(struct side *side) {
	struct pollfd made = {.fd = side->fd, .events = POLLOUT};
	side->writable = side->fd >= 0 && poll(&made, 1, 0) == 1;
	side->failed = side->writable && made.revents & POLLERR;
	return side->writable;
}

/* Whether it is, or still may be; else there is nobody, or nobody wants it any more. */
static bool is_connecting(struct stream *stream) {
	struct side *side = &stream->sides[INSIDE];
	int error = 0;
	socklen_t size = sizeof error;
	if (stream->connected)
		return true;
	if (ending && !side->writable && !has_heard(side))
		return false;
	if (side->fd >= 0 && !side->writable && !side->failed)
		return true;
	if (side->fd >= 0 && getsockopt(side->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0 && !side->failed) {
		stream->connected = true;
		return true;
	}
	return !ending && try_next(stream);
}

static void on_turn(struct worker *worker) {
	struct stream *stream = CONTAINER_OF(worker, struct stream, worker);
	struct side *sides = stream->sides;
	if (!is_connecting(stream)) {
		stream_end(stream);
		return;
	}
	if (!stream->connected)
		return;
	if (ending)
		silence(&sides[OUTSIDE]);
	for (int i = 0; i < 2; i++) /* of who has said all it had, reading tells no error */
		if (sides[i].failed && sides[i].silent)
			broken(&sides[i]);
	bool again = move(&sides[OUTSIDE]);
	again = move(&sides[INSIDE]) || again;
	if (sides[OUTSIDE].silent && sides[INSIDE].silent)
		stream_end(stream);
	else if (again)
		forward_ask(worker);
}

static void on_side(struct watched *watched, uint32_t events) {
	struct side *side = CONTAINER_OF(watched, struct side, watched);
	side->readable = side->readable || events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR);
	side->writable = side->writable || events & (EPOLLOUT | EPOLLHUP | EPOLLERR);
	side->failed = side->failed || events & EPOLLERR;
	forward_ask(&side->stream->worker);
}

void stream_begin(int outside, int family, uint16_t inside) {
	struct stream *stream = calloc(1, sizeof *stream);
	if (!stream) {
		close_fd(&outside);
		forward_give(STREAM_DESCRIPTORS);
		return;
	}
	*stream = (struct stream){.worker.turn = on_turn, .next = streams, .family = family, .inside = inside};
	stream->sides[OUTSIDE] = (struct side){.watched.ready = on_side, .stream = stream, .fd = outside};
	stream->sides[INSIDE] = (struct side){.watched.ready = on_side, .stream = stream, .fd = -1};
	if (streams)
		streams->previous = stream;
	streams = stream;
	if (!try_next(stream) || forward_watch(outside, &stream->sides[OUTSIDE].watched) < 0)
		stream_end(stream);
}

bool streams_end(void) {
	for (struct stream *at = streams; at && !ending; at = at->next)
		forward_ask(&at->worker);
	ending = true;
	return !streams;
}
