/* process.c: the payload: where it runs, what it sees, and execve. */
#include "build.h"
#include "system.h"
#include "util.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

int op_cwd(struct build *build, const struct op *op) {
	const char *path = op_string(op, TAG_TARGET);
	/* Not by chdir: an image may name a working directory of /proc/self/fd/N (CVE-2024-21626). */
	cleanup_fd int directory = target_open(build, op);
	if (directory < 0)
		return -1;
	return fchdir(directory) < 0 ? failed(&build->failure, "fchdir", path) : 0;
}

/* HOME comes from the user's passwd entry (credentials.c left it in our environment) unless the plan says otherwise. */
static void collect(const struct op *op, char **argv, char **envp) {
	static char home[LIMIT_PATH + 8];
	size_t args = 0;
	size_t envs = 0;
	bool has_home = false;
	for (uint32_t i = 0; i < op->count; i++) {
		char *text = (char *)(uintptr_t)field_string(&op->fields[i]);
		if (op->fields[i].tag == TAG_ARG) {
			argv[args++] = text;
		} else if (op->fields[i].tag == TAG_ENV) {
			envp[envs++] = text;
			has_home = has_home || strncmp(text, "HOME=", 5) == 0;
		}
	}
	const char *looked_up = getenv("HOME");
	if (!has_home && looked_up) {
		snprintf(home, sizeof home, "HOME=%s", looked_up);
		envp[envs++] = home;
	}
	argv[args] = NULL;
	envp[envs] = NULL;
}

static const char *search_path(char **envp) {
	for (; *envp; envp++)
		if (strncmp(*envp, "PATH=", 5) == 0)
			return *envp + 5;
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"; /* as the plan's default; an image without PATH */
}

/* execvp(3)'s search, in the payload's PATH: an unusable candidate is remembered, a later usable one still wins. */
static void search_and_exec(char **argv, char **envp) {
	const char *name = argv[0];
	if (strchr(name, '/')) {
		execve(name, argv, envp);
		return;
	}
	int kept = ENOENT;
	for (const char *at = search_path(envp); at;) {
		char candidate[LIMIT_PATH];
		const char *end = strchrnul(at, ':');
		int written = end == at ? snprintf(candidate, sizeof candidate, "./%s", name)
			: snprintf(candidate, sizeof candidate, "%.*s/%s", (int)(end - at), at, name);
		if (written > 0 && (size_t)written < sizeof candidate) {
			execve(candidate, argv, envp);
			struct stat status;
			/* A directory of that name is no candidate: a shell says "not found". */
			if (errno != ENOENT && errno != ENOTDIR && !(errno == EACCES && stat(candidate, &status) == 0 && S_ISDIR(status.st_mode)))
				kept = errno;
		}
		at = *end ? end + 1 : NULL;
	}
	errno = kept;
}

/* PDEATHSIG is forgotten when credentials change, so it is set again here; a supervisor that died meanwhile shows as
 * a hang-up, since getppid() is 0 in a new pid namespace (prctl(2)). */
static int follow_supervisor(struct build *build) {
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return failed(&build->failure, "prctl PR_SET_PDEATHSIG", NULL);
	struct pollfd sync = {.fd = build->sync, .events = 0};
	if (poll(&sync, 1, 0) == 1 && sync.revents & (POLLHUP | POLLERR))
		_exit(125);
	return 0;
}

int op_exec(struct build *build, const struct op *op) {
	static char *argv[LIMIT_FIELDS + 1];
	static char *envp[LIMIT_FIELDS + 2];
	collect(op, argv, envp);
	if (!argv[0][0])
		return refused(&build->failure, ENOENT, "the command is an empty word", NULL);
	if (!build->stay && follow_supervisor(build) < 0)
		return -1;
	umask(022);
	signal(SIGPIPE, SIG_DFL);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	report(build, KIND_RUNNING);
	if (build->program >= 0) {
		syscall(SYS_execveat, build->program, "", argv, envp, AT_EMPTY_PATH);
		return failed(&build->failure, "execveat PROGRAM", argv[0]);
	}
	search_and_exec(argv, envp);
	return failed(&build->failure, "execve", argv[0]);
}
