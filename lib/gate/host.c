#include "lib/gate/host.h"

#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

/* Folders that are AEGIS' or the wiring's alone, wherever the configuration
 * puts the files. */
static const char *const own_folders[] = {
	"/etc/aegis", "/var/lib/aegis", "/run/aegis", "/run/docker/plugins",
	"/etc/docker",
};

/* In the managed plugin the host's files are below AEGIS_HOST_ROOT; calls name
 * them without it. */
const char *
gate_host_root(void)
{
	const char *root = getenv("AEGIS_HOST_ROOT");

	return root && root[0] ? root : "/";
}

static const char *
without_root(const char *path)
{
	const char *root = gate_host_root();
	const size_t len = strlen(root);

	return len > 1 && strncmp(path, root, len) == 0 && path[len] == '/'
		       ? path + len
		       : path;
}

void
gate_plugin_name(const struct settings *s,
		 char ret[static GATE_PLUGIN_NAME_LEN])
{
	const char *told = getenv("AEGIS_PLUGIN_NAME");
	const char *slash = strrchr(s->gate.socket, '/');
	const char *file = slash ? slash + 1 : s->gate.socket;
	const char *dot = strrchr(file, '.');

	if (told && told[0])
		snprintf(ret, GATE_PLUGIN_NAME_LEN, "%s", told);
	else
		snprintf(ret, GATE_PLUGIN_NAME_LEN, "%.*s",
			 (int)(dot ? (size_t)(dot - file) : strlen(file)), file);
}

/* The path without links; of one that does not exist yet, its folder's.
 * NULL: out of memory. */
static char *
resolve(const char *path)
{
	char *real = realpath(path, NULL), *folder, *joined = NULL;
	const char *slash = strrchr(path, '/');
	char parent[PATH_MAX];

	if (real || !slash)
		return real ? real : strdup(path);
	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	folder = realpath(parent[0] ? parent : "/", NULL);
	if (folder && asprintf(&joined, "%s/%s", folder, slash + 1) < 0)
		joined = NULL;
	free(folder);
	return joined ? joined : strdup(path);
}

static int
add_own(struct gate_host *host, const char *path)
{
	char *real = resolve(path);

	if (!real)
		return -ENOMEM;
	memmove(real, without_root(real), strlen(without_root(real)) + 1);
	if (host->own_path_count == GATE_OWN_PATHS_MAX) {
		free(real);
		return -ENOSPC;
	}
	host->own_paths[host->own_path_count++] = real;
	return 0;
}

int
gate_host_init(struct gate_host *host, const struct settings *s,
	       const char *config_file, struct aegis_error *err)
{
	char wal[PATH_MAX + 8], shm[PATH_MAX + 8];
	const char *const files[] = {s->store, wal, shm, s->gate.policy,
				     s->gate.socket,
				     config_file ? config_file
						 : SETTINGS_DEFAULT_PATH};
	struct statfs fs;
	char *docker;
	char name[GATE_PLUGIN_NAME_LEN];
	int r = 0;

	gate_plugin_name(s, name);
	*host = (struct gate_host){.plugin_name = strdup(name)};
	snprintf(wal, sizeof(wal), "%s-wal", s->store);
	snprintf(shm, sizeof(shm), "%s-shm", s->store);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && r == 0; i++)
		r = add_own(host, files[i]);
	for (size_t i = 0;
	     i < sizeof(own_folders) / sizeof(own_folders[0]) && r == 0; i++)
		r = add_own(host, own_folders[i]);
	docker = resolve(s->docker);
	host->docker_socket = docker ? strdup(without_root(docker)) : NULL;
	free(docker);
	if (r < 0 || !host->docker_socket || !host->plugin_name)
		return aegis_error_set(err, r < 0 ? r : -ENOMEM,
				       "resolve the paths of AEGIS");
	host->cgroup_v1 = statfs("/sys/fs/cgroup", &fs) == 0 &&
			  fs.f_type != CGROUP2_SUPER_MAGIC;
	return 0;
}

void
gate_host_release(struct gate_host *host)
{
	for (unsigned i = 0; i < host->own_path_count; i++)
		free((char *)host->own_paths[i]);
	free((char *)host->docker_socket);
	free((char *)host->plugin_name);
}
