/*
 * aegis-authz - the gate: dockerd asks it about every call of its API.
 *
 * Threads: main waits for signals and changes of the policy file; the loop
 * answers dockerd and owns the store's writer; workers look things up; the keeper
 * looks after the store.  See aegis-authz(8).
 */
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authz-plugin/keeper.h"
#include "authz-plugin/plugin.h"
#include "authz-plugin/watch.h"
#include "lib/clock.h"
#include "lib/gate/host.h"
#include "lib/log.h"
#include "lib/sandbox.h"
#include "lib/settings.h"
#include "lib/store/store.h"

/* dockerd keeps its idle connections for good, and one closed under it costs
 * the next call a second (research/h2o-and-dockerd.md section 4). */
#define CONNECTION_IDLE_MS (24u * 3600 * 1000)
/* A request that has begun is there within a few ms. */
#define REQUEST_READ_MS 30000
#define STOP_GRACE_MS 2000
/* For workers to come back, once everybody is answered. */
#define STOP_WORKERS_MS 200
/* A larger block is the kernel's again as soon as it is freed. */
#define MALLOC_BLOCK_MAX (128 * 1024)
#define MALLOC_ARENAS_MAX 2
#define TOKEN_BYTES 16

struct options {
	const char *config; /* NULL: the default */
	bool check_only;
	bool verbose;
};

struct gate {
	struct settings settings;
	struct plugin plugin;
	struct hostpath_root root;
	struct keeper *keeper;
	char user_agent[sizeof("aegis-authz/") + 2 * TOKEN_BYTES];
	pthread_t loop;
	bool hangs; /* a worker does: the process cannot be taken apart */
};

static void
usage(FILE *out)
{
	fputs("usage: aegis-authz [-nv] [-c FILE]\n"
	      "  -c FILE  configuration (default " SETTINGS_DEFAULT_PATH ")\n"
	      "  -n       check configuration and policy, and exit\n"
	      "  -v       log more\n"
	      "  -V       version\n"
	      "The gate runs in the foreground; see aegis-authz(8).\n",
	      out);
}

/* Returns -1 to go on, or the exit code. */
static int
parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", no_argument, NULL, 'n'},
		{"verbose", no_argument, NULL, 'v'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:nvVh", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 'n':
			o->check_only = true;
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'V':
			puts("aegis-authz " AEGIS_VERSION);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 64;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "aegis-authz: what is \"%s\"?\n", argv[optind]);
	usage(stderr);
	return 64;
}

/* --- privileges --------------------------------------------------------------- */

/* In a folder that stays another's, the three files of the store have to be
 * there before root is given up: made once, they are only written. */
static int
make_store_files(const char *path, struct aegis_error *err)
{
	struct store *store = NULL;
	int r = store_open(&store, path, STORE_WRITE, err);

	store_close(store);
	return r;
}

/* The store has to be the user's to write before root is given up. */
static int
prepare_store(const char *path, const struct sandbox_user *user,
	      struct aegis_error *err)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	char folder[PATH_MAX], file[PATH_MAX + 8];
	struct stat st;
	int r = 0;

	snprintf(folder, sizeof(folder), "%.*s",
		 (int)(strrchr(path, '/') - path), path);
	if (mkdir(folder, 0750) == 0) {
		if (chown(folder, user->uid, user->gid) < 0)
			return aegis_error_set(err, -errno, "chown %s", folder);
	} else if (errno != EEXIST) {
		return aegis_error_set(err, -errno, "make the folder %s",
				       folder);
	}
	if (stat(folder, &st) < 0)
		return aegis_error_set(err, -errno, "%s", folder);
	if (st.st_uid != user->uid)
		r = make_store_files(path, err);
	for (size_t i = 0; r == 0 && i < 3; i++) {
		snprintf(file, sizeof(file), "%s%s", path, suffixes[i]);
		if (lchown(file, user->uid, user->gid) < 0 && errno != ENOENT)
			r = aegis_error_set(err, -errno, "chown %s", file);
	}
	return r;
}

/* The group that may use the Docker socket: the socket's own, or the one named
 * docker where dockerd is not up yet. */
static gid_t
docker_group(const char *socket)
{
	struct group *group;
	struct stat st;

	if (stat(socket, &st) == 0)
		return st.st_gid;
	group = getgrnam("docker");
	return group ? group->gr_gid : (gid_t)-1;
}

static int
drop_privileges(const struct settings *s, struct aegis_error *err)
{
	/* To resolve bind sources in folders closed to others. */
	static const int keep[] = {CAP_DAC_READ_SEARCH};
	struct sandbox_user user;
	gid_t group = docker_group(s->docker);
	int r;

	if (geteuid() != 0)
		return 0;
	r = sandbox_user_find(s->user, s->user_is_default, &user, err);
	if (r == 0)
		r = prepare_store(s->store, &user, err);
	if (r == 0)
		r = sandbox_drop(&user, &group, 1, keep, 1, err);
	return r;
}

