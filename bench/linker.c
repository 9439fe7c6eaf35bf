/*
 * linker [-n COUNT] BRIDGE ADDRESS/PREFIX GATEWAY
 *
 * The floor of a live connect: what the kernel takes for a link, with nobody's state, names or processes around it. COUNT
 * times: a fresh network namespace is made, then, with the clock running, a veth pair is made, one end on BRIDGE and up, the
 * other born in that namespace, which is entered to bring that end up and give it an address and a default route. Prints the
 * nanoseconds of each on a line. The same requests as the helper's (helper-c/endpoint.c), by its own netlink.c.
 *
 * Links and namespaces are gone when it ends, killed or not: an end in a namespace that nobody has goes with it.
 */
#include "netlink.h"
#include "util.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/rtnetlink.h>
#include <linux/veth.h>

enum { MAX_COUNT = 100000 };

static const char *const INSIDE = "eth0";

struct link {
	const char *bridge;
	char outside[IFNAMSIZ];
	struct in_addr address, gateway;
	uint8_t prefix;
};

static _Noreturn void fail(const char *what) {
	fprintf(stderr, "linker: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void commit(struct netlink *netlink) {
	static struct failure failure;
	if (netlink_commit(netlink, &failure) < 0) {
		errno = failure.error;
		fail(failure.detail[0] ? failure.detail : failure.path);
	}
}

static void open_socket(struct netlink *netlink) {
	if (netlink_open(netlink) < 0)
		fail("socket AF_NETLINK");
}

static int index_of(const struct netlink *netlink, const char *name) {
	int index = netlink_index(netlink, name);
	if (index < 0)
		fail(name);
	return index;
}

static void enter(int namespace) {
	if (setns(namespace, CLONE_NEWNET) < 0)
		fail("setns");
}

static int open_own_namespace(void) {
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail("/proc/self/ns/net");
	return fd;
}

/* @see ask_for_pair in helper-c/endpoint.c */
static void make_pair(const struct link *link, int namespace) {
	struct ifinfomsg outside = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP}, inside = {0};
	struct netlink netlink;
	open_socket(&netlink);
	int bridge = index_of(&netlink, link->bridge);
	netlink_begin(&netlink, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &outside, sizeof outside, "RTM_NEWLINK", link->outside);
	netlink_put_string(&netlink, IFLA_IFNAME, link->outside);
	netlink_put_u32(&netlink, IFLA_MASTER, (uint32_t)bridge);
	uint32_t info = netlink_nest(&netlink, IFLA_LINKINFO, NULL, 0);
	netlink_put_string(&netlink, IFLA_INFO_KIND, "veth");
	uint32_t data = netlink_nest(&netlink, IFLA_INFO_DATA, NULL, 0);
	uint32_t other = netlink_nest(&netlink, VETH_INFO_PEER, &inside, sizeof inside);
	netlink_put_string(&netlink, IFLA_IFNAME, INSIDE);
	netlink_put_u32(&netlink, IFLA_NET_NS_FD, (uint32_t)namespace);
	netlink_end(&netlink, other);
	netlink_end(&netlink, data);
	netlink_end(&netlink, info);
	commit(&netlink);
	netlink_close(&netlink);
}

/* @see ask_for_all there */
static void configure(const struct link *link) {
	struct netlink netlink;
	open_socket(&netlink);
	int index = index_of(&netlink, INSIDE);
	struct ifinfomsg up = {.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	netlink_begin(&netlink, RTM_NEWLINK, 0, &up, sizeof up, "RTM_NEWLINK up", INSIDE);
	struct ifaddrmsg address = {.ifa_family = AF_INET, .ifa_prefixlen = link->prefix, .ifa_index = (uint32_t)index};
	netlink_begin(&netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &address, sizeof address, "RTM_NEWADDR", INSIDE);
	netlink_put(&netlink, IFA_LOCAL, &link->address, sizeof link->address);
	netlink_put(&netlink, IFA_ADDRESS, &link->address, sizeof link->address);
	struct rtmsg route = {.rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_UNIVERSE, .rtm_type = RTN_UNICAST};
	netlink_begin(&netlink, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &route, sizeof route, "RTM_NEWROUTE", "default");
	netlink_put(&netlink, RTA_GATEWAY, &link->gateway, sizeof link->gateway);
	netlink_put_u32(&netlink, RTA_OIF, (uint32_t)index);
	commit(&netlink);
	netlink_close(&netlink);
}

static void unmake_pair(const struct link *link) {
	struct ifinfomsg header = {0};
	struct netlink netlink;
	open_socket(&netlink);
	netlink_begin(&netlink, RTM_DELLINK, 0, &header, sizeof header, "RTM_DELLINK", link->outside);
	netlink_put_string(&netlink, IFLA_IFNAME, link->outside);
	commit(&netlink);
	netlink_close(&netlink);
}

static uint64_t measure(const struct link *link, int home) {
	if (unshare(CLONE_NEWNET) < 0)
		fail("unshare");
	int namespace = open_own_namespace();
	enter(home);
	uint64_t begin = clock_ns();
	make_pair(link, namespace);
	enter(namespace);
	configure(link);
	enter(home);
	uint64_t end = clock_ns();
	unmake_pair(link);
	close(namespace);
	return end - begin;
}

static void read_link(struct link *link, char **words) {
	char *slash = strchr(words[1], '/');
	snprintf(link->outside, sizeof link->outside, "bench%d", getpid());
	link->bridge = words[0];
	link->prefix = slash ? (uint8_t)atoi(slash + 1) : 32;
	if (slash)
		*slash = 0;
	if (inet_pton(AF_INET, words[1], &link->address) != 1 || inet_pton(AF_INET, words[2], &link->gateway) != 1) {
		errno = EINVAL;
		fail("an address");
	}
}

int main(int argc, char **argv) {
	long count = 1;
	struct link link;
	for (int option; (option = getopt(argc, argv, "+n:")) != -1;)
		if (option != 'n' || (count = atol(optarg)) < 1 || count > MAX_COUNT)
			return 2;
	if (argc - optind != 3) {
		fputs("usage: linker [-n COUNT] BRIDGE ADDRESS/PREFIX GATEWAY\n", stderr);
		return 2;
	}
	read_link(&link, argv + optind);
	int home = open_own_namespace();
	for (long i = 0; i < count; i++)
		printf("%" PRIu64 "\n", measure(&link, home));
	return 0;
}
