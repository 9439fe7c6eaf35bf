/*
 * build.h: what the init knows while it turns a plan into a container, and the operations themselves.
 *
 * Every operation returns 0, or -1 with build->failure telling call, path and errno. Phases: before the root exists
 * targets are paths of the host; after an operation with FLAG_ROOT they are inside build->root; after PIVOT that is /.
 */
#pragma once

#include "fail.h"
#include "plan.h"

struct build {
	uint32_t channel;
	uint32_t forgo;       /* FORGO_* */
	int sync;             /* to the supervisor */
	int root;             /* the container's root, -1 before there is one */
	int empty;            /* a read-only empty tmpfs, made when the first directory is masked */
	int terminal;         /* the payload's end of the pty, or -1 */
	unsigned short rows, columns; /* its size, where no terminal of the user's tells */
	int streams[3];       /* what becomes 0, 1, 2 */
	bool owned[3];        /* ... and is a pipe of ours, so may change its owner */
	int program;          /* PROGRAM, or -1 */
	bool own_cgroups;     /* a cgroup namespace of its own, once it is in its cgroup */
	bool stay;            /* INIT */
	bool joins;           /* a container that is there, which may look on */
	bool wait;            /* id maps or a cgroup are put in place from outside first */
	bool wait_links;      /* the links of ENDPOINTs are made from outside meanwhile */
	bool no_setgroups;    /* DENY_SETGROUPS */
	bool trace;
	bool hold;            /* HOLD, and where */
	uint32_t hold_at;
	uint8_t *early;       /* a START that came while it stood there */
	size_t early_size;
	struct failure failure;
};

/* target.c: resolve an operation's TARGET to an O_PATH descriptor, making what its FLAGS ask for. */
enum { TARGET_FAILED = -1, TARGET_ABSENT = -2 };
int target_open(struct build *build, const struct op *op);

/* The directory above TARGET (made where missing) as O_PATH, and the last component in *NAME (points into TARGET). */
int target_parent(struct build *build, const struct op *op, const char **name);

/* Open PATH for reading inside the root: a regular file only, never one that blocks. */
int root_open_file(struct build *build, const char *path);

/* mounts.c */
int op_propagation(struct build *build, const struct op *op);
int op_mount(struct build *build, const struct op *op);
int op_overlay(struct build *build, const struct op *op);
int op_bind(struct build *build, const struct op *op);
int op_protect(struct build *build, const struct op *op);
int op_mask(struct build *build, const struct op *op);
int op_pivot(struct build *build, const struct op *op);

/* Put the detached mount at descriptor MOUNT (which is taken) onto TARGET. */
int mount_attach(struct build *build, const struct op *op, int mount);

/* attributes.c: add ATTR_* to the mount at FD, and to those below it where RECURSIVE. */
int attributes_add(struct build *build, int fd, uint32_t attributes, bool recursive, const char *path);
uint64_t attributes_kernel(uint32_t attributes); /* as MOUNT_ATTR_* */
unsigned long attributes_classic(uint32_t attributes); /* as MS_* */

/* nodes.c */
int op_device(struct build *build, const struct op *op);
int op_symlink(struct build *build, const struct op *op);
int op_mkdir(struct build *build, const struct op *op);
int op_file(struct build *build, const struct op *op);

/* settings.c */
int op_hostname(struct build *build, const struct op *op);
int op_domainname(struct build *build, const struct op *op);
int op_sysctl(struct build *build, const struct op *op);
int op_loopback(struct build *build, const struct op *op);
int op_time_offset(struct build *build, const struct op *op);

/* endpoint.c, endpoint.h */
int op_endpoint(struct build *build, const struct op *op);
int op_link_delete(struct build *build, const struct op *op);

/* listen.c */
int op_resolver(struct build *build, const struct op *op);

/* console.c */
int op_console(struct build *build, const struct op *op);
int console_take(struct build *build);

/* credentials.c */
int op_rlimit(struct build *build, const struct op *op);
int op_credentials(struct build *build, const struct plan *plan, const struct op *op);
int op_no_new_privs(struct build *build, const struct op *op);
int op_seccomp(struct build *build, const struct op *op);

/* process.c */
int op_cwd(struct build *build, const struct op *op);
int op_exec(struct build *build, const struct op *op);

/* init.c: the life of a container's first process; never returns. */
_Noreturn void init_main(struct build *build, const struct plan *plan);

/* Become the payload: the operations of START, the first of which is number FIRST. */
_Noreturn void become_payload(struct build *build, uint32_t first);
_Noreturn void give_up(struct build *build);

/* stay.c: fork the payload and remain as its init. */
_Noreturn void stay(struct build *build, uint32_t first);

/* Wait for the links of all ENDPOINTs, which the supervisor makes. */
void await_links(struct build *build);

/* report.c: frames from the init to the supervisor. */
void report(struct build *build, enum kind kind);
void report_failure(struct build *build, enum kind kind);
void report_traced(struct build *build, uint32_t step, uint32_t index, uint64_t nanoseconds);
