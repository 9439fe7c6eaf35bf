/* account.c: what the container's cgroups counted, of either version; what one doesn't know, another may. */
#include "served.h"
#include "util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_text(const char *directory, const char *file, char *text, size_t size) {
	char path[LIMIT_PATH + 64];
	snprintf(path, sizeof path, "%s/%s", directory, file);
	return read_file(path, text, size) >= 0;
}

static bool read_number(const char *directory, const char *file, uint64_t *value) {
	char text[64];
	if (!read_text(directory, file, text, sizeof text))
		return false;
	char *end;
	*value = strtoull(text, &end, 10);
	return end != text;
}

/* The number after KEY in a file of lines `key number`. */
static bool read_key(const char *directory, const char *file, const char *key, uint64_t *value) {
	char text[4096];
	if (!read_text(directory, file, text, sizeof text))
		return false;
	size_t length = strlen(key);
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && line[length] == ' ') {
			*value = strtoull(line + length + 1, NULL, 10);
			return true;
		}
	}
	return false;
}

uint64_t account_oom(const char *directories) {
	for (const char *at = directories; at && *at; at += strlen(at) + 1) {
		uint64_t kills;
		if (read_key(at, "memory.events", "oom_kill", &kills) || read_key(at, "memory.oom_control", "oom_kill", &kills))
			return kills;
	}
	return 0;
}

uint64_t account_peak(const char *directories) {
	for (const char *at = directories; at && *at; at += strlen(at) + 1) {
		uint64_t peak;
		if (read_number(at, "memory.peak", &peak) || read_number(at, "memory.max_usage_in_bytes", &peak))
			return peak;
	}
	return 0;
}

/* In version 1 nanoseconds (Linux 4.7), before that ticks. */
static bool times_of_cpuacct(const char *directory, uint64_t *user, uint64_t *system) {
	if (read_number(directory, "cpuacct.usage_user", user) && read_number(directory, "cpuacct.usage_sys", system)) {
		*user /= 1000;
		*system /= 1000;
		return true;
	}
	if (!read_key(directory, "cpuacct.stat", "user", user) || !read_key(directory, "cpuacct.stat", "system", system))
		return false;
	uint64_t tick = 1000000u / (uint64_t)sysconf(_SC_CLK_TCK);
	*user *= tick;
	*system *= tick;
	return true;
}

bool account_times(const char *directories, uint64_t *user, uint64_t *system) {
	for (const char *at = directories; at && *at; at += strlen(at) + 1)
		if ((read_key(at, "cpu.stat", "user_usec", user) && read_key(at, "cpu.stat", "system_usec", system)) ||
			times_of_cpuacct(at, user, system))
			return true;
	return false;
}

bool account_frozen(const char *directories) {
	for (const char *at = directories; at && *at; at += strlen(at) + 1) {
		char word[16];
		uint64_t frozen;
		if (read_number(at, "cgroup.freeze", &frozen) && frozen)
			return true;
		if (read_text(at, "freezer.state", word, sizeof word) && strncmp(word, "THAWED", 6) != 0)
			return true;
	}
	return false;
}
