/*
 * asker [-n COUNT] [-j JOBS] NAME            asks 127.0.0.11 for NAME's A record
 * asker [-n COUNT] [-j JOBS] -e NAME         asks a child of its own, which sends every question back: the floor
 *
 * Sends COUNT questions by UDP, JOBS on their way at any time, and prints a line for each: nanoseconds from sendto to the
 * answer. A last line has "=" and the nanoseconds from the first to the last. Where a question isn't answered in five
 * seconds, or with anything but an address, it says so and ends with status 1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* RFC 1035: a header of 12 bytes, and at most 512 bytes by UDP. */
enum { HEADER = 12, MAX_MESSAGE = 512, MAX_LABEL = 63, MAX_COUNT = 1000000, MAX_JOBS = 64, PATIENCE_SECONDS = 5 };

struct question {
	uint8_t bytes[MAX_MESSAGE];
	size_t size;
	bool is_echoed;
};

static _Noreturn void fail(const char *what) {
	fprintf(stderr, "asker: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now(void) {
	struct timespec time;
	if (clock_gettime(CLOCK_MONOTONIC, &time) != 0)
		fail("clock_gettime");
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void put(struct question *question, const void *data, size_t size) {
	if (size > sizeof question->bytes - question->size) {
		errno = EMSGSIZE;
		fail("the name");
	}
	memcpy(question->bytes + question->size, data, size);
	question->size += size;
}

/* RFC 1035, 4.1.2: labels with their lengths before them, then type A, class IN. */
static void write_question(struct question *question, const char *name) {
	static const uint8_t header[HEADER] = {0, 0, 1 /* recursion is desired */, 0, 0, 1 /* one question */};
	static const uint8_t ending[] = {0, 0, 1, 0, 1};
	put(question, header, sizeof header);
	for (const char *label = name; *label;) {
		uint8_t length = (uint8_t)strcspn(label, ".");
		if (length == 0 || length > MAX_LABEL) {
			errno = EINVAL;
			fail("the name");
		}
		put(question, &length, 1);
		put(question, label, length);
		label += length;
		label += *label == '.';
	}
	put(question, ending, sizeof ending);
}

static void ask(int fd, struct question *question, unsigned id) {
	question->bytes[0] = (uint8_t)(id >> 8);
	question->bytes[1] = (uint8_t)id;
	if (send(fd, question->bytes, question->size, 0) != (ssize_t)question->size)
		fail("send");
}

/* Returns the answer's id. */
static unsigned await_answer(int fd, bool is_echoed) {
	uint8_t bytes[MAX_MESSAGE];
	ssize_t size = recv(fd, bytes, sizeof bytes, 0);
	if (size < 0)
		fail("recv");
	/* Its last four bits of flags are 0, and it has answers. */
	if (size < HEADER || (!is_echoed && ((bytes[3] & 15) != 0 || (bytes[6] | bytes[7]) == 0))) {
		errno = ENOMSG;
		fail("the answer has no address");
	}
	return (unsigned)bytes[0] << 8 | bytes[1];
}

static int open_socket(const struct sockaddr_in *server) {
	struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0)
		fail("socket");
	if (connect(fd, (const struct sockaddr *)server, sizeof *server) < 0)
		fail("connect");
	return fd;
}

/* A child that ends with this process; SERVER is where it is reached. */
static void start_echo(struct sockaddr_in *server) {
	socklen_t length = sizeof *server;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	*server = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	if (fd < 0 || bind(fd, (struct sockaddr *)server, length) < 0 || getsockname(fd, (struct sockaddr *)server, &length) < 0)
		fail("bind");
	pid_t pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid > 0) {
		close(fd);
		return;
	}
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		fail("prctl");
	for (;;) {
		uint8_t bytes[MAX_MESSAGE];
		struct sockaddr_in from;
		socklen_t size = sizeof from;
		ssize_t got = recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &size);
		if (got < 0 || sendto(fd, bytes, (size_t)got, 0, (struct sockaddr *)&from, size) < 0)
			fail("echo");
	}
}

static void ask_all(int fd, struct question *question, long count, long jobs) {
	static int64_t begins[1 << 16]; /* by id; far fewer are on their way than there are ids */
	int64_t begin = now();
	for (long asked = 0, answered = 0; answered < count; answered++) {
		for (; asked < count && asked < answered + jobs; asked++) {
			begins[asked & 0xffff] = now();
			ask(fd, question, (unsigned)asked & 0xffff);
		}
		unsigned id = await_answer(fd, question->is_echoed);
		printf("%" PRId64 "\n", now() - begins[id]);
	}
	printf("= %" PRId64 "\n", now() - begin);
}

static long parse(const char *text, long max) {
	long number = atol(text);
	if (number < 1 || number > max) {
		errno = EINVAL;
		fail(text);
	}
	return number;
}

int main(int argc, char **argv) {
	static struct question question;
	struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(53), .sin_addr = {htonl(0x7f00000b)}};
	long count = 1, jobs = 1;
	for (int option; (option = getopt(argc, argv, "+n:j:e")) != -1;) {
		if (option == 'n')
			count = parse(optarg, MAX_COUNT);
		else if (option == 'j')
			jobs = parse(optarg, MAX_JOBS);
		else if (option == 'e')
			question.is_echoed = true;
		else
			return 2;
	}
	if (argc - optind != 1) {
		fputs("usage: asker [-n COUNT] [-j JOBS] [-e] NAME\n", stderr);
		return 2;
	}
	write_question(&question, argv[optind]);
	if (question.is_echoed)
		start_echo(&server);
	/* A clock's tick is far below a round trip; lines are written when all is measured. */
	static char output[1 << 20];
	setvbuf(stdout, output, _IOFBF, sizeof output);
	ask_all(open_socket(&server), &question, count, jobs);
	return 0;
}
