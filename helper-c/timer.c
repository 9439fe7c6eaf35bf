/* timer.c: something is done later, by the event loop. */
#include "channel.h"
#include "util.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

/* By CLOCK_BOOTTIME: a machine that slept has let the time pass. */
int timer_set(struct supervisor *supervisor, struct timer *timer, uint32_t milliseconds) {
	timer_clear(supervisor, timer);
	int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd < 0)
		return -1;
	/* a time of zero would disarm it */
	struct itimerspec when = {.it_value = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds ? milliseconds % 1000 * 1000000L : 1}};
	timer->source = (struct source){SOURCE_TIMER, timer};
	if (timerfd_settime(fd, 0, &when, NULL) < 0 || supervisor_watch(supervisor, fd, EPOLLIN, &timer->source) < 0) {
		close_fd(&fd);
		return -1;
	}
	timer->fd = fd;
	timer->set = true;
	return 0;
}

void timer_clear(struct supervisor *supervisor, struct timer *timer) {
	if (!timer->set)
		return;
	timer->set = false;
	supervisor_forget(supervisor, &timer->fd);
}

void timer_on_ready(struct supervisor *supervisor, struct timer *timer) {
	if (!timer->set)
		return; /* cleared by another event of this round */
	timer_clear(supervisor, timer);
	timer->fire(supervisor, timer->of);
}
