/*
 * Values of a conf tree, read as what they should be.
 */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/conf.h"

/* How much of a value a message repeats. */
#define SHOWN 80

/* --- did you mean ---------------------------------------------------------------- */

#define NEAREST_LEN 64

static bool
same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Edit distance in which two swapped neighbours are one slip (optimal string
 * alignment), or more than limit if it is that.  Both texts are under
 * NEAREST_LEN.  A cell is made of the two rows before it: where these are over
 * the limit, so is all that follows. */
static unsigned
distance(const char *a, const char *b, unsigned limit)
{
	unsigned rows[3][NEAREST_LEN + 1], *before = rows[0], *last = rows[1],
					   *now = rows[2];
	const size_t alen = strlen(a), blen = strlen(b);
	unsigned last_least = 0;

	for (size_t k = 0; k <= blen; k++)
		last[k] = before[k] = (unsigned)k;
	for (size_t i = 1; i <= alen; i++) {
		unsigned *spare = before, least;

		now[0] = least = (unsigned)i;
		for (size_t k = 1; k <= blen; k++) {
			unsigned best =
				last[k - 1] + !same_letter(a[i - 1], b[k - 1]);

			if (last[k] + 1 < best)
				best = last[k] + 1;
			if (now[k - 1] + 1 < best)
				best = now[k - 1] + 1;
			if (i > 1 && k > 1 && same_letter(a[i - 1], b[k - 2]) &&
			    same_letter(a[i - 2], b[k - 1]) &&
			    before[k - 2] + 1 < best)
				best = before[k - 2] + 1;
			now[k] = best;
			least = best < least ? best : least;
		}
		if (least > limit && last_least > limit)
			return limit + 1;
		last_least = least;
		before = last;
		last = now;
		now = spare;
	}
	return last[blen];
}

const char *
conf_nearest(const char *text, const char *const *names, size_t count)
{
	const char *nearest = NULL;
	unsigned best = UINT_MAX;

	const size_t text_len = strlen(text);

	if (text_len >= NEAREST_LEN)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const size_t len = strlen(names[i]);
		unsigned d;

		/* The difference in length is the least distance. */
		if (len >= NEAREST_LEN || len + len / 3 < text_len ||
		    text_len + len / 3 < len)
			continue;
		d = distance(text, names[i], (unsigned)len / 3);
		if (d <= len / 3 && d < best) {
			best = d;
			nearest = names[i];
		}
	}
	return nearest;
}

/* --- maps --------------------------------------------------------------------------- */

static const char *
type_name(const struct conf_node *n)
{
	static const char *const names[] = {"nothing", "a single value",
					    "a list", "a map"};

	return names[n->type];
}

const struct conf_node *
conf_get(const struct conf_node *map, const char *key)
{
	if (map->type != CONF_MAP)
		return NULL;
	for (const struct conf_node *c = map->first; c; c = c->next)
		if (!strcmp(c->key, key))
			return c->type == CONF_NULL ? NULL : c;
	return NULL;
}

#define KEYS_MAX 64

static int
unknown_key(const struct conf *conf, const struct conf_node *value,
	    const struct conf_key *keys, size_t key_count,
	    struct aegis_error *err)
{
	_cleanup_buf_ struct buf list = BUF_INIT(AEGIS_ERROR_TEXT_LEN);
	const char *names[KEYS_MAX], *nearest;
	size_t n = 0;

	for (; n < key_count && n < KEYS_MAX; n++) {
		names[n] = keys[n].name;
		buf_addf(&list, "%s%s", n ? ", " : "", names[n]);
	}
	nearest = conf_nearest(value->key, names, n);
	if (nearest)
		return conf_key_error(conf, value, err,
				      "unknown key '%.*s'; did you mean '%s'?",
				      SHOWN, value->key, nearest);
	return conf_key_error(conf, value, err,
			      "unknown key '%.*s'; known here: %s", SHOWN,
			      value->key, buf_str(&list));
}

