/*
 * forward.c: the forwarder: a process in the container's network that holds the sockets outside.
 *
 *  1. let go of everything but those sockets, and of every privilege
 *  2. accept outside, connect inside, move bytes (splice.c, datagram.c)
 *  3. once the container's init has ended: no more from outside; what the container had said still gets out
 *  4. the supervisor's end is its own
 */
#include "forward.h"
#include "system.h"
#include "util.h"

#include <linux/capability.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <stdlib.h>
#include <time.h>

enum {
	ACCEPTS = 32,      /* connections in one turn */
	RETRY_AFTER = 100, /* milliseconds, where the machine is out of what a connection takes */
	RESERVE = 64,      /* descriptors that aren't connections': epoll, the sockets outside are counted apart */
};

struct listener {
	struct worker worker;
	struct watched watched;
	const struct port *port;
	struct listener *next; /* of those that wait for descriptors */
	bool stalled;
	int fd;
};

static int poller;
static bool is_over; /* the container */
static uint64_t now;
static uint32_t available;           /* descriptors */
static struct worker *first, **last = &first;
static struct listener *stalled;
static struct listener *listeners;
static uint32_t listener_count;
static uint64_t retry_at;            /* 0: when descriptors come back */

uint64_t forward_now(void) {
	return now;
}

static void read_clock(void) {
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	now = (uint64_t)time.tv_sec * 1000u + (uint64_t)time.tv_nsec / 1000000u;
}

int forward_watch(int fd, struct watched *watched) {
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = watched};
	return epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

void forward_ask(struct worker *worker) {
	if (worker->waits)
		return;
	worker->waits = true;
	worker->next = NULL;
	*last = worker;
	last = &worker->next;
}

/* Who asks during its turn has the next one in the next round. */
static void take_turns(void) {
	struct worker *worker = first;
	first = NULL;
	last = &first;
	while (worker) {
		struct worker *next = worker->next;
		worker->waits = false;
		worker->turn(worker);
		worker = next;
	}
}

static void resume_accepting(void) {
	retry_at = 0;
	for (struct listener *at = stalled; at; at = at->next) {
		at->stalled = false;
		forward_ask(&at->worker);
	}
	stalled = NULL;
}

static void stall(struct listener *listener) {
	if (listener->stalled)
		return;
	listener->stalled = true;
	listener->next = stalled;
	stalled = listener;
}

bool forward_take(uint32_t descriptors) {
	if (available < descriptors)
		return false;
	available -= descriptors;
	return true;
}

void forward_give(uint32_t descriptors) {
	available += descriptors;
	if (stalled && !retry_at)
		resume_accepting();
}

static void accept_some(struct worker *worker) {
	struct listener *listener = CONTAINER_OF(worker, struct listener, worker);
	for (int i = 0; i < ACCEPTS; i++) {
		if (listener->fd < 0)
			return;
		if (!forward_take(STREAM_DESCRIPTORS)) {
			stall(listener);
			return;
		}
		int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			stream_begin(fd, listener->port->outside.any.sa_family, listener->port->inside);
			continue;
		}
		available += STREAM_DESCRIPTORS;
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			retry_at = now + RETRY_AFTER;
			stall(listener);
			return;
		}
		if (errno == EAGAIN || errno == EINVAL) /* EINVAL: it doesn't listen, between two runs */
			return;
		/* the error of a connection that is gone (accept(2)) */
	}
	forward_ask(worker);
}

static void on_listener(struct watched *watched, uint32_t events) {
	(void)events;
	forward_ask(&CONTAINER_OF(watched, struct listener, watched)->worker);
}

/* The container is gone: no more from outside, and the numbers are free for the next. */
static void end_all(const struct ports *ports) {
	datagrams_end();
	for (uint32_t i = 0; i < listener_count; i++)
		listeners[i].fd = -1;
	for (uint32_t i = 0; i < ports->count; i++) {
		int fd = ports->list[i].fd;
		close_fd(&fd);
	}
}

static void on_init(struct watched *watched, uint32_t events) {
	(void)watched;
	(void)events;
	is_over = true;
}

static void on_supervisor(struct watched *watched, uint32_t events) {
	(void)watched;
	(void)events;
	leave(0);
}

static int begin(const struct ports *ports) {
	listeners = calloc(ports->count, sizeof *listeners);
	if (!listeners)
		return -1;
	for (uint32_t i = 0; i < ports->count; i++) {
		const struct port *port = &ports->list[i];
		if (port->udp) {
			if (datagrams_begin(port) < 0)
				return -1;
			continue;
		}
		struct listener *listener = &listeners[listener_count++];
		*listener = (struct listener){.worker.turn = accept_some, .watched.ready = on_listener, .port = port, .fd = port->fd};
		if (forward_watch(listener->fd, &listener->watched) < 0)
			return -1;
	}
	return 0;
}

static void count_descriptors(const struct ports *ports) {
	struct rlimit limit = {.rlim_cur = 1024};
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	rlim_t most = limit.rlim_cur > 1u << 30 ? 1u << 30 : limit.rlim_cur;
	rlim_t others = ports->count + RESERVE;
	available = most > others ? (uint32_t)(most - others) : 0;
}

static void drop_privileges(void) {
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}, {0}};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capset, &header, none) < 0)
		leave(125);
}

/* How long there is nothing to do unless something happens, milliseconds; -1: for ever. */
static int idle(void) {
	int flows = datagrams_expire();
	if (first)
		return 0;
	if (!retry_at)
		return flows;
	int until = retry_at > now ? (int)(retry_at - now) : 0;
	return flows >= 0 && flows < until ? flows : until;
}

_Noreturn void forward(const struct ports *ports, int supervisor, int init) {
	static struct watched of_supervisor = {on_supervisor};
	static struct watched of_init = {on_init};
	drop_privileges();
	count_descriptors(ports);
	poller = epoll_create1(EPOLL_CLOEXEC);
	if (poller < 0 || forward_watch(supervisor, &of_supervisor) < 0 || forward_watch(init, &of_init) < 0 || begin(ports) < 0)
		leave(125);
	for (bool ended = false; !ended || !streams_end();) {
		struct epoll_event events[128];
		read_clock();
		int count = epoll_wait(poller, events, ARRAY_LENGTH(events), idle());
		read_clock();
		for (int i = 0; i < count; i++) {
			struct watched *watched = events[i].data.ptr;
			watched->ready(watched, events[i].events);
		}
		if (retry_at && now >= retry_at)
			resume_accepting();
		if (is_over && !ended) {
			end_all(ports);
			(void)streams_end();
			ended = true;
		}
		take_turns();
	}
	leave(0);
}
