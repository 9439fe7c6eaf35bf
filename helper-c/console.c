/* console.c: the payload's terminal: a pty of the container's own devpts, whose master goes to the supervisor. */
#include "build.h"
#include "system.h"
#include "util.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* To the supervisor, STREAMS from the init says: here is the master. */
static int send_master(struct build *build, int master) {
	struct event event;
	event_begin(&event, KIND_STREAMS, build->channel);
	struct iovec data = {event.data, event.size};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	memcpy(CMSG_DATA(&control.header), &master, sizeof master);
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space};
	return RETRY(sendmsg(build->sync, &message, MSG_NOSIGNAL)) < 0 ? -1 : 0;
}

/* The supervisor gives the size, too, but that may be when the payload has asked already. */
static void set_size(const struct build *build, int master) {
	struct winsize size = {.ws_row = build->rows, .ws_col = build->columns};
	(void)ioctl(build->streams[0], TIOCGWINSZ, &size); /* the user's terminal, if it is one */
	if (size.ws_row && size.ws_col)
		(void)ioctl(master, TIOCSWINSZ, &size);
}

static int bind_peer(struct build *build, const struct op *op, int peer) {
	cleanup_fd int target = target_open(build, op);
	if (target < 0)
		return target == TARGET_ABSENT ? 0 : -1;
	cleanup_fd int tree = open_tree(peer, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0 || move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return failed(&build->failure, "move_mount", op_string(op, TAG_TARGET));
	return 0;
}

int op_console(struct build *build, const struct op *op) {
	struct open_how how = {.flags = O_RDWR | O_NOCTTY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS};
	cleanup_fd int master = openat2(build->root, "dev/pts/ptmx", &how);
	int unlock = 0;
	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return failed(&build->failure, "open", "/dev/pts/ptmx");
	/* By the master's own ioctl: a name could be made to lie (ioctl_tty(2), TIOCGPTPEER). */
	cleanup_fd int peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (peer < 0)
		return failed(&build->failure, "ioctl TIOCGPTPEER", "/dev/pts/ptmx");
	if (!build->joins && bind_peer(build, op, peer) < 0) /* the console of a container that runs stays what it is */
		return -1;
	set_size(build, master);
	if (send_master(build, master) < 0)
		return failed(&build->failure, "sendmsg", "the pty's master");
	build->terminal = steal_fd(&peer);
	return 0;
}

/* Make the pty the controlling terminal of the new session, and 0, 1, 2. */
int console_take(struct build *build) {
	if (ioctl(build->terminal, TIOCSCTTY, 0) < 0)
		return failed(&build->failure, "ioctl TIOCSCTTY", "/dev/console");
	for (int fd = 0; fd < 3; fd++)
		build->streams[fd] = build->terminal;
	return 0;
}
