#include "lib/gate/data_root.h"

#include <stdio.h>
#include <string.h>

/* What stands before part, where that is the last of its kind: a root may have a
 * folder of that name above it. */
static bool
cut_before(const char *path, const char *part, char *ret, size_t size)
{
	const char *at = NULL, *next = path ? strstr(path, part) : NULL;

	for (; next; next = strstr(next + 1, part))
		at = next;
	if (!at || path[0] != '/' || at == path || (size_t)(at - path) >= size)
		return false;
	snprintf(ret, size, "%.*s", (int)(at - path), path);
	return true;
}

bool
data_root_from_inspect(const struct json_node *inspect, char *ret, size_t size)
{
	/* Empty until the first start. */
	static const char *const files[] = {"HostnamePath", "ResolvConfPath",
					    "HostsPath", "LogPath"};
	static const char *const layers[] = {"UpperDir", "WorkDir", "MergedDir"};
	const struct json_node *data =
		json_get(json_get(inspect, "GraphDriver"), "Data");
	const char *id = json_get_string(inspect, "Id");
	char folder[sizeof("/containers//") + 64];

	ret[0] = '\0';
	if (!id || strlen(id) > 64)
		return false;
	snprintf(folder, sizeof(folder), "/containers/%s/", id);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (cut_before(json_get_string(inspect, files[i]), folder, ret,
			       size))
			return true;
	for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]); i++)
		if (cut_before(json_get_string(data, layers[i]), "/overlay2/",
			       ret, size))
			return true;
	return false;
}
