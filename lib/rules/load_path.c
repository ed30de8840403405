/*
 * Rule files by folder.
 */
#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/rules/internal.h"

static bool
ends_in(const char *name, const char *ending)
{
	const size_t len = strlen(name), end = strlen(ending);

	return len > end && !strcmp(name + len - end, ending);
}

static int
is_rule_file(const struct dirent *e)
{
	return *e->d_name != '.' &&
	       (ends_in(e->d_name, ".yaml") || ends_in(e->d_name, ".yml"));
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

struct listing {
	struct dirent **entries;
	int count;
};

static void
listing_release(struct listing *l)
{
	for (int i = 0; i < l->count; i++)
		free(l->entries[i]);
	free(l->entries);
}

static int
add_folder(struct ruleset *rs, const char *path, struct aegis_error *err)
{
	_cleanup_(listing_release) struct listing l = {0};
	char file[PATH_MAX];
	int r = 0;

	l.count = scandir(path, &l.entries, is_rule_file, by_name);
	if (l.count < 0) {
		struct aegis_error why;

		l.count = 0;
		aegis_error_set(&why, -errno, "open %.200s", path);
		problem_add(rs, true, "file", path, why.text);
		return 0;
	}
	for (int i = 0; i < l.count && r == 0; i++) {
		const int n = snprintf(file, sizeof(file), "%s/%s", path,
				       l.entries[i]->d_name);

		r = n < (int)sizeof(file)
			    ? ruleset_add_file(rs, file, err)
			    : aegis_error_set(err, -ENAMETOOLONG, "open %.200s",
					      path);
	}
	return r;
}

int
ruleset_add_path(struct ruleset *rs, const char *path, struct aegis_error *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return add_folder(rs, path, err);
	return ruleset_add_file(rs, path, err);
}
