/* serve.c: SERVE: what is kept of a container, and where clients find it. */
#include "served.h"
#include "peer.h"
#include "util.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static uint32_t u32_of(const struct message *message, enum tag tag, uint32_t otherwise) {
	const struct field *field = message_head(message, tag);
	return field ? field_u32(field) : otherwise;
}

static const char *string_of(const struct message *message, enum tag tag) {
	const struct field *field = message_head(message, tag);
	return field ? field_string(field) : NULL;
}

/* The directory of PATH, to be named by descriptor: a socket's address holds 107 bytes (unix(7)), a path 4,095. */
static int open_directory(const char *path, const char **name) {
	char directory[LIMIT_PATH];
	const char *slash = strrchr(path, '/');
	*name = slash ? slash + 1 : path;
	snprintf(directory, sizeof directory, "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
	return open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void remove_socket(int directory, const char *name) {
	struct stat old;
	if (fstatat(directory, name, &old, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(old.st_mode))
		(void)unlinkat(directory, name, 0);
}

static int listen_at(struct served *served, const char *path) {
	const char *name;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup_fd int directory = open_directory(path, &name);
	if (directory < 0)
		return failed(&served->failure, "open", path);
	if (snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory, name) >= (int)sizeof address.sun_path)
		return refused(&served->failure, ENAMETOOLONG, "the socket's name is too long", path);
	cleanup_fd int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener < 0)
		return failed(&served->failure, "socket", path);
	remove_socket(directory, name);
	mode_t before = umask(0177); /* it is never anybody else's, not for a moment */
	int bound = bind(listener, (struct sockaddr *)&address, sizeof address);
	umask(before);
	if (bound < 0)
		return failed(&served->failure, "bind", path);
	if (listen(listener, LIMIT_CLIENTS) < 0)
		return failed(&served->failure, "listen", path);
	served->listener = steal_fd(&listener);
	return 0;
}

static void read_service(struct served *served, const struct message *message) {
	served->socket = string_of(message, TAG_SOCKET);
	served->exit_file = string_of(message, TAG_EXIT_FILE);
	served->init_link = string_of(message, TAG_INIT_LINK);
	served->boot = string_of(message, TAG_BOOT);
	served->events = string_of(message, TAG_EVENTS);
	served->event_fields = string_of(message, TAG_EVENT_FIELDS);
	served->health_file = string_of(message, TAG_HEALTH_FILE);
	served->restart = u32_of(message, TAG_RESTART, RESTART_NO);
	served->restart_most = u32_of(message, TAG_RESTART_MOST, UINT32_MAX);
	served->backoff = u32_of(message, TAG_BACKOFF, 0);
	served->backoff_most = u32_of(message, TAG_BACKOFF_MOST, UINT32_MAX);
	served->steady = u32_of(message, TAG_STEADY, UINT32_MAX);
	served->stop_signal = (int)u32_of(message, TAG_SIGNAL, SIGKILL);
	served->stop_timeout = u32_of(message, TAG_TIMEOUT, 0);
	served->lifetime = u32_of(message, TAG_LIFETIME, 0);
	served->wait = served->backoff;
}

static int open_all(struct supervisor *supervisor, struct served *served, const struct message *message) {
	const char *log = string_of(message, TAG_LOG);
	const struct field *size = message_head(message, TAG_LOG_SIZE);
	struct failure *failure = &served->failure;
	served->hub = hub_new(served);
	if (!served->hub)
		return failed(failure, "malloc", NULL);
	if (log && !(served->log = log_open(log, size ? field_u64(size) : UINT64_MAX, u32_of(message, TAG_LOG_FILES, 0), failure)))
		return -1;
	if (record_reserve(served, failure) < 0 || health_open(served, message, failure) < 0 || listen_at(served, served->socket) < 0)
		return -1;
	served->from_listener = (struct source){SOURCE_LISTENER, served};
	if (supervisor_watch(supervisor, served->listener, EPOLLIN, &served->from_listener) < 0)
		return failed(failure, "epoll_ctl", served->socket);
	/* It may stay for months: no directory is kept busy by it. */
	return chdir("/") < 0 ? failed(failure, "chdir", "/") : 0;
}

/* What goes wrong answers CREATE, which may be on its way and names what is to be removed. */
void serve(struct supervisor *supervisor, const uint8_t *frame, size_t size, struct message *message) {
	static struct served served;
	supervisor->served = &served;
	served.number = message->channel;
	served.listener = -1;
	served.presence = -1;
	served.failure.step = STEP_SERVE;
	served.serve = (struct kept_frame){malloc(size), size};
	if (!served.serve.data) {
		served.refused = true;
		failed(&served.failure, "malloc", NULL);
		return;
	}
	memcpy(served.serve.data, frame, size);
	(void)message_decode(message, served.serve.data, size); /* as before, but it points into the copy */
	read_service(&served, message);
	served.refused = open_all(supervisor, &served, message) < 0;
	served.failure.step = STEP_SERVE;
	if (served.refused)
		serve_close(supervisor, &served);
}

void serve_on_listener(struct supervisor *supervisor, struct served *served) {
	for (int fd; served->listener >= 0 && (fd = accept4(served->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;)
		client_accept(supervisor, fd);
}

/* Who has connected but wasn't heard yet sees the end, and no reset. */
void serve_close(struct supervisor *supervisor, struct served *served) {
	if (served->listener < 0)
		return;
	for (int fd; (fd = accept4(served->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;)
		close_fd(&fd);
	supervisor_forget(supervisor, &served->listener);
	(void)unlink(served->socket);
}

bool serve_is_removed(const struct served *served, const struct channel *channel) {
	for (const char *path = channel->remove; path && *path; path += strlen(path) + 1) {
		size_t length = strlen(path);
		if (strncmp(served->exit_file, path, length) == 0 && (served->exit_file[length] == '/' || served->exit_file[length] == 0))
			return true;
	}
	return false;
}
