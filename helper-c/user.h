/* user.h: a user as `-u` names one, looked up in the container's own passwd and group files. */
#pragma once

#include "build.h"

#include <sys/types.h>

struct user {
	uid_t uid;
	gid_t gid;
	uint32_t group_count;
	gid_t groups[256];
	char home[LIMIT_PATH];
};

/*
 * Fill USER from TEXT: "name", "uid", "name:group", "uid:gid" and so on. As Docker has it: a name must be there; a
 * number need not, and then has gid 0 and home /; without a group the groups that list the user come along.
 */
int user_look_up(struct build *build, const char *text, struct user *user);
