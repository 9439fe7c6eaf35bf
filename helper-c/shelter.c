/*
 * shelter.c: what we run from is out of the containers' reach.
 *
 * A container can get at it: what it gives out as its /bin/sh may be a link to /proc/self/exe, or a script with that for an
 * interpreter, and the next exec makes a process of the container of our own file, whose /proc/PID/exe leads there past every
 * mount (CVE-2019-5736). While we run nobody can write it, but its mode and its owner are changed like any file's. So the
 * supervisor, before it is told anything, runs itself anew from a sealed copy in memory. A read-only mount that is attached
 * nowhere would share its pages with others, but the kernel waits for all CPUs when that goes: up to 0.5 ms instead of 0.15.
 */
#include "shelter.h"
#include "util.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010u /* Linux 6.3 */
#endif

static const char self[] = "/proc/self/exe";

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

/* It is the copy, or its file system can't be written, or no container of ours has a right to it. */
static bool is_safe(int file) {
	struct statvfs where;
	struct stat status;
	int seals = fcntl(file, F_GET_SEALS);
	if ((seals >= 0 && (seals & SEALS) == SEALS) || (fstatvfs(file, &where) == 0 && where.f_flag & ST_RDONLY))
		return true;
	return geteuid() != 0 && fstat(file, &status) == 0 && status.st_uid != geteuid() && access(self, W_OK) < 0;
}

static int open_copy(int file) {
	struct stat status;
	cleanup_fd int copy = memfd_create("nsinit", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	if (copy < 0)
		copy = memfd_create("nsinit", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (copy < 0 || fstat(file, &status) < 0)
		return -1;
	for (off_t done = 0; done < status.st_size;)
		if (RETRY(sendfile(copy, file, &done, (size_t)(status.st_size - done))) <= 0)
			return -1;
	return fcntl(copy, F_ADD_SEALS, SEALS) == 0 ? steal_fd(&copy) : -1;
}

void shelter(char **argv, char **envp) {
	cleanup_fd int file = open(self, O_RDONLY | O_CLOEXEC);
	/* Before Linux 6.14 it would be called by the descriptor's number. */
	(void)prctl(PR_SET_NAME, "nsinit", 0, 0, 0);
	if (file < 0 || is_safe(file))
		return;
	cleanup_fd int copy = open_copy(file);
	if (copy >= 0)
		(void)syscall(SYS_execveat, copy, "", argv, envp, AT_EMPTY_PATH);
	/* There is no memory for it, or it can't be executed there (vm.memfd_noexec): what runs still isn't written. */
}
