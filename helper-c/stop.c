/* stop.c: STOP: ask, wait, kill. */
#include "channel.h"
#include "system.h"
#include "util.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The mask that a line of /proc/PID/status tells (proc_pid_status(5)). */
static bool mask_has(const char *status, const char *name, int signal) {
	const char *line = strstr(status, name);
	return line && strtoull(line + strlen(name), NULL, 16) >> (signal - 1) & 1;
}

/*
 * Whether SIGNAL does anything to the init. Process 1 of a pid namespace is shielded from signals that it has no handler for
 * (pid_namespaces(7)), as everybody is from those that are ignored; one that is blocked may be waited for, as nsinit does.
 */
static bool can_receive(const struct channel *channel, int signal) {
	char path[48];
	char status[4096];
	snprintf(path, sizeof path, "/proc/%d/status", channel->pid);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : RETRY(read(fd, status, sizeof status - 1));
	if (size < 0 || signal < 1 || signal > 64)
		return false;
	status[size] = 0;
	if (mask_has(status, "\nSigCgt:", signal) || mask_has(status, "\nSigBlk:", signal))
		return true;
	return channel->shared_pids && !mask_has(status, "\nSigIgn:", signal);
}

static void on_deadline(struct supervisor *supervisor, void *of) {
	(void)supervisor;
	channel_kill(of);
}

void channel_stop(struct supervisor *supervisor, struct channel *channel, int signal, const uint32_t *timeout) {
	if (channel->pidfd < 0)
		return; /* it has ended */
	if (!channel->running || signal == SIGKILL || !can_receive(channel, signal) || pidfd_send_signal(channel->pidfd, signal) < 0) {
		channel_kill(channel);
		return;
	}
	channel->deadline.fire = on_deadline;
	channel->deadline.of = channel;
	if (timeout && timer_set(supervisor, &channel->deadline, *timeout) < 0)
		channel_kill(channel);
}
