/* system.h: system calls that musl doesn't wrap, under their own names; signatures as in their man pages. */
#pragma once

#include <sched.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/mount.h>
#include <linux/openat2.h>

/* A newer glibc, the fallback where musl isn't installed, has some of them with other types: ours go by names of their own. */
#ifdef __GLIBC__
#define fsopen sys_fsopen
#define fsconfig sys_fsconfig
#define fsmount sys_fsmount
#define open_tree sys_open_tree
#define move_mount sys_move_mount
#define mount_setattr sys_mount_setattr
#define pidfd_send_signal sys_pidfd_send_signal
#define pidfd_open sys_pidfd_open
#define pivot_root sys_pivot_root
#define openat2 sys_openat2
#define clone3 sys_clone3
#endif

#ifndef MOUNT_ATTR_IDMAP
struct mount_attr {
	uint64_t attr_set, attr_clr, propagation, userns_fd;
};
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ull
#endif

struct clone3_arguments {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

static inline long clone3(struct clone3_arguments *arguments) {
	return syscall(SYS_clone3, arguments, sizeof *arguments);
}
static inline int openat2(int directory, const char *path, struct open_how *how) {
	return (int)syscall(SYS_openat2, directory, path, how, sizeof *how);
}
static inline int fsopen(const char *type, unsigned flags) {
	return (int)syscall(SYS_fsopen, type, flags);
}
static inline int fsconfig(int fs, unsigned command, const char *key, const void *value, int aux) {
	return (int)syscall(SYS_fsconfig, fs, command, key, value, aux);
}
static inline int fsmount(int fs, unsigned flags, unsigned attributes) {
	return (int)syscall(SYS_fsmount, fs, flags, attributes);
}
static inline int open_tree(int directory, const char *path, unsigned flags) {
	return (int)syscall(SYS_open_tree, directory, path, flags);
}
static inline int move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags) {
	return (int)syscall(SYS_move_mount, from, from_path, to, to_path, flags);
}
static inline int mount_setattr(int fd, const char *path, unsigned flags, struct mount_attr *attributes) {
	return (int)syscall(SYS_mount_setattr, fd, path, flags, attributes, sizeof *attributes);
}
static inline int pivot_root(const char *new_root, const char *put_old) {
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}
static inline int pidfd_send_signal(int pidfd, int signal) {
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}
static inline int pidfd_open(int pid) {
	return (int)syscall(SYS_pidfd_open, pid, 0);
}
static inline int close_range_cloexec(unsigned first, unsigned last) {
	return (int)syscall(SYS_close_range, first, last, 4u /* CLOSE_RANGE_CLOEXEC */);
}
