/*
 * The mounts of a container, whatever the spelling: Binds, Mounts, Volumes of
 * the image's configuration, and what an inspect says is mounted.
 */
#include "lib/gate/spec.h"

#include <string.h>

#include "lib/gate/fields.h"

/* moby volume/mounts/linux_parser.go: a source that begins with '/' is a path
 * on the host, any other is the name of a volume. */
static bool
is_host_path(const char *source)
{
	return source[0] == '/';
}

static struct spec_mount *
new_mount(struct spec_mounts *m, const char *field, struct aegis_error *err)
{
	struct spec_mount *mount;

	if (m->count == SPEC_MOUNTS_MAX) {
		aegis_error_setx(err, -E2BIG, "%s: more than %d mounts", field,
				 SPEC_MOUNTS_MAX);
		return NULL;
	}
	mount = &m->v[m->count++];
	*mount = (struct spec_mount){.type = "",
				     .source = "",
				     .target = "",
				     .mode = "",
				     .driver = "",
				     .field = field};
	return mount;
}

/* Copy text into the mounts' own storage; NULL if it is full. */
static char *
keep(struct spec_mounts *m, const char *text, size_t len)
{
	char *at = m->text + m->used;

	if (len >= SPEC_TEXT_MAX - m->used)
		return NULL;
	memcpy(at, text, len);
	at[len] = '\0';
	m->used += len + 1;
	return at;
}

static bool
has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; *p; p += strcspn(p, ",")) {
		p += *p == ',';
		if (strcspn(p, ",") == len && !strncmp(p, word, len))
			return true;
	}
	return false;
}

/* "source:target[:mode]"; dockerd splits at every colon and takes two or
 * three parts, none of them empty but the mode. */
static int
add_bind(struct spec_mounts *m, const struct json_node *bind,
	 struct aegis_error *err)
{
	static const char field[] = "HostConfig.Binds";
	struct spec_mount *mount = new_mount(m, field, err);
	char *text, *target, *mode;
	const char *source;

	if (!mount)
		return -E2BIG;
	text = keep(m, bind->str, bind->str_len);
	if (!text)
		return aegis_error_setx(err, -E2BIG, "%s: too long", field);
	source = text;
	target = strchr(text, ':');
	if (target) {
		*target++ = '\0';
	} else { /* an anonymous volume on that path */
		source = "";
		target = text;
	}
	mode = strchr(target, ':');
	if (mode)
		*mode++ = '\0';
	if (mode && strchr(mode, ':'))
		return aegis_error_setx(err, -EBADMSG,
					"%s: more than three parts", field);
	mount->source = source;
	mount->target = target;
	mount->mode = mode ? mode : "";
	mount->type = is_host_path(source) ? "bind" : "volume";
	mount->read_only = has_word(mount->mode, "ro");
	return 0;
}

enum {
	MOUNT_TYPE, MOUNT_SOURCE, MOUNT_TARGET, MOUNT_READ_ONLY,
	MOUNT_CONSISTENCY, MOUNT_BIND, MOUNT_VOLUME, MOUNT_TMPFS, MOUNT_IMAGE,
	MOUNT_CLUSTER, MOUNT_MAX
};
static const struct field mount_fields[] = {
	FIELD_ROW("Type", FIELD_STRING),         FIELD_ROW("Source", FIELD_STRING),
	FIELD_ROW("Target", FIELD_STRING),       FIELD_ROW("ReadOnly", FIELD_BOOL),
	FIELD_ROW("Consistency", FIELD_STRING),  FIELD_ROW("BindOptions", FIELD_STRUCT),
	FIELD_ROW("VolumeOptions", FIELD_STRUCT), FIELD_ROW("TmpfsOptions", FIELD_STRUCT),
	FIELD_ROW("ImageOptions", FIELD_STRUCT), FIELD_ROW("ClusterOptions", FIELD_STRUCT),
};
static const struct field_table mount_table = {"Mounts", mount_fields,
					       MOUNT_MAX};

enum { BIND_PROPAGATION, BIND_MAX };
static const struct field bind_fields[] = {FIELD_ROW("Propagation", FIELD_STRING)};
static const struct field_table bind_table = {"BindOptions", bind_fields,
					      BIND_MAX};

