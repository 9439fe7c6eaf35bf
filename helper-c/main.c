/*
 * nsinit: performs clone3, setns and pivot_root as it is told on descriptor 3, and supervises what comes of it.
 *
 * It holds no policy: no default, no path, no knowledge of images. What it is told is a plan (protocol.def,
 * docs/plan.md); who tells it is treated as hostile.
 */
#include "channel.h"
#include "keep.h"
#include "shelter.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONTROL = 3 };

int main(int argc, char **argv, char **envp) {
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("nsinit %s\n", CLOCHE_VERSION);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "--keep") == 0)
		return keep(argv[2]);
	int type = 0;
	socklen_t size = sizeof type;
	if (argc != 1 || getsockopt(CONTROL, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_STREAM) {
		fputs("nsinit: to be started by cloche, with its control socket on descriptor 3\n", stderr);
		return 125;
	}
	shelter(argv, envp);
	supervise(CONTROL);
}
