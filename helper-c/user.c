/* user.c: see user.h. Formats: passwd(5), group(5). The files are the image's, so hostile: size and lines are bounded. */
#include "user.h"
#include "util.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_LIMIT = 4 << 20 }; /* a directory of 50,000 users fits; what an image can make us hold is bounded */

/* The file as lines in one allocation, "" where there is none. */
static char *read_lines(struct build *build, const char *path) {
	cleanup_fd int fd = root_open_file(build, path);
	if (fd < 0) {
		if (build->failure.error == ENOENT || build->failure.error == ENOTDIR)
			return strdup("");
		return NULL;
	}
	struct stat status;
	if (fstat(fd, &status) < 0 || status.st_size > FILE_LIMIT) {
		refused(&build->failure, EFBIG, "larger than a passwd or group file should be", path);
		return NULL;
	}
	size_t size = (size_t)status.st_size;
	char *text = malloc(size + 1);
	size_t used = 0;
	while (text && used < size) {
		ssize_t got = RETRY(read(fd, text + used, size - used));
		if (got <= 0)
			break;
		used += (size_t)got;
	}
	if (text)
		text[used] = 0;
	return text;
}

static bool number_of(const char *text, uint32_t *number) {
	char *end;
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	if (*end || errno || value >= UINT32_MAX)
		return false;
	*number = (uint32_t)value;
	return true;
}

/* Split one line at its colons; returns how many fields it has. */
static int split(char *line, char *fields[], int most) {
	int count = 0;
	for (char *at = line; at && count < most; count++) {
		fields[count] = at;
		at = strchr(at, ':');
		if (at)
			*at++ = 0;
	}
	return count;
}

static bool lists(const char *members, const char *name) {
	size_t length = strlen(name);
	for (const char *at = members; *at;) {
		size_t word = strcspn(at, ",");
		if (word == length && strncmp(at, name, length) == 0)
			return true;
		at += word + (at[word] == ',');
	}
	return false;
}

/* Find NAME (or, where IS_NUMBER, uid NUMBER) in passwd; fills gid, home and the name to look for in group. */
static bool find_user(char *passwd, const char *name, bool is_number, struct user *user, char *found, size_t room) {
	char *rest = passwd;
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		char *fields[7];
		uint32_t uid;
		uint32_t gid;
		if (split(line, fields, 7) < 4 || !number_of(fields[2], &uid) || !number_of(fields[3], &gid))
			continue;
		if (is_number ? uid != user->uid : strcmp(fields[0], name) != 0)
			continue;
		user->uid = uid;
		user->gid = gid;
		snprintf(found, room, "%s", fields[0]);
		return true;
	}
	return false;
}

static void find_home(char *passwd, uid_t wanted, struct user *user) {
	char *rest = passwd;
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		char *fields[7];
		uint32_t uid;
		if (split(line, fields, 7) >= 6 && number_of(fields[2], &uid) && uid == wanted && fields[5][0] == '/') {
			snprintf(user->home, sizeof user->home, "%s", fields[5]);
			return;
		}
	}
}

static bool find_group(char *groups, const char *name, gid_t *gid) {
	char *rest = groups;
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		char *fields[4];
		if (split(line, fields, 4) >= 3 && strcmp(fields[0], name) == 0 && number_of(fields[2], gid))
			return true;
	}
	return false;
}

/* False where there are more than we take: a group may be what forbids something, so none is left out. */
static bool find_memberships(char *groups, const char *name, struct user *user) {
	char *rest = groups;
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		char *fields[4];
		uint32_t gid;
		if (split(line, fields, 4) < 4 || !number_of(fields[2], &gid) || !lists(fields[3], name))
			continue;
		if (user->group_count == ARRAY_LENGTH(user->groups))
			return false;
		user->groups[user->group_count++] = gid;
	}
	return true;
}

int user_look_up(struct build *build, const char *text, struct user *user) {
	char name[256];
	char found[256] = "";
	const char *colon = strchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : strlen(text);
	if (length >= sizeof name)
		return refused(&build->failure, EINVAL, "the user's name is too long", text);
	memcpy(name, text, length);
	name[length] = 0;
	memset(user, 0, sizeof *user);
	snprintf(user->home, sizeof user->home, "/");
	bool is_number = number_of(name, &user->uid);

	cleanup_free char *passwd = read_lines(build, "/etc/passwd");
	cleanup_free char *again = passwd ? strdup(passwd) : NULL;
	cleanup_free char *groups = again ? read_lines(build, "/etc/group") : NULL;
	if (!groups)
		return build->failure.detail[0] ? -1 : failed(&build->failure, "malloc", "/etc/passwd");
	bool known = name[0] == 0 ? find_user(passwd, "root", false, user, found, sizeof found)
		: find_user(passwd, name, is_number, user, found, sizeof found);
	if (!known && !is_number && name[0])
		return refused(&build->failure, 0, "no such user in the image's /etc/passwd", name);
	find_home(again, user->uid, user);
	if (!colon) {
		bool all = !known || find_memberships(groups, found, user);
		return all ? 0 : refused(&build->failure, E2BIG, "more supplementary groups than nsinit takes", "/etc/group");
	}
	if (!number_of(colon + 1, &user->gid) && !find_group(groups, colon + 1, &user->gid))
		return refused(&build->failure, 0, "no such group in the image's /etc/group", colon + 1);
	return 0;
}
