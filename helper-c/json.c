/* json.c: see json.h. */
#include "json.h"
#include "util.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void text_add(struct text *text, const char *format, ...) {
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(text->data + text->used, text->size - text->used, format, arguments);
	va_end(arguments);
	if (length > 0 && (size_t)length < text->size - text->used)
		text->used += (size_t)length;
}

void text_escape(struct text *text, const char *bytes, size_t length, size_t most) {
	size_t end = text->used + most < text->size ? text->used + most : text->size;
	for (size_t i = 0; i < length && text->used + 7 < end; i++) {
		unsigned char byte = (unsigned char)bytes[i];
		if (byte == '"' || byte == '\\')
			text_add(text, "\\%c", byte);
		else if (byte < 0x20)
			text_add(text, "\\u%04x", byte);
		else
			text->data[text->used++] = bytes[i];
	}
}

void text_time(struct text *text, const struct timespec *time) {
	char seconds[24];
	struct tm parts;
	gmtime_r(&time->tv_sec, &parts);
	strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &parts);
	text_add(text, "%s.%03ldZ", seconds, time->tv_nsec / 1000000);
}

int temporary_for(const char *path, const char *word, char temporary[4096]) {
	_Static_assert(PATH_MAX == 4096, "a path has room");
	const char *slash = strrchr(path, '/');
	int directory = slash ? (int)(slash + 1 - path) : 0;
	int length = snprintf(temporary, PATH_MAX, "%.*s.%.64s.%s", directory, path, path + directory, word);
	return length < PATH_MAX ? 0 : -1;
}

int replace_file(const char *path, const char *word, const struct text *text) {
	char temporary[PATH_MAX];
	if (temporary_for(path, word, temporary) < 0)
		return -1;
	cleanup_fd int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && write_all(fd, text->data, text->used) == 0 && rename(temporary, path) == 0)
		return 0;
	unlink(temporary);
	return -1;
}
