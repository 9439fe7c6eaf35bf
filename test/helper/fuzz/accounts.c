/*
 * libFuzzer target: the passwd and group files of an image, which is hostile (user.c).
 *
 * The input is three parts with a line of `%` between them: what `-u` says, /etc/passwd and /etc/group. They reach user.c
 * through a root_open_file() of ours.
 */
#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct part {
	const uint8_t *data;
	size_t size;
} parts[3];

int root_open_file(struct build *build, const char *path) {
	const struct part *part = strcmp(path, "/etc/passwd") == 0 ? &parts[1] : &parts[2];
	if (part->data == NULL) {
		errno = ENOENT;
		return failed(&build->failure, "openat2", path);
	}
	int fd = memfd_create("part", MFD_CLOEXEC);
	if (fd < 0 || write(fd, part->data, part->size) != (ssize_t)part->size || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	return fd;
}

static void split_input(const uint8_t *data, size_t size) {
	memset(parts, 0, sizeof parts);
	for (int i = 0; i < 3 && data != NULL; i++) {
		const uint8_t *end = memmem(data, size, "%\n", 2);
		parts[i] = (struct part){data, end == NULL ? size : (size_t)(end - data)};
		size -= end == NULL ? size : (size_t)(end - data) + 2;
		data = end == NULL ? NULL : end + 2;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static struct build build;
	struct user user;

	split_input(data, size);
	char *text = strndup((const char *)parts[0].data, parts[0].data == NULL ? 0 : parts[0].size);
	memset(&build, 0, sizeof build);
	int result = user_look_up(&build, text == NULL ? "" : text, &user);
	if (result == 0 && (user.home[0] != '/' || memchr(user.home, 0, sizeof user.home) == NULL || user.group_count > 256))
		abort();
	if (result != 0 && build.failure.detail[0] == 0)
		abort();
	free(text);
	return 0;
}