/* --- start ----------------------------------------------------------------------- */

/* What our own look-ups are known by; not to be guessed by others, though all a
 * guess could do is keep a GET out of the record. */
static int
make_user_agent(struct gate *g, struct aegis_error *err)
{
	unsigned char token[TOKEN_BYTES];
	size_t used;

	if (getrandom(token, sizeof(token), 0) != (ssize_t)sizeof(token))
		return aegis_error_set(err, -errno, "random bytes");
	used = (size_t)snprintf(g->user_agent, sizeof(g->user_agent),
				"aegis-authz/");
	for (size_t i = 0; i < TOKEN_BYTES; i++)
		used += (size_t)snprintf(g->user_agent + used,
					 sizeof(g->user_agent) - used, "%02x",
					 token[i]);
	return 0;
}

static int
open_source(struct gate *g, struct aegis_error *err)
{
	struct lookup_source *source = &g->plugin.source;
	int r = make_user_agent(g, err);

	if (r < 0)
		return r;
	*source = (struct lookup_source){
		.docker = g->settings.docker,
		.user_agent = g->user_agent,
		.root = &g->root,
		.timeout_ms = PLUGIN_LOOKUP_TIMEOUT_MS,
	};
	return hostpath_root_open(&g->root, gate_host_root(), err);
}

static int
open_listener(const struct settings *s, int *ret_fd, struct aegis_error *err)
{
	int r = httpd_listen_systemd(ret_fd, err);

	/* dockerd is root and nobody else has business here. */
	if (r == -ENOENT)
		r = httpd_listen_unix(s->gate.socket, 0600, ret_fd, err);
	return r;
}

/* --- the loop ---------------------------------------------------------------------- */

/* At once.  A thread inside a file system that is dead may not end before that
 * does, and the files it shares would stay open: close them first, so that dockerd
 * and the next gate see us gone. */
static _Noreturn void
leave(int code)
{
	closefrom(STDERR_FILENO + 1);
	_exit(code);
}

struct loop_start {
	struct gate *gate;
	int listener;
	struct policy_ref *policy;
	struct aegis_error error;
	pthread_mutex_t lock; /* result, done */
	pthread_cond_t started;
	int result;
	bool done;
};

static void
note_start(struct gate *g)
{
	const struct policy *policy = g->plugin.policy->policy;
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)clock_wall_ms());
	recorder_meta(g->plugin.recorder, "gate.started_ms", text);
	snprintf(text, sizeof(text), "%d", (int)getpid());
	recorder_meta(g->plugin.recorder, "gate.pid", text);
	recorder_meta(g->plugin.recorder, "gate.dropped", "0");
	recorder_meta(g->plugin.recorder, "gate.stuck", "0");
	watch_note_policy(g->plugin.recorder, policy, NULL);
}

static int
start_loop(struct loop_start *start)
{
	static const struct httpd_options options = {
		.body_max = PLUGIN_BODY_MAX,
		.request_timeout_ms = CONNECTION_IDLE_MS,
		.read_timeout_ms = REQUEST_READ_MS,
	};
	struct gate *g = start->gate;
	struct plugin *p = &g->plugin;
	struct aegis_error *err = &start->error;
	int r = httpd_new(&p->httpd, &options, plugin_routes,
			  plugin_route_count, p, err);

	if (r == 0)
		r = httpd_add_listener(p->httpd, start->listener, err);
	if (r == 0)
		r = recorder_new(&p->recorder, p->httpd, g->settings.store,
				 err);
	if (r == 0) {
		waiting_init(p);
		plugin_set_policy(p, start->policy);
		note_start(g);
	}
	return r;
}

static void
say_started(struct loop_start *start, int result)
{
	pthread_mutex_lock(&start->lock);
	start->result = result;
	start->done = true;
	pthread_cond_signal(&start->started);
	pthread_mutex_unlock(&start->lock);
}

static int
wait_for_start(struct loop_start *start)
{
	int r;

	pthread_mutex_lock(&start->lock);
	while (!start->done)
		pthread_cond_wait(&start->started, &start->lock);
	r = start->result;
	pthread_mutex_unlock(&start->lock);
	return r;
}

static void *
loop_main(void *arg)
{
	struct loop_start *start = arg;
	struct gate *g = start->gate;
	struct aegis_error err = {0};
	int r = start_loop(start);

	say_started(start, r);
	if (r == 0) {
		r = httpd_run(g->plugin.httpd, STOP_GRACE_MS, &err);
		recorder_drain(g->plugin.recorder);
		/* Nobody is answered any more: whoever supervises us is to know
		 * at once. */
		if (r < 0) {
			log_error("%s; the gate ends", err.text);
			leave(1);
		}
	}
	recorder_free(g->plugin.recorder);
	httpd_close(g->plugin.httpd);
	return NULL;
}

