/*
 * channel.h: what the supervisor keeps for each container, and the rooms that handle it.
 *
 *   made ──▶ created ──▶ running ──▶ exited ──▶ released (freed)
 *     └─────────┴── error ───────────────▲
 */
#pragma once

#include "frame.h"
#include "plan.h"

#include <sys/resource.h>
#include <sys/types.h>

enum source_kind {
	SOURCE_PEER, SOURCE_LISTENER, SOURCE_TIMER, SOURCE_RESOLVER, SOURCE_HUB, SOURCE_ANCHOR, SOURCE_SIGNALS, SOURCE_SYNC, SOURCE_PROCESS, SOURCE_REMOVER, SOURCE_RELAY,
	SOURCE_TARGET, SOURCE_HEALTH, SOURCE_FORWARDER
};

/* What epoll hands back: which descriptor of whom: a channel, a peer, a timer, an end of the hub. */
struct source {
	enum source_kind kind;
	void *of;
};

struct supervisor;
struct served;
struct peer;

/* timer.c */
struct timer {
	bool set;
	int fd;
	struct source source;
	void (*fire)(struct supervisor *supervisor, void *of);
	void *of;
};
int timer_set(struct supervisor *supervisor, struct timer *timer, uint32_t milliseconds); /* from now; replaces what was set */
void timer_clear(struct supervisor *supervisor, struct timer *timer);
void timer_on_ready(struct supervisor *supervisor, struct timer *timer);

struct parent {
	int pidfd;  /* -1: the helper itself */
	int others; /* of CLONE_NEWUSER and CLONE_NEWNET, those of its namespaces that aren't ours */
};

struct relay;
struct resolver;
struct ports;

struct channel {
	struct channel *next;
	uint32_t number;
	pid_t pid;
	int pidfd;
	int sync;            /* to the init; closed once it has exec'd */
	int mounts;          /* its mount namespace: kept so that unmounting waits until the exit is reported */
	int ends[3];         /* the helper's ends of piped streams, until START */
	struct relay *relay; /* with TERMINAL */
	struct resolver *resolver; /* with RESOLVER */
	char *remove;        /* paths, each ending in NUL, then an empty one */
	int inside;          /* with links: its network namespace, else -1 */
	struct parent parent; /* ... and where their outer ends are */
	uint8_t *unsent;     /* what the init's socket had no room for yet */
	size_t unsent_size;
	bool started;        /* START came */
	bool created;        /* CREATED is still to be told: with RUNNING, where START has come already */
	bool intends;        /* the init said that it execs now */
	bool running;        /* RUNNING was sent */
	bool failed;         /* ERROR was sent */
	bool no_setgroups;   /* DENY_SETGROUPS, of this or the container that it joined */
	bool shared_pids;    /* no pid namespace of its own */
	bool draining;       /* the init has ended, what it wrote last is on its way to a slow reader */
	bool ended;          /* the exit is reported; to be released when this round of events is done */
	int how, status;     /* of the exit: CLD_*, and the status or signal (waitid(2)) */
	struct rusage usage;
	int target;          /* with JOIN: pidfd of the container's init, with which this one ends */
	int presence;        /* PRESENCE, or -1 */
	int remover;         /* pidfd of the process that removes a large tree */
	pid_t remover_pid;
	struct source from_sync, from_process, from_remover, from_relay, from_target;
	char *cgroups;       /* paths, each ending in NUL, then an empty one; what they knew as the run began: */
	uint64_t oom_before, user_before, system_before;
	struct timer deadline;  /* of STOP: SIGKILL then; once the init has ended, of the forwarder */
	struct ports *ports;    /* that are published, or NULL; where it is served, they are its */
	int forwarder;          /* pidfd of the process that forwards what comes there, or -1 */
	pid_t forwarder_pid;
	uint64_t forwarder_began; /* clock_ns() */
	struct source from_forwarder;
	bool closing;           /* only the forwarder is still waited for */
	struct served *served;  /* what SERVE said of it, or NULL */
	bool again;             /* served: the next run is waited for, this one's channel stands in for it */
	/* A channel of the supervisor's own: only this hears of it, once, when it has ended or couldn't be made. */
	void (*on_end)(struct supervisor *supervisor, struct channel *channel);
	void (*on_failure)(struct channel *channel, const struct failure *failure); /* an ERROR before that; or NULL */
	void *of;
};

