/* ctl/plugins.c: the address that a .spec or .json file gives. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "ctl/plugins.c"
#include "ctl/reach.c"

static void
an_address_is_read_as_dockerd_does(void **state)
{
	static const struct {
		const char *text;
		bool json;
		const char *address; /* NULL: refused */
	} cases[] = {
		{"unix:///run/x.sock", false, "unix:///run/x.sock"},
		{"  tcp://127.0.0.1:99\n", false, "tcp://127.0.0.1:99"},
		{"/run/x.sock", false, NULL},
		{"", false, NULL},
		{"{\"Name\":\"x\",\"Addr\":\"https://h:1\"}", true, "https://h:1"},
		{"{\"Name\":\"x\"}", true, NULL},
		{"{\"Addr\":1}", true, NULL},
		{"unix:///run/x.sock", true, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char address[64];
		int r = plugin_address(cases[i].text, cases[i].json, address,
				       sizeof(address));

		if (cases[i].address
			    ? r || strcmp(address, cases[i].address) != 0
			    : !r)
			fail_msg("%s: %d %s", cases[i].text, r, address);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_read_as_dockerd_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
