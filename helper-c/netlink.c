/* netlink.c: see netlink.h. */
#include "netlink.h"
#include "util.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

/* As in linux/netlink.h of 4.12, which older headers lack. */
#define ACK_CAPPED 0x100
#define ACK_HAS_ATTRIBUTES 0x200
#define ACK_MESSAGE 1

int netlink_open(struct netlink *netlink) {
	int one = 1;
	netlink->count = netlink->size = netlink->last = 0;
	netlink->full = false;
	netlink->fd = -1;
	cleanup_fd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -1;
	/* The kernel's own words for a refusal; without them the errno has to do. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
	netlink->fd = steal_fd(&fd);
	return 0;
}

void netlink_close(struct netlink *netlink) {
	close_fd(&netlink->fd);
}

int netlink_index(const struct netlink *netlink, const char *name) {
	struct ifreq request = {0};
	if (strlen(name) >= sizeof request.ifr_name) {
		errno = ENODEV;
		return -1;
	}
	memcpy(request.ifr_name, name, strlen(name) + 1);
	return ioctl(netlink->fd, SIOCGIFINDEX, &request) < 0 ? -1 : request.ifr_ifindex;
}

static void *reserve(struct netlink *netlink, size_t size) {
	size_t padded = NLMSG_ALIGN(size);
	if (netlink->full || padded > sizeof netlink->data - netlink->size) {
		netlink->full = true;
		return NULL;
	}
	void *at = netlink->data + netlink->size;
	memset(at, 0, padded);
	netlink->size += (uint32_t)padded;
	return at;
}

static void *header_of_last(struct netlink *netlink) {
	return netlink->data + netlink->last;
}

static void set_length(struct netlink *netlink) {
	struct nlmsghdr *header = header_of_last(netlink);
	header->nlmsg_len = netlink->size - netlink->last;
}

void netlink_begin(struct netlink *netlink, uint16_t type, uint16_t flags, const void *body, size_t size, const char *call, const char *about) {
	uint32_t start = netlink->size;
	netlink->full = netlink->full || netlink->count == NETLINK_REQUESTS;
	struct nlmsghdr *header = reserve(netlink, sizeof *header);
	void *its = reserve(netlink, size);
	if (!its)
		return;
	netlink->last = start;
	header->nlmsg_type = type;
	header->nlmsg_flags = flags | NLM_F_REQUEST | NLM_F_ACK;
	header->nlmsg_seq = netlink->count;
	memcpy(its, body, size);
	set_length(netlink);
	netlink->requests[netlink->count].call = call;
	snprintf(netlink->requests[netlink->count].about, sizeof netlink->requests[0].about, "%s", about);
	netlink->count++;
}

void netlink_put(struct netlink *netlink, uint16_t attribute, const void *data, size_t size) {
	struct nlattr *header = reserve(netlink, sizeof *header + size);
	if (!header)
		return;
	header->nla_type = attribute;
	header->nla_len = (uint16_t)(sizeof *header + size);
	if (size)
		memcpy(header + 1, data, size);
	set_length(netlink);
}

void netlink_put_u32(struct netlink *netlink, uint16_t attribute, uint32_t value) {
	netlink_put(netlink, attribute, &value, sizeof value);
}

void netlink_put_string(struct netlink *netlink, uint16_t attribute, const char *text) {
	netlink_put(netlink, attribute, text, strlen(text) + 1);
}

uint32_t netlink_nest(struct netlink *netlink, uint16_t attribute, const void *body, size_t size) {
	uint32_t nest = netlink->size;
	netlink_put(netlink, attribute, body, size);
	return nest;
}

void netlink_end(struct netlink *netlink, uint32_t nest) {
	if (netlink->full)
		return;
	struct nlattr *header = (void *)(netlink->data + nest);
	header->nla_len = (uint16_t)(netlink->size - nest);
}

/* The clause that the kernel adds to an errno, or NULL. It stands behind the request's header, which alone is sent back. */
static const char *words_of(const struct nlmsghdr *header) {
	size_t at = NLMSG_LENGTH(sizeof(struct nlmsgerr));
	if ((header->nlmsg_flags & (ACK_HAS_ATTRIBUTES | ACK_CAPPED)) != (ACK_HAS_ATTRIBUTES | ACK_CAPPED))
		return NULL;
	while (at + sizeof(struct nlattr) < header->nlmsg_len) {
		const struct nlattr *attribute = (const void *)((const uint8_t *)header + at);
		if (attribute->nla_len < sizeof *attribute || attribute->nla_len > header->nlmsg_len - at)
			return NULL;
		if (attribute->nla_type == ACK_MESSAGE && attribute->nla_len > sizeof *attribute)
			return (const char *)(attribute + 1); /* ends in NUL (NLMSGERR_ATTR_MSG) */
		at += (size_t)NLA_ALIGN(attribute->nla_len);
	}
	return NULL;
}

static void note(const struct netlink *netlink, const struct nlmsghdr *header, struct failure *failure) {
	const struct nlmsgerr *answer = NLMSG_DATA(header);
	const char *words = words_of(header);
	char detail[256];
	snprintf(detail, sizeof detail, "%s%s%s", netlink->requests[header->nlmsg_seq].call, words ? ": " : "", words ? words : "");
	refused(failure, -answer->error, detail, netlink->requests[header->nlmsg_seq].about);
}

int netlink_commit(struct netlink *netlink, struct failure *failure) {
	_Alignas(4) uint8_t answers[8192];
	uint32_t count = netlink->count;
	uint32_t size = netlink->size;
	uint32_t answered = 0;
	int result = 0;
	netlink->count = netlink->size = 0;
	if (netlink->full) {
		netlink->full = false;
		return refused(failure, E2BIG, "more addresses than fit one request", netlink->requests[0].about);
	}
	if (RETRY(send(netlink->fd, netlink->data, size, 0)) < 0)
		return failed(failure, "send to rtnetlink", netlink->requests[0].about);
	while (answered < count) {
		ssize_t got = RETRY(recv(netlink->fd, answers, sizeof answers, 0));
		if (got < 0)
			return failed(failure, "recv from rtnetlink", netlink->requests[0].about);
		uint32_t left = (uint32_t)got;
		for (const struct nlmsghdr *at = (void *)answers; NLMSG_OK(at, left); at = NLMSG_NEXT(at, left)) {
			if (at->nlmsg_type != NLMSG_ERROR || at->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr)) || at->nlmsg_seq >= count)
				continue;
			answered++;
			if (result == 0 && ((const struct nlmsgerr *)NLMSG_DATA(at))->error) {
				note(netlink, at, failure);
				result = -1;
			}
		}
	}
	return result;
}
