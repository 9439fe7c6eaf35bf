/*
 * hub.c: what a served container writes goes to the log and to every attached client; what clients say goes into its stdin.
 *
 * The payload is never made to wait for a client, only for the log. Clients wait for the payload: while its stdin is full,
 * the frame that didn't fit is kept, and who says more isn't read.
 */
#include "peer.h"
#include "served.h"
#include "util.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <termios.h>

enum {
	PIECE = 65536,              /* read at once */
	PIECES = 16,                /* before others have their turn */
	PIPE_ROOM = 1048576,        /* /proc/sys/fs/pipe-max-size, so that a payload needn't wait for each piece */
	PIPE_ROOM_OF_USERS = 262144, /* what an ordinary user has in pipes is limited in all (pipe(7)) */
	LAST_WORDS = 1048576,       /* of a terminal, whose queue doesn't tell its size */
	REST = 1000,                /* milliseconds of silence, after which no memory is held for output */
};

struct hub_end {
	int fd;
	int stream;          /* 0: stdin, 1, 2; a terminal is 1 and takes input, too */
	uint32_t watched;
	struct hub *hub;
	struct source source;
};

struct hub {
	struct served *served;
	struct hub_end ends[3];
	bool terminal, typed;    /* ... and clients may type */
	bool line_open;          /* what was typed last didn't end a line */
	uint8_t *pending;        /* input that there was no room for */
	size_t pending_at, pending_size;
	struct winsize size;     /* as a client last told it: for the next run */
	struct timer rest;       /* since something was written */
	bool busy;               /* ... it was again */
};

static _Alignas(4096) uint8_t piece[PIECE];

static void on_rest(struct supervisor *supervisor, void *of) {
	struct hub *hub = of;
	if (hub->busy) {
		hub->busy = false;
		(void)timer_set(supervisor, &hub->rest, REST);
		return;
	}
	give_back(piece, sizeof piece);
	log_rest();
}

struct hub *hub_new(struct served *served) {
	struct hub *hub = calloc(1, sizeof *hub);
	if (!hub)
		return NULL;
	hub->served = served;
	hub->rest.fire = on_rest;
	hub->rest.of = hub;
	for (int i = 0; i < 3; i++)
		hub->ends[i] = (struct hub_end){.fd = -1, .stream = i, .hub = hub, .source = {SOURCE_HUB, &hub->ends[i]}};
	return hub;
}

/* Where input goes: into the pipe, or into the terminal. */
static struct hub_end *input_of(struct hub *hub) {
	return &hub->ends[hub->terminal ? 1 : 0];
}

static void watch(const struct supervisor *supervisor, struct hub_end *end, uint32_t events) {
	if (end->fd < 0 || events == end->watched)
		return;
	struct epoll_event event = {.events = events, .data.ptr = &end->source};
	int how = !events ? EPOLL_CTL_DEL : end->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	if (epoll_ctl(supervisor->epoll, how, end->fd, &event) == 0)
		end->watched = events;
}

static void update_input(const struct supervisor *supervisor, struct hub *hub) {
	struct hub_end *end = input_of(hub);
	watch(supervisor, end, (end->watched & (uint32_t)EPOLLIN) | (hub->pending ? EPOLLOUT : 0u));
}

static void forget(const struct supervisor *supervisor, struct hub_end *end) {
	watch(supervisor, end, 0);
	close_fd(&end->fd);
}

void hub_take(struct hub *hub, int stream, int end) {
	fcntl(end, F_SETFL, O_NONBLOCK);
	if (stream > 0 && fcntl(end, F_SETPIPE_SZ, PIPE_ROOM) < 0)
		(void)fcntl(end, F_SETPIPE_SZ, PIPE_ROOM_OF_USERS);
	hub->ends[stream].fd = end;
}

void hub_expect(struct hub *hub, bool typed) {
	hub->terminal = true;
	hub->typed = typed;
}

int hub_watch(struct supervisor *supervisor, struct hub *hub) {
	for (int i = 1; i < 3; i++) {
		watch(supervisor, &hub->ends[i], EPOLLIN);
		if (hub->ends[i].fd >= 0 && !hub->ends[i].watched)
			return -1;
	}
	return 0;
}

int hub_take_terminal(struct supervisor *supervisor, struct hub *hub, int master) {
	cleanup_fd int taken = master;
	if (!hub->terminal || hub->ends[1].fd >= 0)
		return -1;
	fcntl(master, F_SETFL, O_NONBLOCK); /* this description is ours alone */
	hub->ends[1].fd = steal_fd(&taken);
	if (hub->size.ws_row && hub->size.ws_col)
		(void)ioctl(master, TIOCSWINSZ, &hub->size);
	return hub_watch(supervisor, hub);
}

