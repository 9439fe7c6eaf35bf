/*
 * anchor.c: who dies with whom.
 *
 * PDEATHSIG alone is no leash: the kernel forgets it when a payload changes its user (as gosu, su-exec and every
 * privilege-dropping server do) and a payload may clear it. So, with privilege, all pid namespaces are made below one
 * whose init is the anchor: a process of our own that never execs, changes nothing, and ends with the supervisor;
 * and with it, by the kernel's rule for a pid namespace's init, ends everything below (pid_namespaces(7)).
 *
 * It shares the supervisor's memory, so it costs a task and no pages.
 */
#include "channel.h"
#include "system.h"
#include "util.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static _Alignas(16) uint8_t stack[4096];

/* Shares memory: touches nothing but its own stack, and no libc state. */
static int anchor_main(void *argument) {
	int supervisor = (int)(intptr_t)argument;
	struct pollfd gone = {.fd = supervisor, .events = POLLIN};
	if (syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || syscall(SYS_poll, &gone, 1, 0) != 0 ||
		syscall(SYS_close_range, 0u, ~0u, 0u) < 0)
		syscall(SYS_exit_group, 0); /* which the supervisor sees */
	while (syscall(SYS_pause) < 0)
		;
	return 0;
}

const char *anchor_start(struct supervisor *supervisor) {
	supervisor->anchor = -1;
	supervisor->anchor_pids = -1;
	supervisor->host_pids = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	if (supervisor->host_pids < 0)
		return "no anchor: its pid namespace can't be opened";
	/* Without privilege PDEATHSIG and gc are the leash (docs/architecture.md, "Who dies with whom"); past the limit on pid
	 * namespaces there will be no container that has one. */
	if (unshare(CLONE_NEWPID) < 0)
		return errno == EPERM || errno == ENOSPC ? NULL : "no anchor: unshare failed";
	int self = pidfd_open(getpid());
	int flags = CLONE_VM | CLONE_PIDFD | SIGCHLD;
	int pidfd = -1;
	int made = self < 0 ? -1 : clone(anchor_main, stack + sizeof stack, flags, (void *)(intptr_t)self, &pidfd);
	close_fd(&self); /* the anchor has a copy */
	if (made < 0)
		return "no anchor: clone failed";
	supervisor->anchor = pidfd;
	supervisor->anchor_pid = made;
	supervisor->anchor_pids = open("/proc/self/ns/pid_for_children", O_RDONLY | O_CLOEXEC);
	supervisor->from_anchor = (struct source){SOURCE_ANCHOR, NULL};
	if (supervisor->anchor_pids < 0 || supervisor_watch(supervisor, pidfd, 1 /* EPOLLIN */, &supervisor->from_anchor) < 0)
		return "no anchor: it can't be watched";
	return NULL;
}

void anchor_end(struct supervisor *supervisor) {
	if (supervisor->anchor < 0)
		return;
	(void)pidfd_send_signal(supervisor->anchor, SIGKILL);
	/* Whoever is dead below it is reaped first, or it would wait for them, and we for it (pid_namespaces(7)). */
	for (pid_t pid; (pid = RETRY(waitpid(-1, NULL, 0))) > 0 && pid != supervisor->anchor_pid;)
		;
}
