/* names.c: see names.h. */
#include "names.h"
#include "util.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static void close_directory(DIR **directory) {
	if (*directory)
		closedir(*directory);
}

#define cleanup_directory __attribute__((cleanup(close_directory)))

static DIR *open_at(int at, const char *path) {
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	DIR *directory = fdopendir(fd);
	if (!directory)
		close_fd(&fd);
	return directory;
}

/* The next entry that isn't hidden, or NULL. */
static const char *next_of(DIR *directory) {
	const struct dirent *entry;
	do
		entry = readdir(directory);
	while (entry && entry->d_name[0] == '.');
	return entry ? entry->d_name : NULL;
}

static void add(struct addresses *addresses, const char *text) {
	uint8_t bytes[16] = {0};
	uint8_t size = strchr(text, ':') ? 16 : 4;
	if (addresses->count == NAMES_MOST || inet_pton(size == 16 ? AF_INET6 : AF_INET, text, bytes) != 1)
		return;
	addresses->list[addresses->count].size = size;
	memcpy(addresses->list[addresses->count++].bytes, bytes, sizeof bytes);
}

static void add_all(int networks, const char *network, const char *name, size_t length, struct addresses *addresses) {
	char path[2 * NAME_MAX + 2];
	snprintf(path, sizeof path, "%s/%.*s", network, (int)length, name);
	cleanup_directory DIR *directory = open_at(networks, path);
	for (const char *address; directory && (address = next_of(directory));)
		add(addresses, address);
}

void names_find(const char *directory, const char *name, struct addresses *addresses) {
	size_t length = strlen(name);
	addresses->count = 0;
	cleanup_directory DIR *networks = open_at(AT_FDCWD, directory);
	for (const char *network; networks && *name && (network = next_of(networks));) {
		size_t suffix = strlen(network);
		add_all(dirfd(networks), network, name, length, addresses);
		if (length > suffix + 1 && name[length - suffix - 1] == '.' && strcasecmp(name + length - suffix, network) == 0)
			add_all(dirfd(networks), network, name, length - suffix - 1, addresses);
	}
}

/* Whether NAME in the directory NETWORK has the address, and whether it is only the container's id, or the start of that. */
static bool has(int network, const char *name, const char *address, bool *is_id) {
	char path[NAME_MAX + INET6_ADDRSTRLEN + 2];
	char id[NAME_MAX + 1];
	snprintf(path, sizeof path, "%s/%s", name, address);
	ssize_t length = readlinkat(network, path, id, sizeof id - 1);
	if (length < 0)
		return false;
	id[length] = 0;
	*is_id = strncasecmp(id, name, strlen(name)) == 0; /* names are in small letters */
	return true;
}

/* The first by the alphabet, so that it is always the same. */
static bool find_name(int networks, const char *network, const char *address, char *best, size_t room) {
	bool best_is_id = false;
	bool found = false;
	cleanup_directory DIR *names = open_at(networks, network);
	for (const char *name; names && (name = next_of(names));) {
		bool is_id = false;
		if (!has(dirfd(names), name, address, &is_id))
			continue;
		if (found && (is_id != best_is_id ? is_id : strcmp(name, best) > 0))
			continue;
		snprintf(best, room, "%s", name);
		best_is_id = is_id;
		found = true;
	}
	return found;
}

bool names_reverse(const char *directory, const uint8_t *address, size_t size, char *name, size_t room) {
	char text[INET6_ADDRSTRLEN];
	char best[NAME_MAX + 1];
	inet_ntop(size == 16 ? AF_INET6 : AF_INET, address, text, sizeof text);
	cleanup_directory DIR *networks = open_at(AT_FDCWD, directory);
	for (const char *network; networks && (network = next_of(networks));) {
		if (!find_name(dirfd(networks), network, text, best, sizeof best))
			continue;
		return (size_t)snprintf(name, room, "%s.%s", best, network) < room;
	}
	return false;
}