/* The supervisor's own state, of which there is one. */
struct supervisor {
	struct peer *control;  /* the orchestrator; NULL once its socket has ended */
	struct peer *peers;    /* it and the clients */
	uint32_t client_count;
	int epoll;
	int host_pids;     /* our own pid namespace, where unshared ones are restored to */
	int anchor_pids;   /* the anchor's, under which containers' are made; -1 without privilege */
	int anchor;        /* its pidfd */
	pid_t anchor_pid;
	bool orphaned;     /* the control socket ended before DETACH: kill, reap, remove, exit */
	bool detached;     /* DETACH: its end ends nothing */
	struct channel *channels;
	uint32_t channel_count;
	struct served *served; /* what SERVE said, or NULL */
	struct source from_anchor, from_signals;
	int signals;
};

/* supervise.c */
_Noreturn void supervise(int control);
int supervisor_watch(struct supervisor *supervisor, int fd, uint32_t events, struct source *source);
void supervisor_forget(struct supervisor *supervisor, int *fd); /* and close it */
void supervisor_detach(struct supervisor *supervisor); /* from here on the control socket's end ends nothing */
void supervisor_orphan(struct supervisor *supervisor); /* nobody listens any more: kill every container, then end */
struct channel *supervisor_channel(const struct supervisor *supervisor, uint32_t number);

/* outbox.c: what a channel says: to the control socket, and to every client where it is served. */
void channel_tell(struct supervisor *supervisor, const struct channel *channel, const struct event *event); /* with this round's others */
void supervisor_flush(struct supervisor *supervisor);

/* request.c: what a whole frame of a peer asks for. Returns NULL, or how it breaks the protocol. */
const char *request_take(struct supervisor *supervisor, struct peer *peer, const uint8_t *frame, size_t size);
/* CREATE or JOIN, then START, by the supervisor itself: kept frames, or made ones. OWN: its on_end and of, or NULL. */
const char *request_replay(struct supervisor *supervisor, const uint8_t *frame, size_t size, const struct channel *own);

/* stop.c */
void channel_stop(struct supervisor *supervisor, struct channel *channel, int signal, const uint32_t *timeout); /* without TIMEOUT (milliseconds) only the signal */

/* channel.c */
void channel_create(struct supervisor *supervisor, const struct message *message, const struct plan *plan, const struct channel *own);
void channel_free(struct supervisor *supervisor, struct channel *channel);
void channel_close_ends(struct channel *channel);
void channel_kill(const struct channel *channel);
void channel_send(struct supervisor *supervisor, const struct channel *channel, enum kind kind);
void channel_send_failure(struct supervisor *supervisor, struct channel *channel, const struct failure *failure, enum kind kind);

/* exchange.c: frames to and from the init. */
void channel_pass(struct supervisor *supervisor, struct channel *channel, const uint8_t *frame, size_t size);
void channel_on_sync(struct supervisor *supervisor, struct channel *channel);
void channel_sync_ended(struct supervisor *supervisor, struct channel *channel);

/* ending.c */
void channel_on_process(struct supervisor *supervisor, struct channel *channel);
void channel_finish(struct supervisor *supervisor, struct channel *channel); /* report the exit */
void channel_on_remover(struct supervisor *supervisor, struct channel *channel);
void channel_release(struct supervisor *supervisor, struct channel *channel);
void channel_reap_strays(const struct supervisor *supervisor);

/* spawn.c: the first process of CHANNEL, by clone3. -1 and FAILURE where that fails. */
struct build;
int spawn(struct supervisor *supervisor, struct channel *channel, const struct message *message, const struct plan *plan,
	struct build *build);

/* join.c: a time namespace, which the caller may not be able to enter, comes back in *CLOCKS for the init. */
int join_namespace(struct build *build, const char *path, int *clocks);

