/* docs/gatekeeper.yaml.5 names all that the loader reads: its tables are the list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/gate/policy_load.c"

static char page[64 * 1024];

static int
read_page(void **state)
{
	FILE *f = fopen("docs/gatekeeper.yaml.5", "r");

	(void)state;
	assert_non_null(f);
	assert_true(fread(page, 1, sizeof(page) - 1, f) > 0);
	return fclose(f);
}

/* As a word of its own, perhaps behind the name of its section. */
static bool
page_names(const char *word)
{
	static const char joins[] = "abcdefghijklmnopqrstuvwxyz_";
	size_t len = strlen(word);

	for (const char *at = page; (at = strstr(at, word)); at++)
		if (!strchr(joins, at[-1]) && !strchr(joins, at[len]))
			return true;
	return false;
}

static unsigned missing;

static void
expect(const char *section, const char *word)
{
	char name[128];

	snprintf(name, sizeof(name), "%s%s%s", section, *section ? "." : "",
		 word);
	if (page_names(name) || (!*section && page_names(word)))
		return;
	print_error("the page does not name %s\n", name);
	missing++;
}

#define EXPECT(section, keys)                                                  \
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)                           \
	expect(section, keys[i].name)

static void
every_key_is_on_the_page(void **state)
{
	(void)state;
	missing = 0;
	EXPECT("", top_keys);
	EXPECT("", images_keys);
	EXPECT("", container_keys);
	EXPECT("capabilities", capabilities_keys);
	EXPECT("binds", binds_keys);
	EXPECT("volumes", volumes_keys);
	EXPECT("devices", devices_keys);
	EXPECT("security_opt", security_opt_keys);
	EXPECT("sysctls", sysctls_keys);
	EXPECT("runtimes", runtimes_keys);
	EXPECT("cgroup_parent", cgroup_parent_keys);
	EXPECT("group_add", group_add_keys);
	EXPECT("ulimits", ulimits_keys);
	EXPECT("oom", oom_keys);
	EXPECT("ports", ports_keys);
	EXPECT("annotations", annotations_keys);
	EXPECT("exec", exec_keys);
	EXPECT("build", build_keys);
	EXPECT("networks", networks_keys);
	EXPECT("archive", archive_keys);
	EXPECT("", exception_keys);
	EXPECT("", match_keys);
	assert_int_equal(missing, 0);
}

static void
every_family_and_rule_is_on_the_page(void **state)
{
	const char *api = strstr(page, ".It Ic api");
	const char *end = api ? strstr(api, ".It Ic groups") : NULL;
	char section[4096];

	(void)state;
	missing = 0;
	assert_non_null(end);
	for (int i = 1; i < RULE_MAX; i++)
		expect("", rule_get((enum rule_id)i)->name);
	snprintf(section, sizeof(section), "%.*s", (int)(end - api), api);
	snprintf(page, sizeof(page), " %s", section);
	for (int c = 1; c < ENDPOINT_CLASS_MAX; c++)
		expect("", endpoint_class_name((enum endpoint_class)c));
	assert_int_equal(missing, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_key_is_on_the_page, read_page),
		cmocka_unit_test_setup(every_family_and_rule_is_on_the_page,
				       read_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
