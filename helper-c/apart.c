/* apart.c: a short-lived process that goes where the supervisor can't, since there would be no way back. */
#include "channel.h"
#include "util.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

int run_apart(int (*act)(void *argument), void *argument) {
	static _Alignas(16) uint8_t stack[262144]; /* an init that is cloned there goes on in a copy of it */
	int pid = clone(act, stack + sizeof stack, CLONE_VM | CLONE_FILES | CLONE_VFORK | SIGCHLD, argument);
	if (pid < 0)
		return -1;
	RETRY(waitpid(pid, NULL, 0));
	return 0;
}
