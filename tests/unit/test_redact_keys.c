#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/gate/redact.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void
check_value(const char *in, enum redact kind, const char *out)
{
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
	_cleanup_buf_ struct buf text = BUF_INIT(100000);
	struct json_out o;

	assert_int_equal(json_parse(&doc, in, strlen(in), NULL), 0);
	json_out_init(&o, &text);
	redact_value(&o, doc.root, kind);
	assert_int_equal(json_out_end(&o), 0);
	if (strcmp(buf_str(&text), out) != 0)
		fail_msg("%s: %s", in, buf_str(&text));
}

/* One value under key, in a struct. */
static void
check_key(const char *key, const char *value, const char *out)
{
	char in[200], want[200];

	snprintf(in, sizeof(in), "{\"%s\":%s}", key, value);
	snprintf(want, sizeof(want), "{\"%s\":%s}", key, out);
	check_value(in, REDACT_STRUCT, want);
}

static void
keys_of_secrets_hide_their_values(void **state)
{
	static const char *const keys[] = {
		"Data",	      "data",	     "Auth",	      "Password",
		"PASSWORD",   "IdentityToken", "RegistryToken", "PrivateKey",
		"JoinToken",  "JoinTokens",  "UnlockKey",     "SigningCAKey",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		check_key(keys[i], "\"abc\"", "\"[redacted]\"");
		check_key(keys[i], "{\"a\":[1]}", "\"[redacted]\"");
	}
}

static void
keys_of_variables_keep_the_names(void **state)
{
	(void)state;
	check_key("Env", "[\"A=b\",\"C\",\"D=\"]",
		  "[\"A=[redacted]\",\"C\",\"D=[redacted]\"]");
	check_key("ENV", "[\"A=b\"]", "[\"A=[redacted]\"]");
}

static void
keys_of_options_hide_what_tells(void **state)
{
	static const char *const keys[] = {"Options", "DriverOpts", "LogConfig",
					   "LogDriver", "logdriver"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		check_key(keys[i],
			  "{\"splunk-token\":\"a\",\"size\":\"1\",\"n\":0,"
			  "\"o\":\"user=x,password=y,rw\"}",
			  "{\"splunk-token\":\"[redacted]\",\"size\":\"1\","
			  "\"n\":0,\"o\":\"user=x,password=[redacted],rw\"}");
}

static void
keys_of_maps_keep_what_is_zero(void **state)
{
	static const char *const keys[] = {
		"Labels",	"Annotations",	"Tmpfs",
		"Ports",	"Sysctls",	"Volumes",
		"StorageOpt",	"ExposedPorts", "PortBindings",
		"EndpointsConfig", "AuxiliaryAddresses", "labels",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		check_key(keys[i], "{\"Password\":\"\",\"a\":{}}",
			  "{\"Password\":\"\",\"a\":{}}");
}

static void
arguments_hide_a_plugins_value(void **state)
{
	(void)state;
	check_key("Args", "[{\"Name\":\"a\",\"Value\":[\"b\"]}]",
		  "[{\"Name\":\"a\",\"Value\":\"[redacted]\"}]");
	check_key("args", "[\"-p\",\"b\"]", "[\"-p\",\"b\"]");
}

static void
other_keys_are_those_of_a_struct(void **state)
{
	static const char *const keys[] = {
		"",	   "E",	       "En",	     "Envs",	 "Date",
		"Passwords", "Password2", "JoinTokenss", "Label", "XLabels",
		"IdentityTokens", "AuxiliaryAddress", "AuxiliaryAddressesOf",
		"AKeyOfMoreLettersThanAnyKeyOfTheApi",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		check_key(keys[i],
			  "{\"a\":\"A=b\",\"b\":\"\",\"token\":\"c\","
			  "\"Env\":[\"A=b\"]}",
			  "{\"a\":\"A=b\",\"token\":\"c\","
			  "\"Env\":[\"A=[redacted]\"]}");
}

static void
a_key_outside_ascii_counts_as_a_secrets(void **state)
{
	(void)state;
	check_key("Pa\xc5\xbfword", "\"abc\"", "\"[redacted]\"");
	check_value("{\"to\\u212aen\":\"abc\"}", REDACT_STRUCT,
		    "{\"to\xe2\x84\xaa" "en\":\"[redacted]\"}");
}

static void
names_that_tell_of_a_secret(void **state)
{
	static const char *const telling[] = {
		"token", "splunk-token", "Passwd", "PASSWORD", "passphrase",
		"a_secret_b", "apikey", "Authorization", "credentials", "ttoken",
		"pass-passw", "KEY",
	};
	static const char *const plain[] = {
		"", "t", "toke", "pass", "secre", "ke", "aut", "credentia",
		"max-size", "tag", "k\x05y", "\x0bey", "to ken",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(telling); i++)
		if (!redact_is_telling(telling[i]))
			fail_msg("\"%s\" tells", telling[i]);
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		if (redact_is_telling(plain[i]))
			fail_msg("\"%s\" does not", plain[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_secrets_hide_their_values),
		cmocka_unit_test(keys_of_variables_keep_the_names),
		cmocka_unit_test(keys_of_options_hide_what_tells),
		cmocka_unit_test(keys_of_maps_keep_what_is_zero),
		cmocka_unit_test(arguments_hide_a_plugins_value),
		cmocka_unit_test(other_keys_are_those_of_a_struct),
		cmocka_unit_test(a_key_outside_ascii_counts_as_a_secrets),
		cmocka_unit_test(names_that_tell_of_a_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
