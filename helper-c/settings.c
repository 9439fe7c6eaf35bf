/* settings.c: what a namespace holds beside mounts: names, sysctls, the loopback link, clocks. */
#include "build.h"
#include "system.h"
#include "util.h"

#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int op_hostname(struct build *build, const struct op *op) {
	const char *name = op_string(op, TAG_VALUE);
	return sethostname(name, strlen(name)) < 0 ? failed(&build->failure, "sethostname", name) : 0;
}

int op_domainname(struct build *build, const struct op *op) {
	const char *name = op_string(op, TAG_VALUE);
	return setdomainname(name, strlen(name)) < 0 ? failed(&build->failure, "setdomainname", name) : 0;
}

/* /proc/sys shows the reader's own namespaces, so the host's proc serves until the pivot. */
int op_sysctl(struct build *build, const struct op *op) {
	char path[LIMIT_PATH + 16];
	const char *key = op_string(op, TAG_TARGET);
	const char *value = op_string(op, TAG_VALUE);
	if (strstr(key, "..") || key[0] == '/')
		return refused(&build->failure, EINVAL, "not a sysctl's name", key);
	snprintf(path, sizeof path, "/proc/sys/%s", key);
	return write_file(path, value, strlen(value)) < 0 ? failed(&build->failure, "write", path) : 0;
}

int op_loopback(struct build *build, const struct op *op) {
	(void)op;
	cleanup_fd int any = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* netdevice(7): any socket serves */
	struct ifreq request = {.ifr_name = "lo"};
	if (any < 0 || ioctl(any, SIOCGIFFLAGS, &request) < 0)
		return failed(&build->failure, any < 0 ? "socket" : "ioctl SIOCGIFFLAGS", "lo");
	request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
	return ioctl(any, SIOCSIFFLAGS, &request) < 0 ? failed(&build->failure, "ioctl SIOCSIFFLAGS", "lo") : 0;
}

static int add_offset(char *lines, size_t size, const char *clock, const struct op *op, enum tag tag) {
	if (!op_field(op, tag))
		return 0;
	int64_t offset = (int64_t)op_u64(op, tag, 0);
	int64_t seconds = offset / 1000000000;
	int64_t rest = offset % 1000000000;
	if (rest < 0) {
		rest += 1000000000;
		seconds--;
	}
	return snprintf(lines, size, "%s %" PRId64 " %" PRId64 "\n", clock, seconds, rest);
}

/*
 * Offsets can only be written while nothing is in the new namespace, and unshare(2) puts only children into it; but
 * setns(2) moves the caller itself, so no second process is needed (time_namespaces(7)).
 */
int op_time_offset(struct build *build, const struct op *op) {
	char lines[128] = "";
	int used = add_offset(lines, sizeof lines, "monotonic", op, TAG_MONOTONIC);
	used += add_offset(lines + used, sizeof lines - (size_t)used, "boottime", op, TAG_BOOTTIME);
	if (unshare(CLONE_NEWTIME) < 0)
		return failed(&build->failure, "unshare CLONE_NEWTIME", NULL);
	if (used && write_file("/proc/self/timens_offsets", lines, (size_t)used) < 0)
		return failed(&build->failure, "write", "/proc/self/timens_offsets");
	cleanup_fd int mine = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	if (mine < 0)
		return failed(&build->failure, "open", "/proc/self/ns/time_for_children");
	return setns(mine, CLONE_NEWTIME) < 0 ? failed(&build->failure, "setns", "time") : 0;
}
