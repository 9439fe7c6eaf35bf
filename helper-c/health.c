/* health.c: whether the payload says that it is well. */
#include "served.h"

int health_open(struct served *served, const struct message *serve, struct failure *failure) {
	(void)served, (void)serve, (void)failure;
	return 0;
}

void health_begin(struct supervisor *supervisor, struct served *served) {
	(void)supervisor, (void)served;
}

void health_end(struct supervisor *supervisor, struct served *served) {
	(void)supervisor, (void)served;
}

void health_close(struct supervisor *supervisor, struct served *served) {
	(void)supervisor, (void)served;
}
