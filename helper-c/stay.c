/*
 * stay.c: PID 1 that stays (--init): it reaps what is orphaned, passes signals on to the payload, and ends as it does.
 *
 * Without a pid namespace of its own it is a subreaper instead, and takes the payload's descendants down with it.
 */
#include "build.h"
#include "system.h"
#include "util.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* Signals that are about this process itself, or that the kernel raises at a fault, aren't passed on. */
static void signals_to_pass(sigset_t *set) {
	static const int own[] = {SIGCHLD, SIGTTIN, SIGTTOU, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};
	sigfillset(set);
	for (size_t i = 0; i < ARRAY_LENGTH(own); i++)
		sigdelset(set, own[i]);
}

/* Reap what has ended; true once the payload is among them. */
static bool reap(pid_t payload, int *status) {
	bool ended = false;
	int any;
	for (pid_t pid; (pid = waitpid(-1, &any, WNOHANG)) > 0;) {
		if (pid == payload) {
			*status = any;
			ended = true;
		}
	}
	return ended;
}

/* What the payload left, where no pid namespace ends it: our children, as proc_pid_task(5) lists them, until none is left. */
static void kill_orphans(void) {
	for (;;) {
		FILE *children = fopen("/proc/thread-self/children", "re");
		bool any = false;
		for (int pid; children && fscanf(children, "%d", &pid) == 1;) {
			kill(pid, SIGKILL);
			any = true;
		}
		if (children)
			fclose(children);
		if (!any || waitpid(-1, NULL, 0) < 0)
			return;
	}
}

_Noreturn void stay(struct build *build, uint32_t first) {
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	bool is_init = getpid() == 1;
	build->failure.step = STEP_INIT;
	if (!is_init && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) {
		failed(&build->failure, "prctl PR_SET_CHILD_SUBREAPER", NULL);
		give_up(build);
	}
	pid_t payload = fork();
	if (payload < 0) {
		failed(&build->failure, "fork", NULL);
		give_up(build);
	}
	if (payload == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		become_payload(build, first);
	}
	/* Nothing of the outside stays open here: the payload's copies alone decide over end-of-file. */
	syscall(SYS_close_range, 0u, ~0u, 0u);
	sigset_t pass;
	signals_to_pass(&pass);
	int status = 0;
	while (!reap(payload, &status)) {
		int signal = sigwaitinfo(&all, NULL);
		if (signal > 0 && sigismember(&pass, signal))
			kill(payload, signal);
	}
	if (!is_init)
		kill_orphans();
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}
