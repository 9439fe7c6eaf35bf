/* ending.c: a container's end: the answer first, then what the kernel and the disk still hold. */
#include "channel.h"
#include "system.h"
#include "util.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { INLINE_REMOVALS = 64 }; /* entries removed between two events; a larger tree gets a process of its own */

static uint64_t microseconds(struct timeval time) {
	return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_usec;
}

static void send_exited(struct supervisor *supervisor, const struct channel *channel) {
	struct event event;
	event_begin(&event, KIND_EXITED, channel->number);
	event_u32(&event, channel->how == CLD_EXITED ? TAG_CODE : TAG_SIGNAL, (uint32_t)channel->status);
	event_u64(&event, TAG_USER_TIME, microseconds(channel->usage.ru_utime));
	event_u64(&event, TAG_SYSTEM_TIME, microseconds(channel->usage.ru_stime));
	event_u64(&event, TAG_MAX_RSS, (uint64_t)channel->usage.ru_maxrss);
	supervisor_send(supervisor, &event);
}

static void send_died(struct supervisor *supervisor, struct channel *channel) {
	struct failure failure = {.step = STEP_INIT};
	char detail[64];
	snprintf(detail, sizeof detail, channel->how == CLD_EXITED ? "exit status %d" : "signal %d", channel->status);
	refused(&failure, 0, detail, NULL);
	channel_send_failure(supervisor, channel, &failure, KIND_ERROR);
}

/* Whether PID is in the container's mount namespace, or dead. */
static bool is_in(const struct channel *channel, pid_t pid) {
	char path[48];
	struct stat its;
	struct stat mounts;
	snprintf(path, sizeof path, "/proc/%d/ns/mnt", pid);
	if (stat(path, &its) < 0)
		return errno == ENOENT;
	return channel->mounts >= 0 && fstat(channel->mounts, &mounts) == 0 && its.st_ino == mounts.st_ino;
}

/*
 * A container that shares our pid namespace may leave processes behind; they come to us, the subreaper, and end here.
 * They are our children that are no channel's init; while others share our pid namespace, too, the mount namespace
 * tells whose they are.
 */
static void end_strays(const struct supervisor *supervisor, const struct channel *channel) {
	bool alone = true;
	for (const struct channel *at = supervisor->channels; at; at = at->next)
		alone = alone && (at == channel || at->pid == 0 || !at->shared_pids);
	for (bool any = true; any;) {
		any = false;
		FILE *children = fopen("/proc/thread-self/children", "re");
		for (int pid; children && fscanf(children, "%d", &pid) == 1;) {
			bool ours = pid == supervisor->anchor_pid;
			for (const struct channel *at = supervisor->channels; at; at = at->next)
				ours = ours || at->pid == pid || at->remover_pid == pid;
			if (ours || (!alone && !is_in(channel, pid)))
				continue;
			any = true;
			kill(pid, SIGKILL);
			RETRY(waitpid(pid, NULL, 0));
		}
		if (children)
			fclose(children);
	}
}

void channel_on_process(struct supervisor *supervisor, struct channel *channel) {
	channel_on_sync(supervisor, channel); /* its last words */
	siginfo_t info = {0};
	long waited = RETRY(syscall(SYS_waitid, P_PIDFD, channel->pidfd, &info, WEXITED | WNOHANG, &channel->usage));
	if (waited < 0 || info.si_pid == 0)
		return;
	if (channel->sync >= 0)
		channel_sync_ended(supervisor, channel);
	channel->pid = 0;
	supervisor_forget(supervisor, &channel->pidfd);
	channel->how = info.si_code;
	channel->status = info.si_status;
	if (supervisor->orphaned || relay_drain(channel))
		channel_finish(supervisor, channel);
	else
		channel->draining = true; /* relay_on_ready goes on with it */
}

void channel_finish(struct supervisor *supervisor, struct channel *channel) {
	channel->draining = false;
	relay_close(supervisor, channel);
	channel_close_ends(channel);
	channel->ended = true;
	if (channel->running)
		send_exited(supervisor, channel);
	else if (!channel->failed)
		send_died(supervisor, channel);
}

/* What stays is named, by path and errno; the next start's gc tries again. */
static void warn_unremoved(struct supervisor *supervisor, struct channel *channel, const char *path) {
	struct failure failure = {.step = STEP_REMOVE};
	failed(&failure, "unlinkat", path);
	channel_send_failure(supervisor, channel, &failure, KIND_WARNING);
}

static void released(struct supervisor *supervisor, struct channel *channel) {
	channel_send(supervisor, channel, KIND_RELEASED);
	channel_free(supervisor, channel);
}

/* The tree is large: a process of its own goes on with it, so that the other containers needn't wait. */
static bool remove_apart(struct supervisor *supervisor, struct channel *channel, const char *paths) {
	pid_t pid = fork();
	if (pid == 0) {
		/* Copies of the sockets and pipes of others would keep their ends of file from coming until this is done. */
		syscall(SYS_close_range, 0u, ~0u, 0u);
		for (const char *path = paths; *path; path += strlen(path) + 1)
			if (remove_tree(path, -1) != REMOVED)
				_exit(errno > 0 && errno < 256 ? errno : EIO);
		_exit(0);
	}
	if (pid < 0)
		return false;
	channel->remover = pidfd_open(pid);
	channel->remover_pid = pid;
	channel->from_remover = (struct source){SOURCE_REMOVER, channel};
	if (channel->remover >= 0 && supervisor_watch(supervisor, channel->remover, EPOLLIN, &channel->from_remover) == 0)
		return true;
	/* Nobody would hear of its end, and the channel is about to be freed. */
	int error = errno;
	kill(pid, SIGKILL);
	RETRY(waitpid(pid, NULL, 0));
	close_fd(&channel->remover);
	errno = error;
	return false;
}

void channel_on_remover(struct supervisor *supervisor, struct channel *channel) {
	int status = 0;
	RETRY(waitpid(channel->remover_pid, &status, 0));
	supervisor_forget(supervisor, &channel->remover);
	if (status != 0) {
		errno = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
		warn_unremoved(supervisor, channel, channel->remove);
	}
	released(supervisor, channel);
}

void channel_release(struct supervisor *supervisor, struct channel *channel) {
	channel->ended = false; /* once is enough */
	if (channel->shared_pids)
		end_strays(supervisor, channel);
	close_fd(&channel->mounts); /* unmounts all that the container had */
	for (const char *path = channel->remove; path && *path; path += strlen(path) + 1) {
		switch (remove_tree(path, INLINE_REMOVALS)) {
		case REMOVED: break;
		case REMOVAL_UNFINISHED:
			if (remove_apart(supervisor, channel, path))
				return;
			/* fall through */
		case REMOVAL_FAILED:
			/* What follows stays, too: the claim comes last, and tells gc of the rest. */
			warn_unremoved(supervisor, channel, path);
			released(supervisor, channel);
			return;
		}
	}
	released(supervisor, channel);
}
