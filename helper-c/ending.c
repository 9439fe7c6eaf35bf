/* ending.c: a container's end: the answer first, then what the kernel and the disk still hold. */
#include "endpoint.h"
#include "peer.h"
#include "resolver.h"
#include "served.h"
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

void channel_send_exited(struct supervisor *supervisor, const struct channel *channel, const struct ending *ending) {
	struct event event;
	event_begin(&event, KIND_EXITED, channel->number);
	event_u32(&event, ending->how == CLD_EXITED ? TAG_CODE : TAG_SIGNAL, (uint32_t)ending->status);
	event_u64(&event, TAG_USER_TIME, ending->user_time);
	event_u64(&event, TAG_SYSTEM_TIME, ending->system_time);
	event_u64(&event, TAG_MAX_RSS, ending->max_rss);
	if (ending->memory_peak)
		event_u64(&event, TAG_MEMORY_PEAK, ending->memory_peak);
	if (ending->oom_killed)
		event_flag(&event, TAG_OOM_KILLED);
	if (ending->again)
		event_flag(&event, TAG_AGAIN);
	channel_tell(supervisor, channel, &event);
}

static void send_died(struct supervisor *supervisor, struct channel *channel) {
	struct failure failure = {.step = STEP_INIT};
	char detail[64];
	snprintf(detail, sizeof detail, channel->how == CLD_EXITED ? "exit status %d" : "signal %d", channel->status);
	refused(&failure, 0, detail, NULL);
	channel_send_failure(supervisor, channel, &failure, KIND_ERROR);
}

/* The kernel's account: of the init and what it waited for, or, where a cgroup knows, of all. */
static void account(const struct channel *channel, struct ending *ending) {
	ending->ran = channel->running;
	ending->how = channel->how;
	ending->status = channel->status;
	ending->user_time = microseconds(channel->usage.ru_utime);
	ending->system_time = microseconds(channel->usage.ru_stime);
	ending->max_rss = (uint64_t)channel->usage.ru_maxrss;
	if (!channel->cgroups || !*channel->cgroups)
		return;
	uint64_t user = 0;
	uint64_t system = 0;
	if (account_times(channel->cgroups, &user, &system) && user >= channel->user_before && system >= channel->system_before) {
		ending->user_time = user - channel->user_before;
		ending->system_time = system - channel->system_before;
	}
	ending->memory_peak = account_peak(channel->cgroups);
	ending->oom_killed = account_oom(channel->cgroups) > channel->oom_before;
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

/* Whether the child PID is one of those that we made. */
static bool is_ours(const struct supervisor *supervisor, pid_t pid) {
	bool ours = pid == supervisor->anchor_pid;
	for (const struct channel *at = supervisor->channels; at; at = at->next)
		ours = ours || at->pid == pid || at->remover_pid == pid || at->forwarder_pid == pid;
	return ours;
}

/* Of what containers in our pid namespace have left, which comes to us, the subreaper: the dead. */
void channel_reap_strays(const struct supervisor *supervisor) {
	FILE *children = fopen("/proc/thread-self/children", "re");
	for (int pid; children && fscanf(children, "%d", &pid) == 1;)
		if (!is_ours(supervisor, pid))
			(void)waitpid(pid, NULL, WNOHANG);
	if (children)
		fclose(children);
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
			if (is_ours(supervisor, pid) || (!alone && !is_in(channel, pid)))
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
	timer_clear(supervisor, &channel->deadline);
	relay_close(supervisor, channel);
	channel_close_ends(channel);
	channel->ended = true;
	struct ending ending = {0};
	if (channel->served && !channel->running && !channel->failed && run_cancelled(supervisor, channel->served))
		return;
	account(channel, &ending);
	if (!channel->running && !channel->failed)
		send_died(supervisor, channel);
	if (channel->served)
		run_ended(supervisor, channel, &ending);
	if (channel->running)
		channel_send_exited(supervisor, channel, &ending);
	if (channel->on_end)
		channel->on_end(supervisor, channel);
}

/* What stays is named, by path and errno; the next start's gc tries again. */
static void warn_unremoved(struct supervisor *supervisor, struct channel *channel, const char *path) {
	struct failure failure = {.step = STEP_REMOVE};
	failed(&failure, "unlinkat", path);
	channel_send_failure(supervisor, channel, &failure, KIND_WARNING);
}

static void record_destroyed(const struct channel *channel) {
	if (channel->served && serve_is_removed(channel->served, channel))
		record_event(channel->served, "destroy", "");
}

static void released(struct supervisor *supervisor, struct channel *channel) {
	channel_send(supervisor, channel, KIND_RELEASED);
	if (channel->served)
		clients_close(supervisor);
	channel_free(supervisor, channel);
}

/* The tree is large, or the kernel slow: a process of its own goes on with it, so that the other containers needn't wait. */
static bool remove_apart(struct supervisor *supervisor, struct channel *channel, const char *paths, bool links) {
	pid_t pid = fork();
	if (pid == 0) {
		/* Copies of the sockets and pipes of others would keep their ends of file from coming until this is done. */
		unsigned kept = 0;
		if (links)
			channel->inside = dup2(channel->inside, (int)kept++);
		if (links && channel->parent.pidfd >= 0)
			channel->parent.pidfd = dup2(channel->parent.pidfd, (int)kept++);
		syscall(SYS_close_range, kept, ~0u, 0u);
		if (links)
			links_delete(channel); /* before its addresses are anybody else's */
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
	} else {
		record_destroyed(channel);
	}
	released(supervisor, channel);
}

void channel_release(struct supervisor *supervisor, struct channel *channel) {
	channel->ended = false; /* once is enough */
	resolver_close(supervisor, channel); /* no event of this round can tell of it any more */
	if (!publish_over(supervisor, channel))
		return;
	if (channel->shared_pids)
		end_strays(supervisor, channel);
	close_fd(&channel->mounts); /* unmounts all that the container had */
	bool lingers = channel->inside >= 0 && links_linger(channel);
	if (!lingers)
		close_fd(&channel->inside);
	if (channel->again) {
		run_wait(supervisor, channel->served);
		return;
	}
	if (channel->served)
		serve_close(supervisor, channel->served);
	if (lingers && remove_apart(supervisor, channel, channel->remove, true))
		return;
	for (const char *path = channel->remove; path && *path; path += strlen(path) + 1) {
		switch (remove_tree(path, INLINE_REMOVALS)) {
		case REMOVED: break;
		case REMOVAL_UNFINISHED:
			if (remove_apart(supervisor, channel, path, false))
				return;
			/* fall through */
		case REMOVAL_FAILED:
			/* What follows stays, too: the claim comes last, and tells gc of the rest. */
			warn_unremoved(supervisor, channel, path);
			released(supervisor, channel);
			return;
		}
	}
	record_destroyed(channel);
	released(supervisor, channel);
}