/* Workers post to the loop; they end before what they post to, and if they do
 * not, it stays. */
static void
end_loop_thread(struct gate *g)
{
	struct plugin *p = &g->plugin;

	pthread_join(g->loop, NULL);
	g->hangs = !workers_stop(p->workers,
				 clock_monotonic_ms() + STOP_WORKERS_MS);
	if (g->hangs) {
		log_warn("look-ups are still under way; the gate ends without "
			 "them");
		return;
	}
	plugin_release(p);
	httpd_free(p->httpd);
}

/* h2o wants its loop made in the thread that runs it. */
static int
run_loop_thread(struct gate *g, struct loop_start *start,
		struct aegis_error *err)
{
	int r;

	pthread_mutex_init(&start->lock, NULL);
	pthread_cond_init(&start->started, NULL);
	r = -pthread_create(&g->loop, NULL, loop_main, start);
	if (r < 0)
		return aegis_error_set(err, r, "start the loop thread");
	r = wait_for_start(start);
	if (r < 0) {
		end_loop_thread(g);
		*err = start->error;
	}
	return r;
}

/* Each call that dockerd asks about is a connection, and a look-up another. */
static void
prepare_process(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	mallopt(M_MMAP_THRESHOLD, MALLOC_BLOCK_MAX);
	mallopt(M_TRIM_THRESHOLD, MALLOC_BLOCK_MAX);
	mallopt(M_ARENA_MAX, MALLOC_ARENAS_MAX);
}

static void
block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static const char *
config_path(const struct options *o)
{
	const char *env = getenv("AEGIS_CONFIG");

	return o->config ? o->config : env ? env : SETTINGS_DEFAULT_PATH;
}

static int
serve(struct gate *g, const struct options *o, struct policy_ref *policy,
      struct aegis_error *err)
{
	struct loop_start start = {.gate = g, .listener = -1, .policy = policy};
	const bool was_root = geteuid() == 0;
	struct watch *watch = NULL;
	int r = open_listener(&g->settings, &start.listener, err);

	if (r == 0)
		r = gate_host_init(&g->plugin.host, &g->settings, config_path(o),
			      err);
	if (r == 0)
		r = drop_privileges(&g->settings, err);
	if (r == 0)
		r = open_source(g, err);
	if (r == 0)
		r = watch_new(&watch, &g->settings, was_root, err);
	if (r == 0)
		r = sandbox_enter(SANDBOX_STDIO | SANDBOX_FILES | SANDBOX_UNIX |
					  SANDBOX_INOTIFY,
				  err);
	if (r == 0)
		r = workers_new(&g->plugin.workers, err);
	if (r == 0)
		r = run_loop_thread(g, &start, err);
	if (r < 0)
		return r;
	r = keeper_start(&g->keeper, &g->settings, g->plugin.recorder,
			 g->plugin.httpd, err);
	if (r == 0) {
		log_info("guarding %s, policy %s revision %s",
			 g->settings.gate.socket, g->settings.gate.policy,
			 policy->policy->revision);
		r = watch_run(watch, &g->plugin, err);
	}
	keeper_stop(g->keeper);
	httpd_stop(g->plugin.httpd);
	end_loop_thread(g);
	watch_free(watch);
	if (!g->hangs)
		gate_host_release(&g->plugin.host);
	return r;
}

int
main(int argc, char **argv)
{
	static struct gate gate;
	struct options options = {0};
	struct aegis_error err = {0};
	struct policy *policy = NULL;
	struct policy_ref *ref;
	int r = parse_options(argc, argv, &options);

	if (r >= 0)
		return r;
	aegis_log_init("aegis-authz",
		       options.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	r = settings_load(&gate.settings, options.config, &err);
	if (r == 0)
		r = policy_load(&policy, gate.settings.gate.policy, &err);
	if (r < 0) {
		log_error("%s", err.text);
		return 65;
	}
	if (options.check_only) {
		printf("%s: good, policy %s revision %s\n",
		       config_path(&options), gate.settings.gate.policy,
		       policy->revision);
		policy_free(policy);
		return 0;
	}
	block_signals();
	prepare_process();
	ref = policy_ref_new(policy);
	r = ref ? serve(&gate, &options, ref, &err)
		: aegis_error_set(&err, -ENOMEM, "start");
	if (r < 0)
		log_error("%s", err.text);
	else
		log_info("stopped");
	/* exit() would take from the workers what they use. */
	if (gate.hangs)
		leave(r < 0);
	return r < 0;
}
