/*
 * init.c: the life of a container's first process.
 *
 *  1. wait for the supervisor's word that id maps and cgroups are in place
 *  2. run the operations of CREATE, say CREATED; at the first ENDPOINT wait for its word that the links are made
 *  3. wait for START, run its operations; the last one execs, and the close-on-exec socket tells the supervisor
 *  4. or, with INIT, the operations of START run in a child and this process stays: reaps, forwards signals
 *
 * Any failure is one ERROR frame, then the end.
 */
#include "build.h"
#include "system.h"
#include "util.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

static struct message message;
static struct plan start;

static int run_op(struct build *build, const struct plan *plan, const struct op *op) {
	switch ((enum op_kind)op->kind) {
	case OP_PROPAGATION: return op_propagation(build, op);
	case OP_MOUNT: return op_mount(build, op);
	case OP_BIND: return op_bind(build, op);
	case OP_OVERLAY: return op_overlay(build, op);
	case OP_PROTECT: return op_protect(build, op);
	case OP_MASK: return op_mask(build, op);
	case OP_DEVICE: return op_device(build, op);
	case OP_SYMLINK: return op_symlink(build, op);
	case OP_MKDIR: return op_mkdir(build, op);
	case OP_FILE: return op_file(build, op);
	case OP_PIVOT: return op_pivot(build, op);
	case OP_HOSTNAME: return op_hostname(build, op);
	case OP_DOMAINNAME: return op_domainname(build, op);
	case OP_SYSCTL: return op_sysctl(build, op);
	case OP_LOOPBACK: return op_loopback(build, op);
	case OP_TIME_OFFSET: return op_time_offset(build, op);
	case OP_CONSOLE: return op_console(build, op);
	case OP_RLIMIT: return op_rlimit(build, op);
	case OP_CREDENTIALS: return op_credentials(build, plan, op);
	case OP_CAPABILITIES: return 0; /* with CREDENTIALS */
	case OP_NO_NEW_PRIVS: return op_no_new_privs(build, op);
	case OP_SECCOMP: return op_seccomp(build, op);
	case OP_CWD: return op_cwd(build, op);
	case OP_EXEC: return op_exec(build, op);
	case OP_ENDPOINT: return op_endpoint(build, op);
	case OP_LINK_DELETE: return op_link_delete(build, op);
	case OP_RESOLVER: return op_resolver(build, op);
	}
	return refused(&build->failure, EINVAL, "an operation is unknown", NULL);
}

static void read_exactly(const struct build *build, uint8_t *data, size_t size) {
	for (size_t used = 0; used < size;) {
		ssize_t got = RETRY(read(build->sync, data + used, size - used));
		if (got <= 0)
			_exit(125); /* the supervisor is gone */
		used += (size_t)got;
	}
}

static uint8_t *read_frame(const struct build *build, size_t *size, const char **why) {
	uint8_t header[FRAME_HEADER];
	read_exactly(build, header, sizeof header);
	*size = frame_size(header, sizeof header, why);
	if (*why)
		return NULL;
	uint8_t *frame = malloc(*size);
	if (!frame) {
		*why = "no memory for a frame";
		return NULL;
	}
	__builtin_memcpy(frame, header, sizeof header);
	read_exactly(build, frame + sizeof header, *size - sizeof header);
	return frame;
}

/* Wait for START. The supervisor has checked it; it is checked again, since it crossed a socket. */
static const char *await_start(struct build *build) {
	const char *why = NULL;
	size_t size = build->early_size;
	const uint8_t *frame = build->early ? build->early : read_frame(build, &size, &why);
	if (!why)
		why = message_decode(&message, frame, size);
	if (!why && message.kind != KIND_START)
		why = "a frame came out of order";
	return why ? why : plan_decode(&start, &message);
}

_Noreturn void give_up(struct build *build) {
	report_failure(build, KIND_ERROR);
	leave(125);
}

static void refuse_frame(struct build *build, const char *why) {
	build->failure.step = STEP_FRAME;
	refused(&build->failure, 0, why, NULL);
	give_up(build);
}

