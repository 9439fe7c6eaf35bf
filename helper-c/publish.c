/*
 * publish.c: the forwarder, as the supervisor sees it.
 *
 * It is a child of the supervisor, below its anchor as containers are, in the container's user and network namespaces and in
 * none other of its: those inside can't see it. When the container's init has ended, it lets what the container had said get
 * out, for LAST_WORDS at most, and ends; the channel is released after it. One that is killed is replaced.
 */
#include "publish.h"
#include "served.h"
#include "system.h"
#include "util.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
	LAST_WORDS = 2000, /* milliseconds that a client may take for what the container had said before its end */
	STEADY = 1000,     /* a forwarder that ended sooner isn't made again: it would end again */
};

int publish_open(struct supervisor *supervisor, struct channel *channel, const struct message *message, struct failure *failure) {
	struct served *served = channel->served;
	failure->step = STEP_PUBLISH;
	if (served && served->ports) {
		channel->ports = served->ports;
		if (ports_resume(channel->ports, failure) < 0)
			return -1;
	} else if (ports_open(message, &channel->ports, failure) < 0) {
		return -1;
	}
	if (served)
		served->ports = channel->ports;
	if (channel->ports)
		ports_tell(supervisor, channel, channel->ports);
	return 0;
}

/* Only these stay open: 3 the supervisor, 4 the container's init, 5 the way to tell what goes wrong, then the ports. */
static int keep_only(struct ports *ports, int descriptors[3]) {
	int first = 3;
	int count = 3 + (int)ports->count;
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -1;
	limit.rlim_cur = limit.rlim_max; /* each connection takes some */
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < count; i++) { /* out of the way */
		int *fd = i < 3 ? &descriptors[i] : &ports->list[i - 3].fd;
		if ((*fd = fcntl(*fd, F_DUPFD_CLOEXEC, first + count)) < 0)
			return -1;
	}
	for (int i = 0; i < count; i++) {
		int *fd = i < 3 ? &descriptors[i] : &ports->list[i - 3].fd;
		if (dup3(*fd, first + i, O_CLOEXEC) < 0)
			return -1;
		*fd = first + i;
	}
	syscall(SYS_close_range, 0u, 2u, 0u);
	return (int)syscall(SYS_close_range, (unsigned)(first + count), ~0u, 0u);
}

/* Which of the two namespaces of the init are others than ours. */
static int differing(pid_t pid) {
	static const struct {
		const char *name;
		int flag;
	} kinds[] = {{"user", CLONE_NEWUSER}, {"net", CLONE_NEWNET}};
	int flags = 0;
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
		char path[64];
		struct stat ours;
		struct stat theirs;
		snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i].name);
		int mine = stat(path, &ours);
		snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, kinds[i].name);
		if (mine < 0 || stat(path, &theirs) < 0 || ours.st_ino != theirs.st_ino)
			flags |= kinds[i].flag;
	}
	return flags;
}

/* The forwarder's own first steps; FLAGS: the namespaces to enter. */
_Noreturn static void enter(struct ports *ports, int supervisor, int init, int report, int flags) {
	struct failure failure = {.step = STEP_PUBLISH};
	int descriptors[3] = {supervisor, init, report};
	struct pollfd gone = {.events = POLLIN};
	if (keep_only(ports, descriptors) < 0) {
		failed(&failure, "arranging descriptors", NULL);
	} else if (flags && setns(descriptors[1], flags) < 0) {
		failed(&failure, "setns", "the container's network");
	} else {
		/* After the change of namespaces, which would forget it. */
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		prctl(PR_SET_NAME, "nsinit:ports", 0, 0, 0);
		gone.fd = descriptors[0];
		if (poll(&gone, 1, 0) == 0 && write_all(descriptors[2], "", 1) == 0) {
			close_fd(&descriptors[2]);
			forward(ports, descriptors[0], descriptors[1]);
		}
		leave(0);
	}
	(void)write_all(descriptors[2], &failure, sizeof failure);
	leave(125);
}

