/* ctl/diagnose.c: the cause is named, and what cannot be seen is not called bad. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "ctl/diagnose.c"

#define HERE                                                                   \
	.gate_socket = "/g.sock", .docker_socket = "/d.sock",                  \
	.store_path = "/s.db", .plugin = "aegis", .config = "/daemon.json"
#define ERR(n) {.code = -(n), .text = "some text"}

static void
the_cause_is_named(void **state)
{
	static const struct {
		const char *why;
		struct evidence e;
		enum seen answering, up, gated;
		int code;
		unsigned count;
		const char *says; /* in the first problem */
	} cases[] = {
		{"all is well",
		 {HERE, .listed = true, .wired = WIRED_FILE, .recorded = 1},
		 SEEN_YES, SEEN_YES, SEEN_YES, 0, 0, NULL},
		{"wired by a reload that 20.10 does not show",
		 {HERE, .wired = WIRED_FILE, .recorded = 1},
		 SEEN_YES, SEEN_YES, SEEN_YES, 0, 0, NULL},
		{"not wired", {HERE}, SEEN_YES, SEEN_YES, SEEN_NOT, 3, 1,
		 "aegis-ctl setup docker"},
		{"in the file, and dockerd not told",
		 {HERE, .wired = WIRED_FILE}, SEEN_YES, SEEN_YES, SEEN_NOT, 3,
		 1, "systemctl reload docker"},
		{"wired, with another store",
		 {HERE, .wired = WIRED_FILE, .listed = true}, SEEN_YES,
		 SEEN_YES, SEEN_NOT, 3, 1, "do not reach /s.db"},
		{"a locked store",
		 {HERE, .wired = WIRED_FILE, .listed = true, .lock_pid = 7,
		  .lock_name = "sqlite3"},
		 SEEN_YES, SEEN_YES, SEEN_YES, 3, 1,
		 "locked by process 7 (sqlite3)"},
		{"the gate is dead, and dockerd waits for it",
		 {HERE, .gate = ERR(ECONNREFUSED), .dockerd = ERR(ETIMEDOUT),
		  .wired = WIRED_FILE},
		 SEEN_NOT, SEEN_NOT, SEEN_NOT, 7, 1, "systemctl start aegis"},
		{"the same, and dockerd has given up",
		 {HERE, .gate = ERR(ENOENT), .dockerd_blames = true,
		  .dockerd = ERR(EPROTO)},
		 SEEN_NOT, SEEN_YES, SEEN_YES, 7, 1, "dockerd asks it"},
		{"both are down, and one needs the other",
		 {HERE, .gate = ERR(ENOENT), .dockerd = ERR(ENOENT),
		  .wired = WIRED_FILE},
		 SEEN_NOT, SEEN_NOT, SEEN_NOT, 7, 2, "does not start without"},
		{"the gate is dead, and nobody waits",
		 {HERE, .gate = ERR(ENOENT)}, SEEN_NOT, SEEN_YES, SEEN_NOT, 7,
		 2, "/g.sock: No such file"},
		{"dockerd hangs by itself",
		 {HERE, .dockerd = ERR(ETIMEDOUT), .wired = WIRED_FILE},
		 SEEN_YES, SEEN_NOT, SEEN_NOT, 3, 1, "it hangs"},
		{"dockerd is not there",
		 {HERE, .dockerd = ERR(ECONNREFUSED), .wired = WIRED_FILE},
		 SEEN_YES, SEEN_NOT, SEEN_NOT, 3, 1, "systemctl start docker"},
		{"the managed form, well",
		 {HERE, .managed = true, .listed = true, .recorded = 1},
		 SEEN_YES, SEEN_YES, SEEN_YES, 0, 0, NULL},
		{"the managed form, off",
		 {HERE, .managed = true, .managed_off = true,
		  .gate = ERR(ENOTCONN)},
		 SEEN_NOT, SEEN_YES, SEEN_NOT, 7, 2,
		 "docker plugin enable aegis"},
		{"a user who may see nothing",
		 {HERE, .gate = ERR(EACCES), .dockerd = ERR(EACCES),
		  .store = ERR(EACCES), .wired = WIRED_FILE},
		 SEEN_UNKNOWN, SEEN_UNKNOWN, SEEN_UNKNOWN, 3, 1,
		 "the gate's socket, dockerd's and the store, so not all is "
		 "known; run: sudo"},
		{"a user of the group docker",
		 {HERE, .gate = ERR(EACCES), .store = ERR(EACCES),
		  .recorded = -EACCES, .listed = true},
		 SEEN_UNKNOWN, SEEN_YES, SEEN_YES, 3, 1,
		 "the gate's socket and the store"},
		{"the same, where /info may be old",
		 {HERE, .gate = ERR(EACCES), .store = ERR(EACCES),
		  .recorded = -EACCES, .wired = WIRED_FILE},
		 SEEN_UNKNOWN, SEEN_YES, SEEN_UNKNOWN, 3, 1, "sudo"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct diagnosis d;

		diagnose(&cases[i].e, &d);
		if (d.answering != cases[i].answering || d.up != cases[i].up ||
		    d.gated != cases[i].gated || d.code != cases[i].code ||
		    d.count != cases[i].count ||
		    (cases[i].says && !strstr(d.problems[0], cases[i].says)))
			fail_msg("%s: %d %d %d, code %d, %u problems: %s",
				 cases[i].why, d.answering, d.up, d.gated,
				 d.code, d.count, d.problems[0]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cause_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