/* The supervisor's next RESUME, which it sends before any frame of the orchestrator's. */
static void await_resume(const struct build *build) {
	uint8_t word[FRAME_HEADER];
	read_exactly(build, word, sizeof word);
}

void await_links(struct build *build) {
	if (build->wait_links)
		await_resume(build);
	build->wait_links = false;
}

static void hold(struct build *build, uint32_t index) {
	await_links(build);
	struct event event;
	event_begin(&event, KIND_HELD, build->channel);
	event_u32(&event, TAG_INDEX, index);
	(void)!RETRY(send(build->sync, event.data, event.size, MSG_NOSIGNAL));
	build->hold = false;
	for (;;) {
		const char *why = NULL;
		size_t size;
		uint8_t *frame = read_frame(build, &size, &why);
		if (why)
			refuse_frame(build, why);
		if (frame[4] == KIND_RESUME) {
			free(frame);
			return;
		}
		build->early = frame; /* START may be sent at once after CREATE; it comes once */
		build->early_size = size;
	}
}

static void run(struct build *build, const struct plan *plan, uint32_t step, uint32_t first) {
	build->failure.step = step;
	for (uint32_t i = 0; i < plan->count; i++) {
		uint32_t index = first + i;
		build->failure.index = index;
		if (build->hold && build->hold_at == index)
			hold(build, index);
		uint64_t before = build->trace ? clock_ns() : 0;
		/* exec, where it works, doesn't come back to be timed */
		if (build->trace && plan->ops[i].kind == OP_EXEC)
			report_traced(build, step, index, 0);
		if (run_op(build, plan, &plan->ops[i]) < 0)
			give_up(build);
		uint64_t after = build->trace ? clock_ns() : 0;
		if (build->trace)
			report_traced(build, step, index, after > before ? after - before : 0);
	}
}

/* 0, 1, 2 become what the plan says; everything else closes at exec. */
static int arrange_descriptors(struct build *build) {
	setsid(); /* fails only where it already leads a session */
	if (build->terminal >= 0 && console_take(build) < 0)
		return -1;
	for (int i = 0; i < 3; i++) /* out of the way of 0, 1 and 2 first */
		if ((build->streams[i] = fcntl(build->streams[i], F_DUPFD_CLOEXEC, 3)) < 0)
			return failed(&build->failure, "fcntl F_DUPFD_CLOEXEC", NULL);
	for (int i = 0; i < 3; i++)
		if (dup2(build->streams[i], i) < 0)
			return failed(&build->failure, "dup2", NULL);
	if (close_range_cloexec(3, ~0u) < 0)
		return failed(&build->failure, "close_range", NULL);
	return 0;
}

_Noreturn void become_payload(struct build *build, uint32_t first) {
	build->failure.step = STEP_STREAMS;
	if (arrange_descriptors(build) < 0)
		give_up(build);
	run(build, &start, STEP_START, first);
	_exit(125); /* START ends in exec, which doesn't return */
}

/* In a container that runs already: its processes can't trace this one (CVE-2016-9962), and its paths are no more
 * trusted than they were when its root was made. */
static void arrive(struct build *build) {
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		failed(&build->failure, "prctl PR_SET_DUMPABLE", NULL);
	else if ((build->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		failed(&build->failure, "open", "/");
	else
		return;
	give_up(build);
}

_Noreturn void init_main(struct build *build, const struct plan *plan) {
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	umask(0);
	build->failure.step = STEP_CREATE;
	if (build->joins)
		arrive(build);
	if (build->wait) {
		await_resume(build);
		build->failure.step = STEP_CGROUP;
		if (build->own_cgroups && unshare(CLONE_NEWCGROUP) < 0) {
			failed(&build->failure, "unshare", "a cgroup namespace");
			give_up(build);
		}
	}
	run(build, plan, STEP_CREATE, 0);
	report(build, KIND_CREATED);
	const char *why = await_start(build);
	if (why)
		refuse_frame(build, why);
	if (build->stay)
		stay(build, plan->count);
	become_payload(build, plan->count);
}
