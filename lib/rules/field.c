#include "lib/rules/field.h"

#include <string.h>

#include "lib/conf.h"

static const struct rules_field_info fields[RULES_FIELD_MAX] = {
#define FIELD(id, text, type_, argument_, values_, help_) \
	[RULES_FIELD_##id] = {                            \
		.name = text,                             \
		.type = RULES_TYPE_##type_,               \
		.argument = RULES_ARGUMENT_##argument_,   \
		.values = RULES_VALUES_##values_,         \
		.help = help_,                            \
	},
#include "lib/rules/field.def"
#undef FIELD
};

const struct rules_field_info *
rules_field_info(enum rules_field f)
{
	return f > RULES_FIELD_INVALID && f < RULES_FIELD_MAX ? &fields[f]
							      : NULL;
}

/* By its whole name, or by what precedes ".argument" of a NAME field; the
 * longest counts.  *ret_rest is behind the name. */
static enum rules_field
find(const char *name, const char **ret_rest)
{
	enum rules_field best = RULES_FIELD_INVALID;
	size_t best_len = 0;

	for (int f = RULES_FIELD_INVALID + 1; f < RULES_FIELD_MAX; f++) {
		const size_t len = strlen(fields[f].name);

		if (len < best_len || strncmp(name, fields[f].name, len) != 0)
			continue;
		if (name[len] && (fields[f].argument != RULES_ARGUMENT_NAME ||
				  name[len] != '.'))
			continue;
		best = (enum rules_field)f;
		best_len = len;
	}
	*ret_rest = name + best_len;
	return best;
}

static int
no_such_field(const char *name, struct aegis_error *err)
{
	const char *names[RULES_FIELD_MAX - 1], *near;

	for (int f = 1; f < RULES_FIELD_MAX; f++)
		names[f - 1] = fields[f].name;
	near = conf_nearest(name, names, RULES_FIELD_MAX - 1);
	return aegis_error_setx(err, -ENOENT, "unknown field '%.80s'%s%s%s",
				name, near ? "; did you mean '" : "",
				near ? near : "", near ? "'?" : "");
}

static int
read_index(const char *name, const char *text, int64_t *ret,
	   struct aegis_error *err)
{
	int64_t v = 0;

	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9' || v > RULES_INDEX_MAX) {
			v = RULES_INDEX_MAX + 1;
			break;
		}
		v = v * 10 + (*c - '0');
	}
	if (!*text || v > RULES_INDEX_MAX)
		return aegis_error_setx(err, -EINVAL,
					"%s[%.40s]: give a number from 0 to %d",
					name, text, RULES_INDEX_MAX);
	*ret = v;
	return 0;
}

int
rules_field_resolve(const char *name, const char *argument,
		    struct rules_ref *ret, struct aegis_error *err)
{
	const char *rest;
	struct rules_ref ref = {.field = find(name, &rest), .index = -1};
	const struct rules_field_info *info = &fields[ref.field];
	int r = 0;

	if (ref.field == RULES_FIELD_INVALID)
		return no_such_field(name, err);
	if (*rest && argument)
		return aegis_error_setx(err, -EINVAL,
					"'%.80s' has its argument twice", name);
	if (*rest)
		argument = rest + 1;
	switch (info->argument) {
	case RULES_ARGUMENT_NONE:
		if (argument)
			return aegis_error_setx(err, -EINVAL,
						"%s takes no argument",
						info->name);
		break;
	case RULES_ARGUMENT_INDEX:
	case RULES_ARGUMENT_ITEM:
		if (argument)
			r = read_index(info->name, argument, &ref.index, err);
		break;
	case RULES_ARGUMENT_NAME:
		if (!argument || !*argument)
			return aegis_error_setx(err, -EINVAL,
						"%s needs an argument, for "
						"example %s[name]",
						info->name, info->name);
		ref.key = argument;
		break;
	case RULES_ARGUMENT_KEY:
		ref.key = argument;
		break;
	}
	if (r == 0)
		*ret = ref;
	return r;
}

bool
rules_ref_is_several(const struct rules_ref *ref)
{
	return fields[ref->field].values != RULES_VALUES_ONE && ref->index < 0;
}
