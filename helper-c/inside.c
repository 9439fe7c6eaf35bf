/*
 * inside.c: where in the container a server may listen: on every address or on loopback, which is tried first; or on an
 * address of the container's own alone; and on the other family, since who asks for localhost takes ::1 first and many
 * servers know only 127.0.0.1.
 */
#include "forward.h"

#include <ifaddrs.h>
#include <string.h>

enum { MOST = 64 }; /* addresses; more than a container has */

static union address own[MOST];
static uint32_t own_count;

/* 127.0.0.0/8 and ::1; lo may have others. */
static bool is_loopback(const union address *address) {
	return address->any.sa_family == AF_INET6 ? IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr) : ntohl(address->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static void look_up(void) {
	struct ifaddrs *all;
	own_count = 0;
	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *at = all; at && own_count < MOST; at = at->ifa_next) {
		union address address;
		if (!at->ifa_addr || (at->ifa_addr->sa_family != AF_INET && at->ifa_addr->sa_family != AF_INET6))
			continue;
		address.any.sa_family = at->ifa_addr->sa_family;
		memcpy(&address, at->ifa_addr, address_size(&address));
		if (!is_loopback(&address))
			own[own_count++] = address;
	}
	freeifaddrs(all);
}

static union address loopback(int family) {
	union address address = {0};
	address.any.sa_family = (sa_family_t)family;
	if (family == AF_INET6)
		address.v6.sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
	else
		address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

/* Loopback, own addresses, and then the same of the other family. */
static bool find(uint32_t index, int family, union address *address) {
	int families[2] = {family, family == AF_INET ? AF_INET6 : AF_INET};
	for (int i = 0; i < 2; i++) {
		if (index-- == 0) {
			*address = loopback(families[i]);
			return true;
		}
		for (uint32_t at = 0; at < own_count; at++) {
			if (own[at].any.sa_family != families[i] || index-- > 0)
				continue;
			*address = own[at];
			return true;
		}
	}
	return false;
}

bool inside_address(uint32_t index, int family, uint16_t inside, union address *address) {
	if (index == 1)
		look_up(); /* who had no luck with loopback: they may have changed */
	if (!find(index, family, address))
		return false;
	address_set_port(address, inside);
	return true;
}