/* The container that a JOIN is for. */
struct target {
	int pidfd;      /* -1: none */
	pid_t pid;
	uint64_t enter; /* CLONE_NEW*: only these of its namespaces */
	uint64_t late;  /* those that the init enters itself, once it is cloned */
	bool no_setgroups;
};
int target_look(const struct supervisor *supervisor, const struct message *message, struct target *target, struct failure *failure); /* the one of MESSAGE, if any */
int target_find(struct supervisor *supervisor, struct channel *channel, const struct message *message, struct target *target,
	struct failure *failure);
int join_container(struct build *build, struct target *target);
int join_late(struct build *build, const struct target *target);
void channel_on_target(struct supervisor *supervisor, struct channel *channel); /* the container that it joined has ended */

/* The pidfd of the process PID that started at START, or -1; ESRCH where there is no such one. */
int process_open(pid_t pid, uint64_t start);
/* Which of the namespaces WHICH (CLONE_NEW*) of process PID are others than ours: those that are the same need no joining, and may refuse it. */
int namespaces_apart(pid_t pid, int which);

/* apart.c: ACT in a process that shares our memory and descriptors, while we wait; it ends by _exit. -1 where there is none. */
int run_apart(int (*act)(void *argument), void *argument);

/* parent.c */
int parent_find(const struct message *message, struct parent *parent, struct failure *failure);
int parent_enter(const struct parent *parent, int which, struct failure *failure); /* for good: by a process apart */
int parent_do(const struct parent *parent, int (*act)(void *argument), void *argument, struct failure *failure); /* ACT in its namespaces */
int parent_do_apart(const struct parent *parent, int (*act)(void *argument), void *argument, struct failure *failure); /* by a process apart in any case: ACT goes further */
int presence_open(struct channel *channel, const struct message *message, struct failure *failure);

/* links.c: LINKS. */
void links_make(struct supervisor *supervisor, const struct message *message, const struct plan *plan);

/* outside.c: id maps, written by who is in PARENT, and version 1 cgroups of an init that waits. */
int outside_prepare(struct build *build, const struct message *message, const struct parent *parent, pid_t pid);
bool outside_is_v2(const char *directory);

/* anchor.c: the process whose pid namespace holds those of all containers, so that all of them end with it. */
const char *anchor_start(struct supervisor *supervisor); /* NULL, or why there must be one and is none */
void anchor_end(struct supervisor *supervisor);

/* publish.c: ports. Opened before anything of the container is made, forwarded once its namespaces are there. */
int publish_open(struct supervisor *supervisor, struct channel *channel, const struct message *message, struct failure *failure);
int publish_begin(struct supervisor *supervisor, struct channel *channel, struct failure *failure);
void publish_on_process(struct supervisor *supervisor, struct channel *channel);
bool publish_over(struct supervisor *supervisor, struct channel *channel); /* false: soon, and channel_release is called again */
void publish_kill(const struct channel *channel);

/* streams.c: open what STDIN, STDOUT and STDERR ask for: CHILD's ends and the helper's. */
int streams_open(struct channel *channel, const struct message *message, struct build *build);

/* relay.c: bytes between a pty and two descriptors. */
int relay_open(struct supervisor *supervisor, struct channel *channel, int master); /* takes MASTER, whatever comes of it */
void relay_prepare(struct channel *channel, int in, int out, uint32_t rows, uint32_t columns);
void relay_on_ready(struct supervisor *supervisor, struct channel *channel);
void relay_resize(struct channel *channel, unsigned short rows, unsigned short columns);
void relay_follow_window(struct channel *channel);
bool relay_drain(struct channel *channel); /* the payload is gone: whether all that it wrote is out */
void relay_close(struct supervisor *supervisor, struct channel *channel);

/* remove.c: remove PATH, tree and all, without following links; at most BUDGET entries (-1: all of them). */
enum removal { REMOVED, REMOVAL_UNFINISHED, REMOVAL_FAILED };
enum removal remove_tree(const char *path, long budget);
