/* stop.c: STOP: ask, wait, kill. */
#include "channel.h"
#include "system.h"
#include "util.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The mask that a line of /proc/PID/status tells (proc_pid_status(5)). */
static bool mask_has(const char *status, const char *name, int signal) {
	const char *line = strstr(status, name);
	return line && strtoull(line + strlen(name), NULL, 16) >> (signal - 1) & 1;
}

static bool read_proc(pid_t pid, const char *name, char *text, size_t size) {
	char path[48];
	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	return read_file(path, text, size) >= 0;
}

/* In sigtimedwait(2), as nsinit and tini are all their lives: what it waits for isn't shown as blocked meanwhile. */
static bool waits_for_signals(pid_t pid) {
	char text[256];
	return read_proc(pid, "syscall", text, sizeof text) && strtol(text, NULL, 10) == SYS_rt_sigtimedwait;
}

/*
 * Whether SIGNAL does anything to the init. Process 1 of a pid namespace is shielded from signals that it has no handler for
 * (pid_namespaces(7)), as everybody is from those that are ignored; one that is blocked may be waited for.
 */
static bool can_receive(const struct channel *channel, int signal) {
	char status[4096];
	if (signal < 1 || signal > 64 || !read_proc(channel->pid, "status", status, sizeof status))
		return false;
	if (mask_has(status, "\nSigCgt:", signal) || mask_has(status, "\nSigBlk:", signal) || waits_for_signals(channel->pid))
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
