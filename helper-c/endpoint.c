/*
 * endpoint.c: a container's links to bridges.
 *
 *  1. the supervisor, which alone has a say in the bridge's namespace, makes the pair there while the init mounts: one end
 *     on the bridge and up, the other born in the container's namespace, in one request. Nothing is moved or renamed later:
 *     each of that would wait for an RCU grace period.
 *  2. the init, which has its say in its own namespace even where that is of another user, waits for it at its first ENDPOINT;
 *     it brings its end up, and adds addresses and routes.
 *  3. at the end the namespace takes it along, unless something keeps that (linger.c).
 */
#include "build.h"
#include "endpoint.h"
#include "netlink.h"
#include "util.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>
#include <linux/veth.h>

enum { MAC_SIZE = 6, METRIC = 100 };

struct address {
	uint8_t family;
	uint8_t prefix;
	uint8_t size;
	uint8_t bytes[16];
};

/* `10.89.0.2/24`, or, where it is no network that counts, without a prefix. */
static bool read_address(const char *text, struct address *address) {
	char copy[INET6_ADDRSTRLEN + 1];
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	if (length >= sizeof copy)
		return false;
	memcpy(copy, text, length);
	copy[length] = 0;
	address->family = strchr(copy, ':') ? AF_INET6 : AF_INET;
	address->size = address->family == AF_INET6 ? 16 : 4;
	if (inet_pton(address->family, copy, address->bytes) != 1)
		return false;
	char *end = NULL;
	unsigned long prefix = slash ? strtoul(slash + 1, &end, 10) : address->size * 8u;
	if (slash && (slash[1] < '0' || slash[1] > '9' || *end))
		return false;
	address->prefix = (uint8_t)prefix;
	return prefix <= address->size * 8u;
}

static int check_name(struct failure *failure, const char *name) {
	return *name && strlen(name) < IFNAMSIZ ? 0 : refused(failure, EINVAL, "an interface's name has 1 to 15 bytes", name);
}

/* Before anything of it is made. */
static int check(struct failure *failure, const struct op *op) {
	const struct field *mac = op_field(op, TAG_MAC);
	struct address address;
	if (check_name(failure, op_string(op, TAG_VALUE)) < 0 || check_name(failure, op_string(op, TAG_PEER)) < 0)
		return -1;
	if (mac && mac->length != MAC_SIZE)
		return refused(failure, EINVAL, "a MAC address has six bytes", op_string(op, TAG_VALUE));
	for (uint32_t i = 0; i < op->count; i++) {
		bool is_address = op->fields[i].tag == TAG_ADDRESS || op->fields[i].tag == TAG_GATEWAY;
		if (is_address && !read_address(field_string(&op->fields[i]), &address))
			return refused(failure, EINVAL, "not an address", field_string(&op->fields[i]));
	}
	return 0;
}

static void ask_for_pair(struct netlink *netlink, const struct op *op, int bridge, int inside_of) {
	const char *peer = op_string(op, TAG_PEER);
	const struct field *mac = op_field(op, TAG_MAC);
	uint32_t mtu = op_u32(op, TAG_MTU, 0);
	struct ifinfomsg outside = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	struct ifinfomsg inside = {0}; /* not up: its other end isn't there yet (ENOTCONN) */
	char about[80];
	const char *on = op_string(op, TAG_BRIDGE);
	snprintf(about, sizeof about, "%s to %s%s%s", op_string(op, TAG_VALUE), peer, on ? " on " : "", on ? on : "");
	netlink_begin(netlink, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &outside, sizeof outside, "RTM_NEWLINK", about);
	netlink_put_string(netlink, IFLA_IFNAME, peer);
	if (bridge)
		netlink_put_u32(netlink, IFLA_MASTER, (uint32_t)bridge);
	if (mtu)
		netlink_put_u32(netlink, IFLA_MTU, mtu);
	uint32_t info = netlink_nest(netlink, IFLA_LINKINFO, NULL, 0);
	netlink_put_string(netlink, IFLA_INFO_KIND, "veth");
	uint32_t data = netlink_nest(netlink, IFLA_INFO_DATA, NULL, 0);
	uint32_t other = netlink_nest(netlink, VETH_INFO_PEER, &inside, sizeof inside);
	netlink_put_string(netlink, IFLA_IFNAME, op_string(op, TAG_VALUE));
	netlink_put_u32(netlink, IFLA_NET_NS_FD, (uint32_t)inside_of);
	if (mac)
		netlink_put(netlink, IFLA_ADDRESS, mac->data, MAC_SIZE);
	if (mtu)
		netlink_put_u32(netlink, IFLA_MTU, mtu);
	netlink_end(netlink, other);
	netlink_end(netlink, data);
	netlink_end(netlink, info);
}

