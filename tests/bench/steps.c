/*
 * steps ENVELOPE POLICY STORE - what each step of one decision costs, alone and
 * with warm caches.  Prints "step  us" lines; the sum is the floor of what the
 * program around them can reach.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authz-plugin/record.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/gate/gate.h"
#include "lib/gate/lookup.h"
#include "lib/store/store.h"

#define ROUNDS 20000
#define ENVELOPE_FILE_MAX (1024 * 1024)

static const struct gate_host host = {
	.own_paths = {"/var/lib/aegis", "/etc/aegis", "/run/aegis"},
	.own_path_count = 3,
	.docker_socket = "/run/docker.sock",
	.plugin_name = "aegis",
};

struct bench {
	struct buf text;
	struct policy *policy;
	struct envelope envelope;
	struct gate_call call;
	struct gate_verdict verdict;
	struct lookup *lookup;
	struct hostpath_root root;
	struct lookup_source source;
	const struct gate_facts *facts;
	struct record *record;
	struct store *store;
};

static void
die(const char *what, const struct aegis_error *err)
{
	fprintf(stderr, "steps: %s: %s\n", what, err->text);
	exit(1);
}

static void
parse_envelope(struct bench *b)
{
	struct aegis_error err = {0};

	if (envelope_parse(&b->envelope, b->text.data, b->text.len, &err) < 0)
		die("envelope", &err);
}

static void
read_call(struct bench *b)
{
	if (gate_read(&b->call, &b->envelope, b->policy, &b->verdict) < 0)
		die(b->verdict.message, &(struct aegis_error){0});
}

static void
resolve_paths(struct bench *b)
{
	b->facts = lookup_try(b->lookup, &b->source, &b->call, b->policy);
	if (!b->facts)
		die("paths are not in the kernel's cache",
		    &(struct aegis_error){0});
}

static void
judge(struct bench *b)
{
	gate_judge(&b->call, b->facts, b->policy, &host, clock_wall_ms(),
		   &b->verdict);
}

static void
fill_record(struct bench *b)
{
	record_fill(b->record, &b->call, b->facts, &b->verdict, b->policy);
}

static void
commit_each(struct bench *b)
{
	struct decision *d = &b->record->decision;
	struct aegis_error err = {0};

	if (store_begin(b->store, &err) < 0 ||
	    store_decision_insert(b->store, d, &d->id, &err) < 0 ||
	    store_commit(b->store, &err) < 0)
		die("store", &err);
}

static void
commit_by_eight(struct bench *b)
{
	struct decision *d = &b->record->decision;
	struct aegis_error err = {0};
	int r = store_begin(b->store, &err);

	for (int i = 0; i < 8 && r == 0; i++)
		r = store_decision_insert(b->store, d, &d->id, &err);
	if (r < 0 || store_commit(b->store, &err) < 0)
		die("store", &err);
}

static double
measure(const char *name, struct bench *b, void (*step)(struct bench *b),
	unsigned per_step)
{
	uint64_t begin;
	double us;

	step(b);
	begin = clock_monotonic_us();
	for (int i = 0; i < ROUNDS; i++)
		step(b);
	us = (double)(clock_monotonic_us() - begin) / ROUNDS / per_step;
	printf("%-34s %6.2f us\n", name, us);
	return us;
}

static void
prepare(struct bench *b, char **argv)
{
	_cleanup_close_ int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	struct aegis_error err = {0};
	char part[65536];
	ssize_t n;

	b->text = BUF_INIT(ENVELOPE_FILE_MAX);
	while ((n = read(fd, part, sizeof(part))) > 0)
		buf_add(&b->text, part, (size_t)n);
	b->source = (struct lookup_source){
		.docker = "/nonexistent",
		.user_agent = "bench",
		.root = &b->root,
		.timeout_ms = 1000,
	};
	b->record = record_new();
	if (n < 0 || !b->text.len || !b->record || lookup_new(&b->lookup) < 0)
		die(argv[1], &err);
	if (hostpath_root_open(&b->root, "/", &err) < 0)
		die("/", &err);
	if (policy_load(&b->policy, argv[2], &err) < 0)
		die("policy", &err);
	if (store_open(&b->store, argv[3], STORE_WRITE, &err) < 0)
		die("store", &err);
}

int
main(int argc, char **argv)
{
	static struct bench b;

	if (argc != 4) {
		fprintf(stderr, "usage: steps ENVELOPE POLICY STORE\n");
		return 64;
	}
	prepare(&b, argv);
	measure("read the envelope", &b, parse_envelope, 1);
	measure("read the call", &b, read_call, 1);
	measure("resolve its bind sources", &b, resolve_paths, 1);
	measure("judge it", &b, judge, 1);
	measure("fill the record", &b, fill_record, 1);
	measure("commit it alone", &b, commit_each, 1);
	measure("commit it with seven others", &b, commit_by_eight, 8);
	return 0;
}
