/*
 * credentials.c: from all-powerful to the payload's user. Order (capabilities(7)): the bounding set while CAP_SETPCAP
 * is there, groups before the user, the other sets after it, the filter last.
 */
#include "build.h"
#include "user.h"
#include "util.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int op_rlimit(struct build *build, const struct op *op) {
	struct rlimit limit = {op_u64(op, TAG_SOFT, 0), op_u64(op, TAG_HARD, 0)};
	return setrlimit((int)op_u32(op, TAG_RESOURCE, 0), &limit) < 0 ? failed(&build->failure, "setrlimit", NULL) : 0;
}

static int drop_bounding(struct build *build, uint64_t keep) {
	for (int capability = 0; capability < 64; capability++) {
		if (keep & 1ull << capability)
			continue;
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) {
			if (errno == EINVAL)
				return 0; /* past the last one this kernel has */
			return failed(&build->failure, "prctl PR_CAPBSET_DROP", NULL);
		}
	}
	return 0;
}

static int set_capabilities(struct build *build, uint64_t permitted, uint64_t inheritable, uint64_t ambient) {
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {
		{(uint32_t)permitted, (uint32_t)permitted, (uint32_t)inheritable},
		{(uint32_t)(permitted >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)},
	};
	if (syscall(SYS_capset, &header, data) < 0)
		return failed(&build->failure, "capset", NULL);
	for (int capability = 0; capability < 64; capability++)
		if (ambient & 1ull << capability && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
			return failed(&build->failure, "prctl PR_CAP_AMBIENT_RAISE", NULL);
	return 0;
}

/* So that the payload may open /dev/stdout again: pipes of our own, and the pty, change hands; a lent one never does. */
static void give_streams(const struct build *build, uid_t uid) {
	for (int i = 0; i < 3; i++)
		if (build->owned[i] || build->terminal >= 0)
			(void)!fchown(build->streams[i], uid, (gid_t)-1); /* an unmapped owner stays: only the reopening is lost */
}

static int become(struct build *build, const struct user *user) {
	bool denied = build->no_setgroups; /* then there is one gid, and nothing to drop */
	if (!denied && setgroups(user->group_count, user->groups) < 0)
		return failed(&build->failure, "setgroups", NULL);
	if (setresgid(user->gid, user->gid, user->gid) < 0)
		return failed(&build->failure, "setresgid", NULL);
	give_streams(build, user->uid);
	if (setresuid(user->uid, user->uid, user->uid) < 0)
		return failed(&build->failure, "setresuid", NULL);
	return 0;
}

static int read_user(struct build *build, const struct op *op, struct user *user) {
	const char *text = op_string(op, TAG_USER);
	if (text) {
		if (user_look_up(build, text, user) < 0)
			return -1;
		return setenv("HOME", user->home, 1) < 0 ? failed(&build->failure, "setenv", NULL) : 0;
	}
	*user = (struct user){.uid = op_u32(op, TAG_UID, 0), .gid = op_u32(op, TAG_GID, 0)};
	for (uint32_t i = 0; i < op->count; i++) {
		if (op->fields[i].tag != TAG_GROUP)
			continue;
		if (user->group_count == ARRAY_LENGTH(user->groups))
			return refused(&build->failure, E2BIG, "more supplementary groups than nsinit takes", NULL);
		user->groups[user->group_count++] = field_u32(&op->fields[i]);
	}
	return 0;
}

int op_credentials(struct build *build, const struct plan *plan, const struct op *op) {
	static struct user user;
	if (read_user(build, op, &user) < 0)
		return -1;
	const struct op *sets = plan_find(plan, OP_CAPABILITIES);
	if (sets && drop_bounding(build, op_u64(sets, TAG_BOUNDING, 0)) < 0)
		return -1;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return failed(&build->failure, "prctl PR_SET_KEEPCAPS", NULL);
	if (become(build, &user) < 0)
		return -1;
	if (!sets)
		return 0;
	/* A filter without no_new_privs needs CAP_SYS_ADMIN to load; exec takes it away again, by the bounding set. */
	uint64_t loading = plan_find(plan, OP_SECCOMP) && !plan_find(plan, OP_NO_NEW_PRIVS) ? 1ull << CAP_SYS_ADMIN : 0;
	return set_capabilities(build, op_u64(sets, TAG_PERMITTED, 0) | loading, op_u64(sets, TAG_INHERITABLE, 0),
		op_u64(sets, TAG_AMBIENT, 0));
}

int op_no_new_privs(struct build *build, const struct op *op) {
	(void)op;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? failed(&build->failure, "prctl PR_SET_NO_NEW_PRIVS", NULL) : 0;
}

int op_seccomp(struct build *build, const struct op *op) {
	const struct field *data = op_field(op, TAG_DATA);
	size_t count = data->length / sizeof(struct sock_filter);
	if (data->length % sizeof(struct sock_filter) || count == 0 || count > BPF_MAXINSNS)
		return refused(&build->failure, EINVAL, "not a list of struct sock_filter", NULL);
	struct sock_fprog program = {(unsigned short)count, malloc(data->length)};
	if (!program.filter)
		return failed(&build->failure, "malloc", NULL);
	__builtin_memcpy(program.filter, data->data, data->length);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		return failed(&build->failure, "seccomp", NULL);
	return 0;
}