/* What the forwarder says of its first steps: one byte, or what went wrong. */
static int hear(int report, struct failure *failure) {
	struct failure theirs;
	uint8_t *bytes = (uint8_t *)&theirs;
	size_t size = 0;
	for (ssize_t got; size < sizeof theirs && (got = RETRY(read(report, bytes + size, sizeof theirs - size))) > 0; size += (size_t)got)
		;
	if (size == 1)
		return 0;
	if (size != sizeof theirs)
		return refused(failure, 0, "the process that forwards ports was killed", NULL);
	*failure = theirs;
	return -1;
}

static int begin(struct supervisor *supervisor, struct channel *channel, struct failure *failure) {
	int ends[2];
	cleanup_fd int self = pidfd_open(getpid());
	if (self < 0)
		return failed(failure, "pidfd_open", NULL);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return failed(failure, "pipe2", NULL);
	cleanup_fd int from = ends[0];
	cleanup_fd int to = ends[1];
	int flags = differing(channel->pid);
	pid_t pid = fork();
	if (pid == 0)
		enter(channel->ports, self, channel->pidfd, to, flags);
	if (pid < 0)
		return failed(failure, "fork", NULL);
	close_fd(&to);
	channel->forwarder_pid = pid;
	channel->forwarder = pidfd_open(pid);
	channel->from_forwarder = (struct source){SOURCE_FORWARDER, channel};
	channel->forwarder_began = clock_ns();
	bool watched = channel->forwarder >= 0 && supervisor_watch(supervisor, channel->forwarder, EPOLLIN, &channel->from_forwarder) == 0;
	if (!watched)
		failed(failure, "watching the process that forwards ports", NULL);
	if (watched && hear(from, failure) == 0)
		return 0;
	kill(pid, SIGKILL);
	RETRY(waitpid(pid, NULL, 0));
	supervisor_forget(supervisor, &channel->forwarder);
	channel->forwarder_pid = 0;
	return -1;
}

int publish_begin(struct supervisor *supervisor, struct channel *channel, struct failure *failure) {
	failure->step = STEP_PUBLISH;
	return channel->ports ? begin(supervisor, channel, failure) : 0;
}

/* It was killed, or found no memory; the sockets are still ours. */
static void replace(struct supervisor *supervisor, struct channel *channel) {
	struct failure failure = {.step = STEP_PUBLISH};
	bool steady = clock_ns() - channel->forwarder_began >= STEADY * 1000000ull;
	refused(&failure, 0, steady ? "the process that forwards ports ended, and every connection with it; another takes its place"
		: "the process that forwards ports ends as soon as it is made: they are closed", NULL);
	channel_send_failure(supervisor, channel, &failure, KIND_WARNING);
	if (steady && begin(supervisor, channel, &failure) == 0)
		return;
	if (steady)
		channel_send_failure(supervisor, channel, &failure, KIND_WARNING);
	ports_pause(channel->ports); /* nobody waits for an answer that doesn't come */
}

static bool is_running(int pidfd) {
	struct pollfd its_end = {.fd = pidfd, .events = POLLIN};
	return pidfd >= 0 && poll(&its_end, 1, 0) == 0;
}

void publish_on_process(struct supervisor *supervisor, struct channel *channel) {
	RETRY(waitpid(channel->forwarder_pid, NULL, 0));
	supervisor_forget(supervisor, &channel->forwarder);
	channel->forwarder_pid = 0;
	if (channel->closing)
		channel->ended = true; /* channel_release goes on */
	else if (is_running(channel->pidfd))
		replace(supervisor, channel);
}

void publish_kill(const struct channel *channel) {
	if (channel->forwarder >= 0)
		(void)pidfd_send_signal(channel->forwarder, SIGKILL);
}

static void on_deadline(struct supervisor *supervisor, void *of) {
	(void)supervisor;
	publish_kill(of);
}

bool publish_over(struct supervisor *supervisor, struct channel *channel) {
	if (channel->ports && channel->again) {
		ports_pause(channel->ports);
	} else if (channel->ports) {
		ports_close(&channel->ports);
		if (channel->served)
			channel->served->ports = NULL;
	}
	if (channel->forwarder < 0) {
		timer_clear(supervisor, &channel->deadline);
		channel->closing = false;
		return true;
	}
	if (!channel->closing) {
		channel->closing = true;
		channel->deadline.fire = on_deadline;
		channel->deadline.of = channel;
		if (supervisor->orphaned || timer_set(supervisor, &channel->deadline, LAST_WORDS) < 0)
			publish_kill(channel);
	}
	return false;
}
