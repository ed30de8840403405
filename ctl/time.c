#include "ctl/ctl.h"

#include <limits.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400

static int64_t
clock_ms(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
ctl_now_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

int64_t
ctl_monotonic_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

int
number_parse(const char *text, unsigned long max, unsigned long *ret)
{
	unsigned long value;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || value > max)
		return -EINVAL;
	*ret = value;
	return 0;
}

static int64_t
unit_ms(char unit)
{
	switch (unit) {
	case 's':
		return 1000;
	case 'm':
		return 60 * 1000;
	case 'h':
		return 3600 * 1000;
	case 'd':
		return DAY_S * 1000LL;
	default:
		return 0;
	}
}

/* "90s", also "1h30m". */
static int
duration_parse(const char *text, int64_t *ret_ms)
{
	int64_t sum = 0;

	do {
		char *end;
		unsigned long value;
		int64_t unit;

		if (*text < '0' || *text > '9')
			return -EINVAL;
		errno = 0;
		value = strtoul(text, &end, 10);
		unit = unit_ms(*end);
		/* 100,000 days: more than any record, far from overflow. */
		if (errno || !unit || value > 100000)
			return -EINVAL;
		sum += (int64_t)value * unit;
		text = end + 1;
	} while (*text);
	*ret_ms = sum;
	return 0;
}

/* What follows the seconds: ".123Z", "Z", "+02:00". */
static int
zone_parse(const char *s, int64_t *ret_offset_s)
{
	unsigned hour, minute;
	int used = 0;

	if (*s == '.')
		s += 1 + strspn(s + 1, "0123456789");
	*ret_offset_s = 0;
	if (!strcmp(s, "Z") || !strcmp(s, "z"))
		return 0;
	if ((*s != '+' && *s != '-') ||
	    sscanf(s + 1, "%2u:%2u%n", &hour, &minute, &used) != 2 ||
	    s[1 + used] || hour > 23 || minute > 59)
		return -EINVAL;
	*ret_offset_s = (int64_t)(hour * 3600 + minute * 60) *
			(*s == '-' ? -1 : 1);
	return 0;
}

static int
rfc3339_parse(const char *text, int64_t *ret_ms)
{
	struct tm tm = {0};
	int64_t offset_s = 0;
	const char *rest = strptime(text, "%Y-%m-%d", &tm);

	if (!rest)
		return -EINVAL;
	if (*rest) {
		if (*rest != 'T' && *rest != 't' && *rest != ' ')
			return -EINVAL;
		rest = strptime(rest + 1, "%H:%M:%S", &tm);
		if (!rest || zone_parse(rest, &offset_s))
			return -EINVAL;
	}
	*ret_ms = ((int64_t)timegm(&tm) - offset_s) * 1000;
	return 0;
}

int
time_parse(const char *text, int64_t now_ms, int64_t *ret_ms)
{
	int64_t ago;

	if (duration_parse(text, &ago))
		return rfc3339_parse(text, ret_ms);
	*ret_ms = now_ms > ago ? now_ms - ago : 1;
	return 0;
}

void
time_age(int64_t ms, int64_t now_ms, char *ret, size_t size)
{
	static const struct {
		int64_t unit_s;
		int64_t below_s; /* shown in this unit up to here */
		char name;
	} units[] = {
		{1, 2 * 60, 's'},
		{60, 2 * 3600, 'm'},
		{3600, 2 * DAY_S, 'h'},
		{DAY_S, INT64_MAX, 'd'},
	};
	int64_t s = (now_ms - ms) / 1000;

	if (ms <= 0) {
		snprintf(ret, size, "-");
		return;
	}
	if (s < 0)
		s = 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (s < units[i].below_s) {
			snprintf(ret, size, "%lld%c",
				 (long long)(s / units[i].unit_s),
				 units[i].name);
			return;
		}
}

int
ctl_time(const struct ctl *ctl, enum ctl_option option, int64_t *ret_ms)
{
	const char *text = ctl->opt[option];

	*ret_ms = 0;
	if (text && time_parse(text, ctl_now_ms(), ret_ms))
		return ctl_error(CTL_USAGE,
				 "--%s %s is no time; give 90s, 15m, 24h, 7d "
				 "or 2026-01-31T12:00:00Z",
				 ctl_options[option].name, text);
	return CTL_OK;
}
