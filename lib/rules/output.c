#include "lib/rules/output.h"

#include <ctype.h>
#include <inttypes.h>
#include <arpa/inet.h>
#include <string.h>

#include "lib/rules/condition.h"
#include "lib/rules/map.h"

/* Text, then a field; the last piece may have none. */
struct piece {
	struct span text;
	bool has_field;
	struct rules_ref ref;
	unsigned width; /* 0: as long as it is */
	const char *name;
	bool is_repeated; /* its name was there before */
};

struct rules_output {
	struct piece *pieces;
	uint32_t count;
	const char **names;
	uint32_t name_count;
};

/* --- reading ------------------------------------------------------------ */

struct parser {
	struct arena *arena;
	const char *at;
	struct aegis_error *err;
};

static int
no_memory(struct parser *p)
{
	return aegis_error_set(p->err, -ENOMEM, "read an output");
}

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Words with single dots between; a dot at the end is the text's. */
static size_t
name_length(const char *s)
{
	size_t n = 0;

	while (is_word(s[n]) || (n && s[n] == '.' && is_word(s[n + 1])))
		n++;
	return n;
}

/* "[argument]" right behind the name; *ret stays NULL if there is none. */
static int
read_argument(struct parser *p, const char **ret)
{
	const char *s = p->at + 1, *end;

	if (*p->at != '[')
		return 0;
	if (*s == '"' || *s == '\'') {
		end = strchr(s + 1, *s);
		s++;
		if (!end || end[1] != ']')
			return aegis_error_setx(
				p->err, -EBADMSG,
				"']' is missing after '%%..[%.20s'", s);
	} else {
		end = s + strcspn(s, "]");
		if (!*end || end == s)
			return aegis_error_setx(p->err, -EBADMSG,
						"an argument in brackets is "
						"wanted, at '%.20s'",
						p->at);
	}
	*ret = arena_copy(p->arena, s, (size_t)(end - s));
	if (!*ret)
		return no_memory(p);
	p->at = end + 1 + (*end != ']');
	return 0;
}

/* The longest name at p->at that is a field.  Only the whole word can have an
 * argument. */
static int
read_field(struct parser *p, struct piece *piece)
{
	struct rules_ref bare;
	const size_t whole = name_length(p->at);
	size_t len;
	const char *argument = NULL;
	char *name;
	int r;

	name = arena_copy(p->arena, p->at, whole);
	if (!name)
		return no_memory(p);
	for (len = whole; len; len--) {
		name[len] = '\0';
		r = rules_field_resolve(name, NULL, &bare, NULL);
		/* -EINVAL: it is one, but wants an argument. */
		if (r == 0 || (r == -EINVAL && p->at[len] == '['))
			break;
	}
	if (!len) {
		memcpy(name, p->at, whole);
		name[whole] = '\0';
		r = rules_field_resolve(name, NULL, &bare, p->err);
		return r < 0 ? r : -ENOENT;
	}
	p->at += len;
	r = read_argument(p, &argument);
	if (r < 0)
		return r;
	r = rules_field_resolve(name, argument, &piece->ref, p->err);
	if (r < 0)
		return r == -ENOENT ? r : -EBADMSG;
	piece->has_field = true;
	if (argument) {
		char *full = arena_alloc(p->arena,
					 strlen(name) + strlen(argument) + 3);

		if (!full)
			return no_memory(p);
		snprintf(full, strlen(name) + strlen(argument) + 3, "%s[%s]",
			 name, argument);
		name = full;
	}
	piece->name = name;
	return 0;
}

static bool
may_be_shown(const struct piece *p)
{
	const struct rules_field_info *info = rules_field_info(p->ref.field);

	return info->values != RULES_VALUES_ENDS &&
	       info->type != RULES_TYPE_NET;
}

/* Behind the '%'. */
static int
read_placeholder(struct parser *p, struct piece *piece)
{
	const char *const start = p->at;
	int r;

	while (isdigit((unsigned char)*p->at)) {
		piece->width = 10 * piece->width + (unsigned)(*p->at++ - '0');
		if (piece->width > RULES_OUTPUT_WIDTH_MAX)
			return aegis_error_setx(p->err, -EBADMSG,
						"a width over %d",
						RULES_OUTPUT_WIDTH_MAX);
	}
	if (!is_word(*p->at))
		return aegis_error_setx(p->err, -EBADMSG,
					"the name of a field is wanted behind "
					"'%%', at '%.20s'",
					start);
	r = read_field(p, piece);
	if (r < 0)
		return r;
	if (!may_be_shown(piece))
		return aegis_error_setx(p->err, -EBADMSG,
					"%s can be compared, not shown; show "
					"fd.sip or fd.cip",
					piece->name);
	return 0;
}

static int
read_pieces(struct parser *p, struct rules_output *o, struct map *names)
{
	for (;;) {
		struct piece *piece = &o->pieces[o->count++];
		const size_t len = strcspn(p->at, "%");
		int r;

		piece->text = (struct span){p->at, len};
		p->at += len;
		if (!*p->at)
			return 0;
		p->at++;
		r = read_placeholder(p, piece);
		if (r < 0)
			return r;
		piece->is_repeated =
			map_find(names, span_of(piece->name)) != MAP_NONE;
		if (piece->is_repeated)
			continue;
		o->names[o->name_count++] = piece->name;
		if (map_put(names, p->arena, span_of(piece->name), 0) < 0)
			return no_memory(p);
	}
}

