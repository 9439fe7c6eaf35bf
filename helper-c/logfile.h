/*
 * logfile.h: numbered files in a directory, 0.log, 1.log, ..., the highest the current one. Whole records go to its end, and
 * each ends in the only LF it holds: so the last LF is always the end of the last whole one, and that is what a file is cut
 * back to where a write came short.
 */
#pragma once

#include "fail.h"

#include <stdbool.h>
#include <stddef.h>

struct logfile {
	char *directory;
	uint64_t size;  /* bytes after which the next is begun, 0: never */
	uint32_t files; /* how many are kept, 0: all */
	uint32_t oldest, current;
	int fd;         /* of the current one, -1: to be opened */
	int why;        /* errno of the last failure */
};

/* Open the current one, or make the first. */
int logfile_open(struct logfile *file, const char *directory, uint64_t size, uint32_t files, struct failure *failure);
void logfile_close(struct logfile *file);

/* Cut off what a killed writer left of a record. The whole ones at the end, as far as they fit into DATA: *FIRST, LENGTH bytes. */
int logfile_tail(struct logfile *file, uint8_t *data, size_t size, const uint8_t **first, size_t *length);

/* Returns how much of RECORDS is there now, in whole ones; less than SIZE: FILE->why tells. */
size_t logfile_append(struct logfile *file, const uint8_t *records, size_t size);
