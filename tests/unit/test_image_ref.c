#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/image_ref.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define HEX32 "0123456789abcdef0123456789abcdef"
#define HEX64 HEX32 HEX32
#define HEX128 HEX64 HEX64

static void
names_are_normalised(void **state)
{
	static const struct {
		const char *text, *name, *tag, *digest;
		const char *why;
	} cases[] = {
		{"nginx", "docker.io/library/nginx", "", "", "official"},
		{"nginx:1.27", "docker.io/library/nginx", "1.27", "", "tag"},
		{"user/nginx", "docker.io/user/nginx", "", "", "user"},
		{"docker.io/nginx", "docker.io/library/nginx", "", "",
		 "registry, official"},
		{"index.docker.io/nginx", "docker.io/library/nginx", "", "",
		 "the registry's old name"},
		{"index.docker.io/u/nginx", "docker.io/u/nginx", "", "",
		 "the registry's old name, user"},
		{"docker.io/library/nginx", "docker.io/library/nginx", "", "",
		 "normal form"},
		{"index.docker.io", "docker.io/library/index.docker.io", "",
		 "", "no '/': a name"},
		{"r.io/nginx", "r.io/nginx", "", "", "a '.' makes a registry"},
		{"r.io/a/b/c:t", "r.io/a/b/c", "t", "", "deep"},
		{"rio/nginx", "docker.io/rio/nginx", "", "", "no '.': user"},
		{"rio:5000/nginx", "rio:5000/nginx", "", "", "a port too"},
		{"rio:5000", "docker.io/library/rio", "5000", "",
		 "no '/': a tag"},
		{"rio:5000/nginx:5001", "rio:5000/nginx", "5001", "",
		 "port and tag"},
		{"localhost/nginx", "localhost/nginx", "", "", "localhost"},
		{"localhosts/nginx", "docker.io/localhosts/nginx", "", "",
		 "not localhost"},
		{"localhost", "docker.io/library/localhost", "", "",
		 "localhost, no '/'"},
		{"Rio/nginx", "Rio/nginx", "", "", "upper case is a registry"},
		{"R.IO/nginx", "R.IO/nginx", "", "", "its case is kept"},
		{"127.0.0.1:5000/a", "127.0.0.1:5000/a", "", "", "IPv4"},
		{"[::1]:5000/a", "[::1]:5000/a", "", "", "IPv6 and port"},
		{"[fc00::A1]/a:t", "[fc00::A1]/a", "t", "", "IPv6"},
		{"a-b.c--d.io/x", "a-b.c--d.io/x", "", "", "'-' in a host"},
		{"xn--n3h.com/x", "xn--n3h.com/x", "", "", "punycode"},
		{"u/a.b_c__d---e", "docker.io/u/a.b_c__d---e", "", "",
		 "separators"},
		{"a:_x.Y-z", "docker.io/library/a", "_x.Y-z", "", "any tag"},
		{"a@sha256:" HEX64, "docker.io/library/a", "",
		 "sha256:" HEX64, "digest"},
		{"a:1@sha256:" HEX64, "docker.io/library/a", "1",
		 "sha256:" HEX64, "tag and digest"},
		{"a@sha384:" HEX64 HEX32, "docker.io/library/a", "",
		 "sha384:" HEX64 HEX32, "sha384"},
		{"r:5/a@sha512:" HEX128, "r:5/a", "", "sha512:" HEX128,
		 "sha512"},
		{HEX64 ":t", "docker.io/library/" HEX64, "t", "",
		 "hex with a tag is a name"},
		{HEX64 "0", "docker.io/library/" HEX64 "0", "", "",
		 "65 hex digits are a name"},
		{"u/" HEX64, "docker.io/u/" HEX64, "", "", "a user's hex"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image_ref ref;
		struct aegis_error err = {0};
		int r = image_ref_parse(cases[i].text, &ref, &err);

		if (r || ref.kind != IMAGE_REF_NAMED ||
		    strcmp(ref.name, cases[i].name) ||
		    strcmp(ref.tag, cases[i].tag) ||
		    strcmp(ref.digest, cases[i].digest))
			fail_msg("%s (%s): %d %s, %s %s %s", cases[i].text,
				 cases[i].why, r, err.text, ref.name, ref.tag,
				 ref.digest);
	}
}

static void
ids_are_told_from_names(void **state)
{
	static const struct {
		const char *text, *digest; /* NULL: a name */
		bool maybe_short_id;
		const char *why;
	} cases[] = {
		{HEX64, "sha256:" HEX64, false, "64 hex digits"},
		{"sha256:" HEX64, "sha256:" HEX64, false, "with algorithm"},
		{"sha512:" HEX128, "sha512:" HEX128, false, "sha512"},
		{"0123456789ab", NULL, true, "as docker ps shows it"},
		{"sha256:0123456789ab", NULL, true, "with algorithm"},
		{"sha384:0123456789ab", NULL, false, "ids are sha256"},
		{"cafe", NULL, true, "hex that is a word"},
		{"f", NULL, true, "one digit"},
		{"cafg", NULL, false, "one letter that is no digit"},
		{"cafe:1", NULL, false, "a tag"},
		{"u/cafe", NULL, false, "a user"},
		{"nginx", NULL, false, "a name"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image_ref ref;
		const char *d = cases[i].digest;

		assert_int_equal(image_ref_parse(cases[i].text, &ref, NULL),
				 0);
		if (ref.kind != (d ? IMAGE_REF_ID : IMAGE_REF_NAMED) ||
		    (d && (strcmp(ref.digest, d) || *ref.name)) ||
		    ref.maybe_short_id != cases[i].maybe_short_id ||
		    image_ref_may_be_id(cases[i].text) !=
			    (d || cases[i].maybe_short_id))
			fail_msg("%s: %s", cases[i].text, cases[i].why);
	}
}

static void
malformed_names_are_refused_with_the_reason(void **state)
{
	static const struct {
		const char *text, *part; /* of the reason */
	} cases[] = {
		{"", "no image name"},
		{":1", "no repository name"},
		{"@sha256:" HEX64, "no repository name"},
		{"Nginx", "lower case"},
		{"u/Nginx", "lower case"},
		{"r.io/Nginx", "lower case"},
		{"nginx:", "tag"},
		{"nginx:.1", "tag"},
		{"nginx:-1", "tag"},
		{"nginx:1:2", "tag"},
		{"nginx:1 ", "tag"},
		{"nginx:1\n", "tag"},
		{"nginx ", "a-z"},
		{" nginx", "a-z"},
		{"nginx\n", "a-z"},
		{"ngin\xc3\xa4", "a-z"},
		{"nginx@", "digest"},
		{"nginx@sha256", "digest"},
		{"nginx@sha256:", "digest"},
		{"nginx@sha256:" HEX64 "0", "digest"},
		{"nginx@sha256:" HEX32, "digest"},
		{"nginx@sha512:" HEX64, "digest"},
		{"nginx@md5:" HEX32, "digest"},
		{"nginx@SHA256:" HEX64, "digest"},
		{"nginx@sha256:" HEX32 "0123456789ABCDEF0123456789ABCDEF",
		 "digest"},
		{"nginx@sha256:" HEX64 "@sha256:" HEX64, "digest"},
		{"nginx@sha256:" HEX64 ":1", "digest"},
		{"/nginx", "a-z"},
		{"nginx/", "a-z"},
		{"u//nginx", "a-z"},
		{"u/./nginx", "a-z"},
		{"u/../nginx", "a-z"},
		{"-nginx", "a-z"},
		{"nginx-", "a-z"},
		{"a..b", "a-z"},
		{"a___b", "a-z"},
		{"a._b", "a-z"},
		{"https://r.io/nginx", "registry"},
		/* dockerd reads this as a name without a registry */
		{"r_x.io/nginx", "registry"},
		{"r.io./nginx", "registry"},
		{".r.io/nginx", "registry"},
		{"-r.io/nginx", "registry"},
		{"r-.io/nginx", "registry"},
		{"r..io/nginx", "registry"},
		{"r.io:/nginx", "registry"},
		{"r.io:5a/nginx", "registry"},
		{"r.io:5:5/nginx", "registry"},
		{":5/nginx", "registry"},
		{"::1/nginx", "registry"},
		{"[]:5/nginx", "registry"},
		{"[::1:5/nginx", "registry"},
		{"[::1]5/nginx", "registry"},
		{"[::1]:/nginx", "registry"},
		{"[::g]/nginx", "registry"},
		{"[::1%eth0]/nginx", "registry"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image_ref ref = {.name = "untouched"};
		struct aegis_error err = {0};
		int r = image_ref_parse(cases[i].text, &ref, &err);

		if (r != -EINVAL || !strstr(err.text, cases[i].part) ||
		    strcmp(ref.name, "untouched"))
			fail_msg("\"%s\": %d %s", cases[i].text, r, err.text);
	}
}

/* prefix and as many bytes of c as make len. */
static const char *
text_of(const char *prefix, char c, size_t len)
{
	static char text[512];

	memset(text, c, len);
	memcpy(text, prefix, strlen(prefix));
	text[len] = '\0';
	return text;
}

static void
lengths_are_limited(void **state)
{
	const size_t longest = IMAGE_REF_NAME_MAX - strlen("docker.io/library/");
	struct image_ref ref;

	(void)state;
	assert_int_equal(image_ref_parse(text_of("", 'a', longest), &ref, NULL),
			 0);
	assert_int_equal(strlen(ref.name), IMAGE_REF_NAME_MAX);
	assert_int_equal(
		image_ref_parse(text_of("", 'a', longest + 1), &ref, NULL),
		-EINVAL);
	assert_int_equal(image_ref_parse(text_of("r.io/", 'a',
						 IMAGE_REF_NAME_MAX),
					 &ref, NULL),
			 0);
	assert_int_equal(image_ref_parse(text_of("r.io/", 'a',
						 IMAGE_REF_NAME_MAX + 1),
					 &ref, NULL),
			 -EINVAL);
	assert_int_equal(
		image_ref_parse(text_of("a:", 't', 2 + IMAGE_REF_TAG_MAX), &ref,
				NULL),
		0);
	assert_int_equal(
		image_ref_parse(text_of("a:", 't', 3 + IMAGE_REF_TAG_MAX), &ref,
				NULL),
		-EINVAL);
}

static void
the_registry_is_the_first_component(void **state)
{
	static const char *const cases[][2] = {
		{"nginx", "docker.io"},	     {"r.io:5000/a/b", "r.io:5000"},
		{"localhost/a", "localhost"}, {"[::1]:5/a", "[::1]:5"},
		{HEX64, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image_ref ref;
		char registry[IMAGE_REF_NAME_MAX + 1], cut[4];

		assert_int_equal(image_ref_parse(cases[i][0], &ref, NULL), 0);
		image_ref_registry(&ref, registry, sizeof(registry));
		assert_string_equal(registry, cases[i][1]);
		image_ref_registry(&ref, cut, sizeof(cut));
		assert_int_equal(strncmp(cut, cases[i][1], 3), 0);
	}
}

static void
format_writes_what_is_there(void **state)
{
	static const char *const cases[][2] = {
		{"nginx", "docker.io/library/nginx"},
		{"nginx:1", "docker.io/library/nginx:1"},
		{"r.io/a@sha256:" HEX64, "r.io/a@sha256:" HEX64},
		{"r.io/a:1@sha256:" HEX64, "r.io/a:1@sha256:" HEX64},
		{HEX64, "sha256:" HEX64},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image_ref ref;
		char text[IMAGE_REF_TEXT_MAX];

		assert_int_equal(image_ref_parse(cases[i][0], &ref, NULL), 0);
		image_ref_format(&ref, text, sizeof(text));
		assert_string_equal(text, cases[i][1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_normalised),
		cmocka_unit_test(ids_are_told_from_names),
		cmocka_unit_test(malformed_names_are_refused_with_the_reason),
		cmocka_unit_test(lengths_are_limited),
		cmocka_unit_test(the_registry_is_the_first_component),
		cmocka_unit_test(format_writes_what_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
