/*
 * clock - the two clocks AEGIS uses, in milliseconds and microseconds.
 *
 * Wall time stamps records; monotonic time measures and bounds.
 */
#ifndef AEGIS_LIB_CLOCK_H
#define AEGIS_LIB_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t
clock_read_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static inline int64_t
clock_wall_ms(void)
{
	return clock_read_us(CLOCK_REALTIME) / 1000;
}

static inline uint64_t
clock_monotonic_ms(void)
{
	return (uint64_t)clock_read_us(CLOCK_MONOTONIC) / 1000;
}

static inline uint64_t
clock_monotonic_us(void)
{
	return (uint64_t)clock_read_us(CLOCK_MONOTONIC);
}

#endif