enum { VOLUME_DRIVER_CONFIG, VOLUME_MAX };
static const struct field volume_fields[] = {FIELD_ROW("DriverConfig", FIELD_STRUCT)};
static const struct field_table volume_table = {"VolumeOptions", volume_fields,
						VOLUME_MAX};

enum { DRIVER_NAME, DRIVER_OPTIONS, DRIVER_MAX };
static const struct field driver_fields[] = {FIELD_ROW("Name", FIELD_STRING),
					     FIELD_ROW("Options", FIELD_MAP)};
static const struct field_table driver_table = {"DriverConfig", driver_fields,
						DRIVER_MAX};

static int
add_mount(struct spec_mounts *m, const struct json_node *n, const char *field,
	  struct aegis_error *err)
{
	const struct json_node *f[MOUNT_MAX], *bind[BIND_MAX],
		*volume[VOLUME_MAX], *driver[DRIVER_MAX];
	struct spec_mount *mount = new_mount(m, field, err);
	int r;

	if (!mount)
		return -E2BIG;
	r = fields_read(&mount_table, n, f, NULL, err);
	if (r == 0)
		r = fields_read(&bind_table, f[MOUNT_BIND], bind, NULL, err);
	if (r == 0)
		r = fields_read(&volume_table, f[MOUNT_VOLUME], volume, NULL,
				err);
	if (r == 0)
		r = fields_read(&driver_table, volume[VOLUME_DRIVER_CONFIG],
				driver, NULL, err);
	if (r < 0)
		return r;
	mount->type = field_string(f[MOUNT_TYPE]);
	mount->source = field_string(f[MOUNT_SOURCE]);
	mount->target = field_string(f[MOUNT_TARGET]);
	mount->read_only = field_bool(f[MOUNT_READ_ONLY]);
	mount->mode = field_string(bind[BIND_PROPAGATION]);
	mount->driver = field_string(driver[DRIVER_NAME]);
	mount->options = driver[DRIVER_OPTIONS];
	return 0;
}

/* One of inspect's Mounts: dockerd's own words for what is mounted. */
static int
add_mounted(struct spec_mounts *m, const struct json_node *n,
	    struct aegis_error *err)
{
	struct spec_mount *mount = new_mount(m, "Mounts", err);
	const char *type = json_get_string(n, "Type");
	const char *name = json_get_string(n, "Name");
	const char *source = json_get_string(n, "Source");
	const char *driver = json_get_string(n, "Driver");
	const char *target = json_get_string(n, "Destination");
	const char *propagation = json_get_string(n, "Propagation");

	if (!mount)
		return -E2BIG;
	mount->type = type ? type : "";
	/* A volume's Source is a path below dockerd's own folder. */
	mount->source = !strcmp(mount->type, "volume") ? (name ? name : "")
			: source		       ? source
						       : "";
	mount->target = target ? target : "";
	mount->driver = driver ? driver : "";
	mount->read_only = json_get(n, "RW") && !json_get(n, "RW")->boolean;
	/* dockerd fills in "rprivate", its default, for every bind. */
	mount->mode = propagation && strcmp(propagation, "rprivate") != 0
			      ? propagation
			      : "";
	return 0;
}

int
spec_mounts(const struct spec *s, struct spec_mounts *ret,
	    struct aegis_error *err)
{
	const char *field = s->kind == SPEC_SERVICE ? "ContainerSpec.Mounts"
						    : "HostConfig.Mounts";
	int r = 0;

	ret->count = 0;
	ret->used = 0;
	field_strings(bind, s->host[HOST_BINDS])
		if ((r = add_bind(ret, bind, err)) < 0)
			return r;
	if (s->host[HOST_MOUNTS])
		json_foreach(n, s->host[HOST_MOUNTS])
			if ((r = add_mount(ret, n, field, err)) < 0)
				return r;
	if (s->mounts && s->mounts->type == JSON_ARRAY)
		json_foreach(n, s->mounts)
			if ((r = add_mounted(ret, n, err)) < 0)
				return r;
	return 0;
}