int
conf_read_map(const struct conf *conf, const struct conf_node *map,
	      const struct conf_key *keys, size_t key_count, void *ctx,
	      struct aegis_error *err)
{
	if (map->type == CONF_NULL)
		return 0;
	if (map->type != CONF_MAP)
		return conf_error(conf, map, err,
				  "expected a map of keys and values, found %s",
				  type_name(map));
	for (const struct conf_node *c = map->first; c; c = c->next) {
		size_t i = 0;
		int r;

		while (i < key_count && strcmp(keys[i].name, c->key) != 0)
			i++;
		if (i == key_count)
			return unknown_key(conf, c, keys, key_count, err);
		if (c->type == CONF_NULL)
			continue;
		r = keys[i].read(conf, c, (char *)ctx + keys[i].offset, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- scalars -------------------------------------------------------------------------- */

static int
expect_scalar(const struct conf *conf, const struct conf_node *n,
	      const char *wanted, struct aegis_error *err)
{
	if (n->type == CONF_SCALAR)
		return 0;
	if (n->type == CONF_NULL)
		return conf_error(conf, n, err,
				  "expected %s, found nothing; put null and ~ "
				  "in quotes if they are meant as text",
				  wanted);
	return conf_error(conf, n, err, "expected %s, found %s", wanted,
			  type_name(n));
}

/* A plain scalar: what is quoted is text and nothing else. */
static int
expect_plain(const struct conf *conf, const struct conf_node *n,
	     const char *wanted, struct aegis_error *err)
{
	int r = expect_scalar(conf, n, wanted, err);

	if (r == 0 && n->quoted)
		return conf_error(conf, n, err,
				  "expected %s, found text in quotes; leave "
				  "the quotes out",
				  wanted);
	return r;
}

int
conf_string(const struct conf *conf, const struct conf_node *n,
	    const char **ret, struct aegis_error *err)
{
	int r = expect_scalar(conf, n, "a text", err);

	if (r == 0)
		*ret = n->value;
	return r;
}

int
conf_bool(const struct conf *conf, const struct conf_node *n, bool *ret,
	  struct aegis_error *err)
{
	static const char *const yes[] = {"true", "True", "TRUE"};
	static const char *const no[] = {"false", "False", "FALSE"};
	int r = expect_plain(conf, n, "true or false", err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < 3; i++) {
		const bool is_yes = !strcmp(n->value, yes[i]);

		if (is_yes || !strcmp(n->value, no[i])) {
			*ret = is_yes;
			return 0;
		}
	}
	return conf_error(conf, n, err, "expected true or false, found '%.*s'",
			  SHOWN, n->value);
}

/* Digits without a sign; no leading zero, which YAML 1.1 reads as octal.
 * Returns the number of characters, 0 if it is none or too large. */
static size_t
read_digits(const char *s, uint64_t *ret)
{
	const size_t len = strspn(s, "0123456789");
	uint64_t v = 0;

	if (!len || (len > 1 && *s == '0'))
		return 0;
	for (size_t i = 0; i < len; i++) {
		const uint64_t digit = (uint64_t)(s[i] - '0');

		if (v > (INT64_MAX - digit) / 10)
			return 0;
		v = v * 10 + digit;
	}
	*ret = v;
	return len;
}

int
conf_int(const struct conf *conf, const struct conf_node *n, int64_t min,
	 int64_t max, int64_t *ret, struct aegis_error *err)
{
	const bool negative = n->value[0] == '-';
	const char *digits = n->value + negative;
	uint64_t magnitude;
	size_t len;
	int64_t v;
	int r = expect_plain(conf, n, "a whole number", err);

	if (r < 0)
		return r;
	len = read_digits(digits, &magnitude);
	if (!len || digits[len])
		return conf_error(conf, n, err,
				  "expected a whole number, found '%.*s'",
				  SHOWN, n->value);
	v = negative ? -(int64_t)magnitude : (int64_t)magnitude;
	if (v < min || v > max)
		return conf_error(conf, n, err,
				  "%lld is out of range; give %lld to %lld",
				  (long long)v, (long long)min, (long long)max);
	*ret = v;
	return 0;
}

/* The power of 1024 that a unit stands for, or -1. */
static int
unit_power(const char *unit)
{
	static const char units[] = "bkmgt";
	const char *at;

	if (!*unit)
		return 0;
	at = strchr(units, tolower((unsigned char)*unit));
	if (!at || !*at)
		return -1;
	unit += 1;
	if (at != units && tolower((unsigned char)*unit) == 'b')
		unit++;
	return *unit ? -1 : (int)(at - units);
}

int
conf_size(const struct conf *conf, const struct conf_node *n, int64_t *ret,
	  struct aegis_error *err)
{
	static const char wanted[] = "a size such as 512m or 2g";
	uint64_t v;
	size_t len;
	int power, r = expect_scalar(conf, n, wanted, err);

	if (r < 0)
		return r;
	len = read_digits(n->value, &v);
	power = len ? unit_power(n->value + len) : -1;
	if (power < 0 || v > (uint64_t)INT64_MAX >> (10 * power))
		return conf_error(conf, n, err, "expected %s, found '%.*s'",
				  wanted, SHOWN, n->value);
	*ret = (int64_t)(v << (10 * power));
	return 0;
}

int
conf_enum(const struct conf *conf, const struct conf_node *n,
	  const char *const *names, size_t count, size_t *ret,
	  struct aegis_error *err)
{
	_cleanup_buf_ struct buf wanted = BUF_INIT(AEGIS_ERROR_TEXT_LEN);
	const char *nearest;
	int r;

	buf_adds(&wanted, "one of ");
	for (size_t i = 0; i < count; i++)
		buf_addf(&wanted, "%s%s", i ? ", " : "", names[i]);
	r = expect_scalar(conf, n, buf_str(&wanted), err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		if (!strcmp(n->value, names[i])) {
			*ret = i;
			return 0;
		}
	nearest = conf_nearest(n->value, names, count);
	if (nearest)
		return conf_error(conf, n, err,
				  "unknown value '%.*s'; did you mean '%s'?",
				  SHOWN, n->value, nearest);
	return conf_error(conf, n, err, "unknown value '%.*s'; use %s", SHOWN,
			  n->value, buf_str(&wanted));
}

/* --- times ------------------------------------------------------------------------------ */

/* count digits at *s as a number from min to max. */
static bool
take_number(const char **s, unsigned count, int min, int max, int *ret)
{
	int v = 0;

	for (unsigned i = 0; i < count; i++) {
		const char c = (*s)[i];

		if (c < '0' || c > '9')
			return false;
		v = v * 10 + (c - '0');
	}
	*s += count;
	*ret = v;
	return v >= min && v <= max;
}

static bool
take_char(const char **s, const char *any_of)
{
	if (!**s || !strchr(any_of, **s))
		return false;
	++*s;
	return true;
}

static int
days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30,
				   31, 31, 30, 31, 30, 31};
	const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month == 2 && leap ? 29 : days[month - 1];
}

static bool
take_date(const char **s, struct tm *tm)
{
	int year, month, day;

	if (!take_number(s, 4, 1970, 9999, &year) || !take_char(s, "-") ||
	    !take_number(s, 2, 1, 12, &month) || !take_char(s, "-") ||
	    !take_number(s, 2, 1, days_in_month(year, month), &day))
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	return true;
}

/* The fraction of a second; what is finer than a millisecond is dropped. */
static bool
take_fraction(const char **s, int *ret_ms)
{
	int ms = 0, scale = 100;

	*ret_ms = 0;
	if (!take_char(s, "."))
		return true;
	if (**s < '0' || **s > '9')
		return false;
	for (; **s >= '0' && **s <= '9'; ++*s, scale /= 10)
		ms += (**s - '0') * scale;
	*ret_ms = ms;
	return true;
}

static bool
take_offset(const char **s, int *ret_minutes)
{
	const bool west = **s == '-';
	int hours, minutes;

	*ret_minutes = 0;
	if (take_char(s, "Zz"))
		return true;
	if (!take_char(s, "+-") || !take_number(s, 2, 0, 23, &hours) ||
	    !take_char(s, ":") || !take_number(s, 2, 0, 59, &minutes))
		return false;
	*ret_minutes = (hours * 60 + minutes) * (west ? -1 : 1);
	return true;
}

static bool
read_time(const char *s, int64_t *ret)
{
	struct tm tm = {0};
	int ms = 999, offset = 0;

	if (!take_date(&s, &tm))
		return false;
	if (!*s) {
		tm.tm_hour = 23;
		tm.tm_min = tm.tm_sec = 59;
	} else if (!take_char(&s, "Tt ") ||
		   !take_number(&s, 2, 0, 23, &tm.tm_hour) ||
		   !take_char(&s, ":") ||
		   !take_number(&s, 2, 0, 59, &tm.tm_min) ||
		   !take_char(&s, ":") ||
		   !take_number(&s, 2, 0, 60, &tm.tm_sec) ||
		   !take_fraction(&s, &ms) || !take_offset(&s, &offset) || *s) {
		return false;
	}
	*ret = ((int64_t)timegm(&tm) - offset * 60) * 1000 + ms;
	return true;
}

int
conf_time_ms(const struct conf *conf, const struct conf_node *n, int64_t *ret,
	     struct aegis_error *err)
{
	static const char wanted[] = "a day such as 2027-01-31 or a time such "
				     "as 2027-01-31T18:00:00Z";
	int r = expect_scalar(conf, n, wanted, err);

	if (r < 0 || read_time(n->value, ret))
		return r;
	return conf_error(conf, n, err, "expected %s, found '%.*s'", wanted,
			  SHOWN, n->value);
}
