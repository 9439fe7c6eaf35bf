/*
 * netlink.h: requests to the kernel's routing side (rtnetlink(7)), several in one message.
 *
 * Requests are begun one after the other and sent by netlink_commit, which waits for the answer to each. What doesn't fit,
 * and what the kernel refuses, is told there, by the call and what it was about.
 */
#pragma once

#include "fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NETLINK_REQUESTS = 24 }; /* more than an endpoint has addresses and routes */

struct netlink {
	int fd;
	bool full;      /* something didn't fit */
	uint32_t count; /* of requests that aren't sent yet */
	uint32_t size;
	uint32_t last;  /* where the last one begins */
	struct {
		const char *call;
		char about[80];
	} requests[NETLINK_REQUESTS];
	_Alignas(4) uint8_t data[4096];
};

/* In the caller's network namespace. -1 and errno. */
int netlink_open(struct netlink *netlink);
void netlink_close(struct netlink *netlink);

/* The index of the interface NAME there. -1 and errno. */
int netlink_index(const struct netlink *netlink, const char *name);

/* CALL names it in errors, and is kept; ABOUT, what it is about, is copied. BODY is the family's header. */
void netlink_begin(struct netlink *netlink, uint16_t type, uint16_t flags, const void *body, size_t size, const char *call, const char *about);
void netlink_put(struct netlink *netlink, uint16_t attribute, const void *data, size_t size);
void netlink_put_u32(struct netlink *netlink, uint16_t attribute, uint32_t value);
void netlink_put_string(struct netlink *netlink, uint16_t attribute, const char *text);
uint32_t netlink_nest(struct netlink *netlink, uint16_t attribute, const void *body, size_t size); /* for netlink_end */
void netlink_end(struct netlink *netlink, uint32_t nest);

/* -1 where one was refused, the first of which FAILURE tells; those behind it were tried all the same. */
int netlink_commit(struct netlink *netlink, struct failure *failure);
