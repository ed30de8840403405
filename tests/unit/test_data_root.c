/*
 * dockerd's folder, as a container's inspect gives it away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/gate/data_root.h"

#define ID "0e6ae4fb1347a8601b20eaa26ed815c01e3b0e9039b041c88daebe94a5085f06"
#define SIZE 32

static const struct {
	const char *why, *inspect, *root; /* NULL: it does not tell */
} cases[] = {
	{"a file of it", "{\"Id\":\"" ID "\",\"HostnamePath\":\"/srv/d/containers/" ID "/hostname\"}", "/srv/d"},
	{"one that is not there yet", "{\"Id\":\"" ID "\",\"HostnamePath\":\"\"}", NULL},
	{"its log, where that is all", "{\"Id\":\"" ID "\",\"HostnamePath\":\"\",\"LogPath\":\"/srv/d/containers/" ID "/x.log\"}", "/srv/d"},
	{"of another container", "{\"Id\":\"" ID "\",\"HostnamePath\":\"/srv/d/containers/1/hostname\"}", NULL},
	{"a short one below such a folder", "{\"Id\":\"1\",\"HostnamePath\":\"/a/containers/1/d/containers/1/hostname\"}", "/a/containers/1/d"},
	{"its layers, before the first start", "{\"Id\":\"" ID "\",\"GraphDriver\":{\"Data\":{\"UpperDir\":\"/srv/d/overlay2/1/diff\"}}}", "/srv/d"},
	{"layers of another driver", "{\"Id\":\"" ID "\",\"GraphDriver\":{\"Data\":null}}", NULL},
	{"at the root of the host", "{\"Id\":\"" ID "\",\"HostnamePath\":\"/containers/" ID "/hostname\"}", NULL},
	{"no absolute path", "{\"Id\":\"" ID "\",\"HostnamePath\":\"d/containers/" ID "/hostname\"}", NULL},
	{"too long for the caller", "{\"Id\":\"" ID "\",\"HostnamePath\":\"/0123456789012345678901234567890123456789/containers/" ID "/hostname\"}", NULL},
	{"no id", "{\"HostnamePath\":\"/srv/d/containers//hostname\"}", NULL},
};

static void
an_inspect_tells_where_dockerd_lives(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
		const char *wanted = cases[i].root ? cases[i].root : "";
		char root[SIZE] = "x";

		assert_int_equal(json_parse(&doc, cases[i].inspect,
					    strlen(cases[i].inspect), NULL),
				 0);
		if (data_root_from_inspect(doc.root, root, sizeof(root)) !=
			    (cases[i].root != NULL) ||
		    strcmp(root, wanted) != 0)
			fail_msg("%s: %s", cases[i].why, root);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_inspect_tells_where_dockerd_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