void hub_resize(struct hub *hub, unsigned short rows, unsigned short columns) {
	hub->size = (struct winsize){.ws_row = rows, .ws_col = columns};
	if (hub->terminal && hub->ends[1].fd >= 0)
		(void)ioctl(hub->ends[1].fd, TIOCSWINSZ, &hub->size);
}

static void pass_on(struct supervisor *supervisor, struct hub *hub, int stream, size_t size) {
	hub->busy = hub->rest.set;
	if (!hub->rest.set)
		(void)timer_set(supervisor, &hub->rest, REST);
	if (hub->served->log)
		log_write(hub->served->log, stream, piece, size);
	client_output(supervisor, hub->served->number, stream, piece, size);
}

/* At most MOST bytes of what is there. */
static void read_some(struct supervisor *supervisor, struct hub_end *end, size_t most) {
	while (most > 0) {
		ssize_t got = RETRY(read(end->fd, piece, most < PIECE ? most : PIECE));
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) { /* nobody writes any more; a terminal's master stays open, or its session would hear a hang-up */
			if (end->hub->terminal)
				watch(supervisor, end, 0);
			else
				forget(supervisor, end);
			return;
		}
		pass_on(supervisor, end->hub, end->stream, (size_t)got);
		most -= (size_t)got;
	}
}

static void forget_pending(struct hub *hub) {
	free(hub->pending);
	hub->pending = NULL;
}

/* As much as there is room for; what it doesn't want any more is dropped. Returns how much is done with. */
static size_t put(struct supervisor *supervisor, struct hub *hub, const uint8_t *data, size_t size) {
	struct hub_end *end = input_of(hub);
	size_t done = 0;
	while (end->fd >= 0 && done < size) {
		ssize_t wrote = RETRY(write(end->fd, data + done, size - done));
		if (wrote < 0 && errno == EAGAIN)
			return done;
		if (wrote < 0 && !hub->terminal)
			forget(supervisor, end);
		if (wrote < 0)
			return size;
		done += (size_t)wrote;
	}
	return size;
}

static void resume_clients(struct supervisor *supervisor, const struct hub *hub) {
	for (struct peer *peer = supervisor->peers; peer && !hub->pending; peer = peer->next)
		peer_resume(supervisor, peer);
}

static void put_pending(struct supervisor *supervisor, struct hub *hub) {
	hub->pending_at += put(supervisor, hub, hub->pending + hub->pending_at, hub->pending_size - hub->pending_at);
	if (hub->pending_at == hub->pending_size)
		forget_pending(hub);
	update_input(supervisor, hub);
	resume_clients(supervisor, hub);
}

/* End of input is a key on a terminal; behind an open line it takes two (termios(3)). */
static void end_input(struct supervisor *supervisor, struct hub *hub) {
	struct hub_end *end = input_of(hub);
	struct termios now;
	if (!hub->terminal) {
		forget(supervisor, end);
		return;
	}
	if (end->fd < 0 || tcgetattr(end->fd, &now) < 0 || !(now.c_lflag & ICANON))
		return;
	uint8_t keys[2] = {now.c_cc[VEOF], now.c_cc[VEOF]};
	(void)put(supervisor, hub, keys, hub->line_open ? 2 : 1);
	hub->line_open = false;
}

bool hub_input(struct supervisor *supervisor, struct hub *hub, const struct field *data) {
	if (hub->pending)
		return false;
	if (hub->terminal && !hub->typed)
		return true;
	if (!data) {
		end_input(supervisor, hub);
		return true;
	}
	size_t done = put(supervisor, hub, data->data, data->length);
	if (data->length > 0)
		hub->line_open = data->data[data->length - 1] != '\n';
	if (done == data->length)
		return true;
	hub->pending_at = 0;
	hub->pending_size = data->length - done;
	hub->pending = malloc(hub->pending_size);
	if (hub->pending)
		memcpy(hub->pending, data->data + done, hub->pending_size);
	update_input(supervisor, hub);
	return true;
}

void hub_on_ready(struct supervisor *supervisor, struct hub_end *end) {
	if (end->fd < 0)
		return; /* closed by another event of this round */
	if (end->hub->pending && end == input_of(end->hub))
		put_pending(supervisor, end->hub);
	if (end->stream > 0 && end->watched & EPOLLIN)
		read_some(supervisor, end, (size_t)PIECE * PIECES);
}

/* Others may hold a writing end, so it isn't waited for: what is there now is all. */
void hub_end_run(struct supervisor *supervisor, struct hub *hub) {
	for (int i = 1; i < 3; i++) {
		struct hub_end *end = &hub->ends[i];
		int left = 0;
		if (end->fd >= 0 && end->watched)
			read_some(supervisor, end, hub->terminal ? LAST_WORDS : ioctl(end->fd, FIONREAD, &left) == 0 ? (size_t)left : 0);
	}
	for (int i = 0; i < 3; i++)
		forget(supervisor, &hub->ends[i]);
	forget_pending(hub);
	resume_clients(supervisor, hub);
}
