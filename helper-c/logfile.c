/* logfile.c: see logfile.h. */
#include "logfile.h"
#include "protocol.h"
#include "util.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void path_of(const struct logfile *file, uint32_t number, char *path, size_t size) {
	snprintf(path, size, "%s/%u.log", file->directory, number);
}

/* Whether NAME is that of a log file, and which. */
static bool number_of(const char *name, uint32_t *number) {
	char *end;
	if (*name < '0' || *name > '9' || (*name == '0' && name[1] != '.'))
		return false;
	errno = 0;
	unsigned long value = strtoul(name, &end, 10);
	*number = (uint32_t)value;
	return errno == 0 && value < UINT32_MAX && strcmp(end, ".log") == 0;
}

static int find_files(struct logfile *file) {
	DIR *list = opendir(file->directory);
	if (!list)
		return -1;
	bool any = false;
	for (struct dirent *entry; (entry = readdir(list));) {
		uint32_t number;
		if (!number_of(entry->d_name, &number))
			continue;
		file->oldest = !any || number < file->oldest ? number : file->oldest;
		file->current = !any || number > file->current ? number : file->current;
		any = true;
	}
	closedir(list);
	return 0;
}

static int open_current(struct logfile *file) {
	char path[LIMIT_PATH + 16];
	path_of(file, file->current, path, sizeof path);
	file->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return file->fd < 0 ? -1 : 0;
}

int logfile_open(struct logfile *file, const char *directory, uint64_t size, uint32_t files, struct failure *failure) {
	*file = (struct logfile){.directory = strdup(directory), .size = size, .files = files, .fd = -1};
	if (!file->directory)
		return failed(failure, "malloc", NULL);
	if (mkdir(directory, 0700) < 0 && errno != EEXIST)
		return failed(failure, "mkdir", directory);
	if (find_files(file) < 0)
		return failed(failure, "opendir", directory);
	return open_current(file) < 0 ? failed(failure, "open", directory) : 0;
}

void logfile_close(struct logfile *file) {
	close_fd(&file->fd);
	free(file->directory);
}

int logfile_tail(struct logfile *file, uint8_t *data, size_t size, const uint8_t **first, size_t *length) {
	struct stat status;
	*first = data;
	*length = 0;
	if (fstat(file->fd, &status) < 0)
		return -1;
	off_t from = status.st_size > (off_t)size ? status.st_size - (off_t)size : 0;
	ssize_t got = RETRY(pread(file->fd, data, size, from));
	if (got <= 0)
		return (int)got;
	const uint8_t *last = memrchr(data, '\n', (size_t)got);
	size_t whole = last ? (size_t)(last + 1 - data) : 0;
	if (whole < (size_t)got && ftruncate(file->fd, from + (off_t)whole) < 0)
		return -1;
	const uint8_t *cut = from > 0 ? memchr(data, '\n', whole) : NULL; /* the first record may be half there */
	if (cut)
		*first = cut + 1;
	*length = cut || from == 0 ? (size_t)(data + whole - *first) : 0;
	return 0;
}

/* On to the next number. The oldest go first, so that there is room. */
static int rotate(struct logfile *file) {
	close_fd(&file->fd);
	file->current++;
	while (file->files && file->current - file->oldest >= file->files) {
		char path[LIMIT_PATH + 16];
		path_of(file, file->oldest++, path, sizeof path);
		unlink(path);
	}
	return open_current(file);
}

/* The size of the current file, opened (again, where somebody removed it); -1 where that can't be. */
static off_t ready(struct logfile *file) {
	struct stat status;
	if (file->fd >= 0 && (fstat(file->fd, &status) < 0 || status.st_nlink == 0))
		close_fd(&file->fd);
	if (file->fd >= 0)
		return status.st_size;
	return open_current(file) < 0 || fstat(file->fd, &status) < 0 ? -1 : status.st_size;
}

/* Whole records at the end of the current file. Returns how many bytes of them are there now: all, or fewer whole ones. */
static size_t write_records(struct logfile *file, off_t at, const uint8_t *records, size_t size) {
	ssize_t wrote = RETRY(write(file->fd, records, size));
	if (wrote == (ssize_t)size)
		return size;
	file->why = wrote < 0 ? errno : ENOSPC;
	const uint8_t *last = wrote > 0 ? memrchr(records, '\n', (size_t)wrote) : NULL;
	size_t kept = last ? (size_t)(last + 1 - records) : 0;
	if (wrote > 0 && (size_t)wrote != kept && ftruncate(file->fd, at + (off_t)kept) < 0)
		(void)rotate(file); /* nothing can follow a torn record */
	return kept;
}

/* In as many files as the records need. */
size_t logfile_append(struct logfile *file, const uint8_t *records, size_t size) {
	size_t done = 0;
	while (done < size) {
		const uint8_t *from = records + done;
		size_t part = size - done;
		off_t at = ready(file);
		if (at < 0) {
			file->why = errno;
			break;
		}
		if (file->size && (uint64_t)at + part > file->size) {
			/* What still fits, in whole records; one that fits nowhere has a file of its own. */
			size_t room = (uint64_t)at < file->size ? (size_t)(file->size - (uint64_t)at) : 0;
			const uint8_t *last = memrchr(from, '\n', room);
			if (!last && at > 0) {
				(void)rotate(file); /* where that fails, ready() will, too */
				continue;
			}
			if (!last)
				last = memchr(from, '\n', part);
			part = (size_t)(last + 1 - from);
		}
		size_t kept = write_records(file, at, from, part);
		done += kept;
		if (kept != part)
			break;
	}
	return done;
}
