/* crash/clock.c - the machine's time of day, set by the harness while a program runs (LD_PRELOAD; see
 * control.h). What only goes forward is left alone, as by settimeofday(2), and so is the clock by which
 * kernels stamp files: it has to agree with their stamps. */
#define _GNU_SOURCE
#include "control.h"

#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)

int clock_gettime(clockid_t id, struct timespec *ret)
{
    int result = (int)syscall(SYS_clock_gettime, id, ret);
    int64_t by = id == CLOCK_REALTIME ? atomic_load(&control_page()[CONTROL_CLOCK_NS]) : 0;

    if (result == 0 && by != 0) {
        int64_t ns = (int64_t)ret->tv_sec * NS_PER_S + ret->tv_nsec + by;

        *ret = (struct timespec){.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
    }
    return result;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *ret = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *ret)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (ret != NULL)
        *ret = now.tv_sec;
    return now.tv_sec;
}