int
rules_output_parse(struct arena *a, const char *text,
		   const struct rules_output **ret, struct aegis_error *err)
{
	struct parser p = {.arena = a, .err = err};
	struct rules_output *o = arena_alloc(a, sizeof(*o));
	struct map names = {0};
	size_t fields = 0;
	int r;

	if (strnlen(text, RULES_OUTPUT_MAX + 1) > RULES_OUTPUT_MAX)
		return aegis_error_setx(err, -E2BIG,
					"an output of more than %d bytes",
					RULES_OUTPUT_MAX);
	for (const char *c = text; (c = strchr(c, '%')); c++)
		fields++;
	p.at = arena_copy(a, text, strlen(text));
	if (!o || !p.at)
		return no_memory(&p);
	o->pieces = arena_array(a, fields + 1, sizeof(*o->pieces));
	o->names = arena_array(a, fields + 1, sizeof(*o->names));
	if (!o->pieces || !o->names)
		return no_memory(&p);
	r = read_pieces(&p, o, &names);
	if (r == 0)
		*ret = o;
	return r;
}

uint32_t
rules_output_field_count(const struct rules_output *o)
{
	return o->name_count;
}

const char *
rules_output_field(const struct rules_output *o, uint32_t i)
{
	return o->names[i];
}

/* --- writing ------------------------------------------------------------ */

/* Counts on when there is no more room. */
struct sink {
	char *to;
	size_t size, len;
};

static void
put(struct sink *s, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++, s->len++)
		if (s->len + 1 < s->size)
			s->to[s->len] = text[i] ? text[i] : ' ';
}

static void
put_value(struct sink *s, const struct rules_ref *ref,
	  const struct rules_value *v)
{
	char text[INET6_ADDRSTRLEN];

	switch (rules_field_info(ref->field)->type) {
	case RULES_TYPE_NUMBER:
	case RULES_TYPE_PORT:
		snprintf(text, sizeof(text), "%" PRId64, v->number);
		put(s, text, strlen(text));
		break;
	case RULES_TYPE_BOOL:
		put(s, v->truth ? "true" : "false", v->truth ? 4 : 5);
		break;
	case RULES_TYPE_IP:
	case RULES_TYPE_NET:
		if (inet_ntop(v->ip.family == 4 ? AF_INET : AF_INET6,
			      v->ip.bytes, text, sizeof(text)))
			put(s, text, strlen(text));
		break;
	default:
		put(s, v->text, v->len);
		break;
	}
}

/* Of several values all, as a way up: "sh->sshd->systemd".  False: none. */
static bool
put_field(struct sink *s, const struct rules_ref *ref, rules_get *get,
	  void *ctx)
{
	const unsigned last = rules_ref_is_several(ref) ? RULES_INDEX_MAX : 0;
	struct rules_value v;
	unsigned i;

	for (i = 0; i <= last && get(ctx, ref, i, &v); i++) {
		if (i)
			put(s, "->", 2);
		put_value(s, ref, &v);
	}
	return i > 0;
}

static void
put_piece(struct sink *s, const struct piece *p, rules_get *get, void *ctx)
{
	const size_t start = s->len;

	if (!put_field(s, &p->ref, get, ctx))
		put(s, RULES_OUTPUT_NONE, strlen(RULES_OUTPUT_NONE));
	if (!p->width)
		return;
	while (s->len - start < p->width)
		put(s, " ", 1);
	s->len = start + p->width;
}

size_t
rules_output_format(const struct rules_output *o, rules_get *get, void *ctx,
		    char *ret, size_t size)
{
	struct sink s = {ret, size, 0};

	for (uint32_t i = 0; i < o->count; i++) {
		const struct piece *p = &o->pieces[i];

		put(&s, p->text.text, p->text.len);
		if (p->has_field)
			put_piece(&s, p, get, ctx);
	}
	if (size)
		ret[s.len < size ? s.len : size - 1] = '\0';
	return s.len;
}

/* Texts of several values are joined here; more of them than this are cut. */
#define JOINED_MAX 4096

static void
json_value(const struct rules_ref *ref, rules_get *get, void *ctx,
	   struct json_out *out)
{
	char joined[JOINED_MAX];
	struct sink s = {joined, sizeof(joined), 0};
	struct rules_value v;

	if (rules_ref_is_several(ref) ||
	    rules_field_info(ref->field)->type == RULES_TYPE_IP) {
		if (!put_field(&s, ref, get, ctx))
			json_out_null(out);
		else
			json_out_bytes(out, joined,
				       s.len < s.size ? s.len : s.size - 1);
		return;
	}
	if (!get(ctx, ref, 0, &v)) {
		json_out_null(out);
		return;
	}
	switch (rules_field_info(ref->field)->type) {
	case RULES_TYPE_NUMBER:
	case RULES_TYPE_PORT:
		json_out_int(out, v.number);
		break;
	case RULES_TYPE_BOOL:
		json_out_bool(out, v.truth);
		break;
	default:
		json_out_bytes(out, v.text, v.len);
		break;
	}
}

void
rules_output_fields(const struct rules_output *o, rules_get *get, void *ctx,
		    struct json_out *out)
{
	for (uint32_t i = 0; i < o->count; i++) {
		const struct piece *p = &o->pieces[i];

		if (!p->has_field || p->is_repeated)
			continue;
		json_out_key(out, p->name);
		json_value(&p->ref, get, ctx, out);
	}
}
