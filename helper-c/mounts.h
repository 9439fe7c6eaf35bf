/* mounts.h: what mounts.c and overlay.c share: a mount by file system context, or by mount(2). */
#pragma once

#include "build.h"

/* Like failed(), with what the file system says in its context's log. */
int mount_context_failed(struct build *build, int fs, const char *call, const char *path);

/* Hand the operation's OPTIONs to the context. */
int mount_set_options(struct build *build, int fs, const struct op *op);

/* Create the file system, give the mount the operation's attributes and attach it. */
int mount_finish(struct build *build, int fs, const struct op *op);

/* The options of mount(2), which copies one page. */
struct mount_data {
	size_t used;
	char text[4096];
};

/* Add one option, or all of an operation's, behind a comma; false where the page is full. */
bool mount_add_option(struct mount_data *data, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool mount_join_options(struct mount_data *data, const struct op *op);

/* mount(2), for file systems whose manual is written for it (aufs) and for kernels before lowerdir+. */
int mount_classic(struct build *build, const struct op *op, const char *type, const char *data);
