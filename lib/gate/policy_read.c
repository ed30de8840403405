#include "lib/gate/policy_read.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/gate/policy.h"
#include "lib/glob.h"

#define LIST_MAX 1000
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* --- values ----------------------------------------------------------------- */

int
read_allow(const struct conf *conf, const struct conf_node *n, void *slot,
	   struct aegis_error *err)
{
	static const char *const words[] = {"deny", "allow"};
	size_t i;
	int r = conf_enum(conf, n, words, ARRAY_LEN(words), &i, err);

	if (r == 0)
		*(bool *)slot = i == 1;
	return r;
}

int
read_bool(const struct conf *conf, const struct conf_node *n, void *slot,
	  struct aegis_error *err)
{
	return conf_bool(conf, n, slot, err);
}

int
read_text(const struct conf *conf, const struct conf_node *n, void *slot,
	  struct aegis_error *err)
{
	return conf_string(conf, n, slot, err);
}

int
read_size(const struct conf *conf, const struct conf_node *n, void *slot,
	  struct aegis_error *err)
{
	return conf_size(conf, n, slot, err);
}

int
read_count(const struct conf *conf, const struct conf_node *n, void *slot,
	   struct aegis_error *err)
{
	return conf_int(conf, n, 0, POLICY_UNLIMITED, slot, err);
}

int
read_oom_score(const struct conf *conf, const struct conf_node *n, void *slot,
	       struct aegis_error *err)
{
	int64_t v;
	int r = conf_int(conf, n, -1000, 1000, &v, err);

	if (r == 0)
		*(int *)slot = (int)v;
	return r;
}

int
read_until(const struct conf *conf, const struct conf_node *n, void *slot,
	   struct aegis_error *err)
{
	return conf_time_ms(conf, n, slot, err);
}

/* --- what a text may be ------------------------------------------------------ */

static int
check_glob(const struct conf *conf, const struct conf_node *n, const char **text,
	   struct aegis_error *err)
{
	struct aegis_error why = {0};

	if (glob_check(*text, &why) < 0)
		return conf_error(conf, n, err, "\"%s\": %s", *text, why.text);
	return 0;
}

/* Patterns are held against normalised names, which begin with a registry. */
static int
check_image_glob(const struct conf *conf, const struct conf_node *n,
		 const char **text, struct aegis_error *err)
{
	const size_t len = strcspn(*text, "/");
	char first[GLOB_PATTERN_MAX + 1];
	int r = check_glob(conf, n, text, err);

	if (r < 0)
		return r;
	snprintf(first, sizeof(first), "%.*s", (int)len, *text);
	if (strpbrk(first, ".:*") || !strcmp(first, "localhost"))
		return 0;
	return conf_error(conf, n, err,
			  "\"%s\" does not begin with a registry; did you mean "
			  "\"docker.io/%s%s\"?",
			  *text, (*text)[len] ? "" : "library/", *text);
}

static int
check_path_glob(const struct conf *conf, const struct conf_node *n,
		const char **text, struct aegis_error *err)
{
	if ((*text)[0] != '/')
		return conf_error(conf, n, err,
				  "\"%s\" is not an absolute path", *text);
	return !strcmp(*text, "/") ? 0 : check_glob(conf, n, text, err);
}

static int
check_lower(const struct conf *conf, const struct conf_node *n,
	    const char **text, struct aegis_error *err)
{
	for (const char *c = *text; *c; c++)
		if (isupper((unsigned char)*c))
			return conf_error(conf, n, err,
					  "\"%s\": write it in lower case, case "
					  "does not count",
					  *text);
	return (*text)[0] ? 0 : conf_error(conf, n, err, "an empty word");
}

/* linux/capability.h; the kernel's own names, without CAP_. */
static const char *const capabilities[] = {
	"ALL", "AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND",
	"BPF", "CHECKPOINT_RESTORE", "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH",
	"FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE",
	"LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN",
	"NET_BIND_SERVICE", "NET_BROADCAST", "NET_RAW", "PERFMON", "SETFCAP",
	"SETGID", "SETPCAP", "SETUID", "SYSLOG", "SYS_ADMIN", "SYS_BOOT",
	"SYS_CHROOT", "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE",
	"SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "WAKE_ALARM",
};

static int
check_capability(const struct conf *conf, const struct conf_node *n,
		 const char **text, struct aegis_error *err)
{
	const char *name = *text, *near;

	if (!strncasecmp(name, "CAP_", 4))
		name += 4;
	for (size_t i = 0; i < ARRAY_LEN(capabilities); i++)
		if (!strcasecmp(name, capabilities[i])) {
			*text = capabilities[i];
			return 0;
		}
	near = conf_nearest(name, capabilities, ARRAY_LEN(capabilities));
	return conf_error(conf, n, err,
			  "\"%s\" is no capability of Linux%s%s%s", *text,
			  near ? "; did you mean " : "", near ? near : "",
			  near ? "?" : "");
}

int
read_glob(const struct conf *conf, const struct conf_node *n, void *slot,
	  struct aegis_error *err)
{
	int r = conf_string(conf, n, slot, err);

	return r < 0 ? r : check_glob(conf, n, slot, err);
}

int
read_image_glob(const struct conf *conf, const struct conf_node *n, void *slot,
		struct aegis_error *err)
{
	int r = conf_string(conf, n, slot, err);

	return r < 0 ? r : check_image_glob(conf, n, slot, err);
}

/* --- lists ------------------------------------------------------------------ */

typedef int check_entry(const struct conf *conf, const struct conf_node *n,
			const char **text, struct aegis_error *err);

/* The list takes the place of what stood there, or (add) follows it. */
static int
read_list(const struct conf *conf, const struct conf_node *n,
	  struct policy_list *list, bool add, check_entry *check,
	  struct aegis_error *err)
{
	const size_t kept = add ? list->n : 0;
	const char **v;
	size_t i = kept;

	if (n->type != CONF_LIST)
		return conf_error(conf, n, err,
				  "a list is wanted here, for example [a, b]");
	if (n->count > LIST_MAX)
		return conf_error(conf, n, err, "more than %d entries",
				  LIST_MAX);
	v = conf_alloc(conf, (kept + n->count + 1) * sizeof(*v));
	if (!v)
		return aegis_error_set(err, -ENOMEM, "load %s", conf->file);
	for (size_t k = 0; k < kept; k++)
		v[k] = list->v[k];
	for (const struct conf_node *c = n->first; c; c = c->next, i++) {
		int r = conf_string(conf, c, &v[i], err);

		if (r == 0 && check)
			r = check(conf, c, &v[i], err);
		if (r < 0)
			return r;
	}
	*list = (struct policy_list){.v = v, .n = i, .set = true};
	return 0;
}

#define LIST_READER(name, add, check)                                          \
	int read_##name(const struct conf *conf, const struct conf_node *n,    \
			void *slot, struct aegis_error *err)                   \
	{                                                                      \
		return read_list(conf, n, slot, add, check, err);              \
	}

LIST_READER(globs, false, check_glob)
LIST_READER(more_globs, true, check_glob)
LIST_READER(image_globs, false, check_image_glob)
LIST_READER(path_globs, false, check_path_glob)
LIST_READER(lower_words, false, check_lower)
LIST_READER(words, false, NULL)
LIST_READER(more_capabilities, true, check_capability)
