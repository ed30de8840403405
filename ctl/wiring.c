/*
 * wiring - does dockerd really ask the gate?
 */
#include "ctl/ctl.h"

#include <string.h>
#include <sys/random.h>

#include "lib/docker.h"
#include "lib/store/store.h"

#define NONCE_BYTES 8
#define NONCE_LEN (2 * NONCE_BYTES)
/* Our call is among the newest; the clocks are the same host's. */
#define RECENT_MS 60000
#define RECENT_ROWS 5000

static int
nonce_make(char *ret)
{
	unsigned char bytes[NONCE_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static int
nonce_row(const struct decision *d, void *ctx)
{
	return d->uri && strstr(d->uri, ctx) != NULL;
}

/* 1: recorded, 0: not, or an errno if the record cannot be read. */
static int
nonce_recorded(const struct settings *s, char *nonce)
{
	struct decision_filter filter = {
		.since_ms = ctl_now_ms() - RECENT_MS,
		.limit = RECENT_ROWS,
	};
	_cleanup_store_ struct store *store = NULL;
	int r = store_open(&store, s->store, STORE_READ, NULL);

	return r ? r : store_decision_each(store, &filter, nonce_row, nonce,
					   NULL);
}

/* With a gate that is down, dockerd says so in words: "plugin aegis failed with
 * error", "authorization denied by plugin aegis". */
static bool
names_plugin(const char *body, const char *plugin)
{
	char text[160];

	snprintf(text, sizeof(text), "plugin %s", plugin);
	return strstr(body, text) != NULL;
}

int
docker_gated(const struct settings *s, const char *plugin, unsigned timeout_ms,
	     bool *ret, struct aegis_error *err)
{
	char nonce[NONCE_LEN + 1], path[64];
	_cleanup_buf_ struct buf body = BUF_INIT(65536);
	struct docker_call call = {
		.socket = s->docker,
		.method = "GET",
		.path = path,
		.user_agent = "aegis-ctl",
		.timeout_ms = timeout_ms,
	};
	struct docker_info info;
	unsigned status = 0;
	int r = nonce_make(nonce);

	snprintf(path, sizeof(path), "/_ping?aegis-probe=%s", nonce);
	if (!r)
		r = docker_call(&call, &status, &body, err);
	if (r)
		return r;
	if (status != 200) {
		*ret = names_plugin(buf_str(&body), plugin);
		return 0;
	}
	r = nonce_recorded(s, nonce);
	if (r >= 0) {
		*ret = r;
		return 0;
	}
	r = docker_info(s->docker, plugin, timeout_ms, &info, err);
	if (!r)
		*ret = info.listed;
	return r;
}
