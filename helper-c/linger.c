/*
 * linger.c: the end of a container's links.
 *
 * The network namespace takes them along. But a connection whose last words nobody answered keeps that for a hundred seconds
 * (tcp_orphan_retries), with its address on the bridge, which is somebody else's by then: where there is one, they are deleted,
 * from inside, so that those are found which it got while it ran. Always would be dear, as the kernel waits for an RCU grace
 * period with the lock that every start's links need.
 */
#include "endpoint.h"
#include "netlink.h"
#include "util.h"

#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <linux/rtnetlink.h>

int link_delete(const char *name, struct failure *failure) {
	struct ifinfomsg link = {0};
	struct netlink netlink;
	if (netlink_open(&netlink) < 0)
		return failed(failure, "socket AF_NETLINK", name);
	netlink_begin(&netlink, RTM_DELLINK, 0, &link, sizeof link, "RTM_DELLINK", name);
	netlink_put_string(&netlink, IFLA_IFNAME, name);
	int result = netlink_commit(&netlink, failure);
	netlink_close(&netlink);
	return result;
}

int op_link_delete(struct build *build, const struct op *op) {
	int result = link_delete(op_string(op, TAG_VALUE), &build->failure);
	return result < 0 && build->failure.error == ENODEV && op_has(op, FLAG_IF_EXISTS) ? 0 : result;
}

/* "TCP: inuse 0 orphan 3 tw 0 …", of which inuse alone is the namespace's own (net/ipv4/proc.c). Who waits in TIME_WAIT holds none. */
static bool has_connections(const char *file) {
	char text[1024];
	if (read_file(file, text, sizeof text) < 0)
		return errno != ENOENT; /* a kernel without IPv6 */
	for (const char *line = text; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL)
		if (strncmp(line, "TCP", 3) == 0 && strstr(line, "inuse ") && atoi(strstr(line, "inuse ") + 6) > 0)
			return true;
	return false;
}

struct inspection {
	const struct channel *channel;
	bool lingers;
};

static int inspect(void *argument) {
	struct inspection *inspection = argument;
	inspection->lingers = setns(inspection->channel->inside, CLONE_NEWNET) < 0 ||
		has_connections("/proc/thread-self/net/sockstat") || has_connections("/proc/thread-self/net/sockstat6");
	return 0;
}

bool links_linger(const struct channel *channel) {
	static struct failure ignored;
	struct inspection inspection = {.channel = channel, .lingers = true};
	(void)parent_do_apart(&channel->parent, inspect, &inspection, &ignored);
	return inspection.lingers;
}

static int delete_inside(void *argument) {
	static struct failure ignored;
	const int *inside = argument;
	struct if_nameindex *links = setns(*inside, CLONE_NEWNET) < 0 ? NULL : if_nameindex();
	for (const struct if_nameindex *link = links; link && link->if_index; link++)
		if (strcmp(link->if_name, "lo") != 0)
			(void)link_delete(link->if_name, &ignored);
	if (links)
		if_freenameindex(links);
	return 0;
}

void links_delete(const struct channel *channel) {
	static struct failure ignored;
	int inside = channel->inside;
	(void)parent_do_apart(&channel->parent, delete_inside, &inside, &ignored);
}