static int ask_and_commit(struct netlink *netlink, const struct op *op, int bridge, int inside_of, struct failure *failure) {
	ask_for_pair(netlink, op, bridge, inside_of);
	return netlink_commit(netlink, failure);
}

static int make_pair(struct failure *failure, const struct op *op, int inside_of) {
	static struct failure ignored;
	const char *bridge = op_string(op, TAG_BRIDGE);
	struct netlink netlink;
	if (check(failure, op) < 0)
		return -1;
	if (netlink_open(&netlink) < 0)
		return failed(failure, "socket AF_NETLINK", NULL);
	int index = bridge ? netlink_index(&netlink, bridge) : 0;
	int result = index < 0 ? failed(failure, "the bridge", bridge) : ask_and_commit(&netlink, op, index, inside_of, failure);
	if (result < 0 && failure->error == EEXIST && op_has(op, FLAG_REPLACE)) {
		(void)link_delete(op_string(op, TAG_PEER), &ignored); /* or the kernel has been quicker */
		failure->error = 0;
		failure->path[0] = failure->detail[0] = 0;
		result = ask_and_commit(&netlink, op, index, inside_of, failure);
	}
	netlink_close(&netlink);
	return result;
}

/* Where the container's namespace doesn't take them along. */
static void unmake_pairs(const struct plan *plan, uint32_t count) {
	static struct failure ignored;
	for (uint32_t i = 0; i < count; i++)
		if (plan->ops[i].kind == OP_ENDPOINT)
			(void)link_delete(op_string(&plan->ops[i], TAG_PEER), &ignored);
}

/* Whose links they are, for who goes to the bridges. */
struct pairs {
	struct build *build;
	const struct plan *plan;
	int inside_of; /* the container's network namespace: a pid would mean another process to who is below the anchor */
};

static int make_there(void *argument) {
	const struct pairs *pairs = argument;
	struct build *build = pairs->build;
	build->failure.step = STEP_CREATE;
	for (uint32_t i = 0; i < pairs->plan->count; i++) {
		build->failure.index = i;
		if (pairs->plan->ops[i].kind != OP_ENDPOINT || make_pair(&build->failure, &pairs->plan->ops[i], pairs->inside_of) == 0)
			continue;
		if (build->joins)
			unmake_pairs(pairs->plan, i);
		return -1;
	}
	build->failure.index = 0;
	return 0;
}

/* The network namespace of the container, or -1 and FAILURE. */
static int open_inside(struct failure *failure, pid_t pid, int pidfd) {
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/net", pid);
	cleanup_fd int inside_of = open(path, O_RDONLY | O_CLOEXEC);
	if (inside_of < 0 && errno == ENOENT)
		errno = ESRCH;
	if (inside_of < 0)
		return failed(failure, "open", path);
	/* Still there, so it was its own. */
	if (poll(&(struct pollfd){.fd = pidfd, .events = POLLIN}, 1, 0) != 0)
		return refused(failure, ESRCH, "it has ended", path);
	return steal_fd(&inside_of);
}

