/* json.h: text under construction in a room of fixed size; what doesn't fit is left out, an addition at a time. */
#pragma once

#include <stddef.h>
#include <time.h>

struct text {
	size_t used, size;
	char *data;
};

void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* LENGTH bytes as a string's content (RFC 8259, 7), at most MOST of them once escaped. */
void text_escape(struct text *text, const char *bytes, size_t length, size_t most);

/* ISO 8601, UTC, milliseconds: as JavaScript's toISOString. */
void text_time(struct text *text, const struct timespec *time);

/* A temporary file beside PATH, by the name that orchestrator/base/atomic.ts gives its own, so that gc knows it. One process
 * writes it, so its last part may be a WORD: 12 characters of a-z and 0-9, the first a letter. -1 where it is too long. */
int temporary_for(const char *path, const char *word, char temporary[4096]);

/* PATH holds TEXT from now on: whole or not at all. */
int replace_file(const char *path, const char *word, const struct text *text);