int endpoints_make(struct build *build, const struct plan *plan, const struct parent *parent, pid_t pid, int pidfd, int *inside) {
	build->failure.step = STEP_CREATE;
	build->failure.index = (uint32_t)(plan_find(plan, OP_ENDPOINT) - plan->ops); /* whatever comes before the first of them */
	cleanup_fd int inside_of = open_inside(&build->failure, pid, pidfd);
	if (inside_of < 0)
		return build->failure.error == ESRCH ? 1 : -1;
	struct pairs pairs = {build, plan, inside_of};
	int result = parent_do(parent, make_there, &pairs, &build->failure);
	*inside = steal_fd(&inside_of);
	return result;
}

static void ask_for_address(struct netlink *netlink, int index, const char *text) {
	struct address address;
	(void)read_address(text, &address); /* the supervisor has checked it */
	/* Its lease says that nobody else has it, and to find that out by asking would take a second (RFC 4862, 5.4). */
	struct ifaddrmsg header = {.ifa_family = address.family, .ifa_prefixlen = address.prefix, .ifa_index = (uint32_t)index,
		.ifa_flags = address.family == AF_INET6 ? IFA_F_NODAD : 0};
	netlink_begin(netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header, "RTM_NEWADDR", text);
	netlink_put(netlink, IFA_LOCAL, address.bytes, address.size);
	netlink_put(netlink, IFA_ADDRESS, address.bytes, address.size);
	if (address.family == AF_INET && address.prefix < 31) { /* RFC 3021: a /31 has no broadcast address */
		uint32_t broadcast;
		memcpy(&broadcast, address.bytes, sizeof broadcast);
		broadcast |= htonl(address.prefix ? 0xffffffffu >> address.prefix : 0xffffffffu);
		netlink_put_u32(netlink, IFA_BROADCAST, broadcast);
	}
}

/* Of several networks' gateways the one of the link that was made first is used, and the next once that is gone. */
static void ask_for_route(struct netlink *netlink, int index, const char *text) {
	struct address address;
	(void)read_address(text, &address);
	struct rtmsg header = {.rtm_family = address.family, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_UNIVERSE, .rtm_type = RTN_UNICAST};
	netlink_begin(netlink, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof header, "RTM_NEWROUTE default", text);
	netlink_put(netlink, RTA_GATEWAY, address.bytes, address.size);
	netlink_put_u32(netlink, RTA_OIF, (uint32_t)index);
	netlink_put_u32(netlink, RTA_PRIORITY, METRIC + (uint32_t)index);
}

static void ask_for_all(struct netlink *netlink, const struct op *op, int index) {
	struct ifinfomsg link = {.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	netlink_begin(netlink, RTM_NEWLINK, 0, &link, sizeof link, "RTM_NEWLINK up", op_string(op, TAG_VALUE));
	for (uint32_t i = 0; i < op->count; i++)
		if (op->fields[i].tag == TAG_ADDRESS)
			ask_for_address(netlink, index, field_string(&op->fields[i]));
	for (uint32_t i = 0; i < op->count; i++)
		if (op->fields[i].tag == TAG_GATEWAY)
			ask_for_route(netlink, index, field_string(&op->fields[i]));
}

int op_endpoint(struct build *build, const struct op *op) {
	static struct failure ignored;
	const char *name = op_string(op, TAG_VALUE);
	struct netlink netlink;
	await_links(build);
	if (netlink_open(&netlink) < 0)
		return failed(&build->failure, "socket AF_NETLINK", name);
	int index = netlink_index(&netlink, name);
	if (index < 0)
		return failed(&build->failure, "SIOCGIFINDEX", name);
	ask_for_all(&netlink, op, index);
	int result = netlink_commit(&netlink, &build->failure);
	netlink_close(&netlink);
	if (result < 0 && build->joins)
		(void)link_delete(name, &ignored);
	return result;
}
