#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/json.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
/* A text with its length, for those that hold NUL. */
#define TEXT(s) s, sizeof(s) - 1

#define DUP_BOTH (JSON_KEYS_DUP_EXACT | JSON_KEYS_DUP_FOLDED)

/* From a block of its own size, so that a sanitizer sees a read behind it. */
static int
parse(struct json_doc *doc, const char *text, size_t len,
      struct aegis_error *err)
{
	char *copy = malloc(len ? len : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, text, len);
	r = json_parse(doc, copy, len, err);
	free(copy);
	assert_true((r == 0) == (doc->root != NULL));
	return r;
}

static void
accepts_what_the_rfc_allows(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		enum json_type type;
		const char *why;
	} cases[] = {
		{TEXT("null"), JSON_NULL, "a word at the top"},
		{TEXT("true"), JSON_BOOL, "a word at the top"},
		{TEXT("false"), JSON_BOOL, "a word at the top"},
		{TEXT("7"), JSON_NUMBER, "a number at the top"},
		{TEXT("\"\""), JSON_STRING, "a string at the top"},
		{TEXT("[]"), JSON_ARRAY, "an empty array"},
		{TEXT("{}"), JSON_OBJECT, "an empty object"},
		{TEXT("{\"a\":[1,{\"b\":null}],\"c\":\"d\"}"), JSON_OBJECT,
		 "nested"},
		{TEXT(" \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } } \n"),
		 JSON_OBJECT, "white space wherever it may be"},
		{TEXT("{} "), JSON_OBJECT, "a space at the end"},
		{TEXT("{}\n"), JSON_OBJECT, "a newline at the end"},
		{TEXT("[\"\x7f\"]"), JSON_ARRAY, "DEL is no control here"},
		{TEXT("{\"\":1}"), JSON_OBJECT, "an empty key"},
		{TEXT("[\"/* no comment */\"]"), JSON_ARRAY,
		 "a comment's signs in a string"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
		struct aegis_error err = {0};
		int r = parse(&doc, cases[i].text, cases[i].len, &err);

		if (r != 0 || doc.root->type != cases[i].type)
			fail_msg("%s: %s", cases[i].text, err.text);
	}
}

static void
refuses_what_a_decoder_could_read_otherwise(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *reason, *why;
	} cases[] = {
		{TEXT(""), "byte 0: a value is missing", "nothing"},
		{TEXT(" "), "byte 1: a value is missing", "only space"},
		{TEXT("\xef\xbb\xbf{}"), "byte 0: not a value", "a BOM"},
		{TEXT("{}/**/"), "byte 2: something follows", "a comment"},
		{TEXT("/**/{}"), "byte 0: not a value", "a comment first"},
		{TEXT("[1,//\n2]"), "byte 3: not a value", "a line comment"},
		{TEXT("[1,]"), "byte 3: not a value", "a trailing comma"},
		{TEXT("{\"a\":1,}"), "byte 7: a key", "a trailing comma"},
		{TEXT("[,1]"), "byte 1: not a value", "a leading comma"},
		{TEXT("[1,,2]"), "byte 3: not a value", "two commas"},
		{TEXT("{,}"), "byte 1: a key", "only a comma"},
		{TEXT("[1 2]"), "byte 3: a ',' is missing", "no comma"},
		{TEXT("{\"a\" 1}"), "byte 5: a ':' is missing", "no colon"},
		{TEXT("{\"a\"=1}"), "byte 4: a ':' is missing", "no colon"},
		{TEXT("{\"a\":}"), "byte 5: not a value", "no value"},
		{TEXT("{a:1}"), "byte 1: a key is missing", "a bare key"},
		{TEXT("{1:1}"), "byte 1: a key is missing", "a number as key"},
		{TEXT("{'a':1}"), "byte 1: a key is missing", "single quotes"},
		{TEXT("['a']"), "byte 1: not a value", "single quotes"},
		{TEXT("[1}"), "byte 2: a ',' is missing", "brackets crossed"},
		{TEXT("{\"a\":1]"), "byte 6: a ','", "brackets crossed"},
		{TEXT("["), "byte 1: a value is missing", "cut"},
		{TEXT("[1"), "byte 2: the value has no end", "cut"},
		{TEXT("[1,"), "byte 3: a value is missing", "cut"},
		{TEXT("[[[[[["), "byte 6: a value is missing", "cut, nested"},
		{TEXT("{"), "byte 1: a key is missing", "cut"},
		{TEXT("{\"a"), "byte 3: the string has no end", "cut"},
		{TEXT("{\"a\""), "byte 4: a ':' is missing", "cut"},
		{TEXT("{\"a\":"), "byte 5: a value is missing", "cut"},
		{TEXT("]"), "byte 0: not a value", "a bracket alone"},
		{TEXT("{}\0"), "byte 2: something follows",
		 "a NUL after the value, which json-c takes"},
		{TEXT("7\0"), "byte 1: something follows", "a NUL, a number"},
		{TEXT("{}{}"), "byte 2: something follows", "a second value"},
		{TEXT("{} x"), "byte 3: something follows", "garbage behind"},
		{TEXT("{}]"), "byte 2: something follows", "a bracket behind"},
		{TEXT("{}\v"), "byte 2: something follows", "no JSON space"},
		{TEXT("\f{}"), "byte 0: not a value", "no JSON space"},
		{TEXT("[\xc2\xa0]"), "byte 1: not a value", "no JSON space"},
		{TEXT("NaN"), "byte 0: not a value", "not in the RFC"},
		{TEXT("nan"), "byte 0: not a value", "not in the RFC"},
		{TEXT("Infinity"), "byte 0: not a value", "not in the RFC"},
		{TEXT("-Infinity"), "byte 1: not a value", "not in the RFC"},
		{TEXT("True"), "byte 0: not a value", "case counts"},
		{TEXT("tru"), "byte 0: not a value", "a word cut"},
		{TEXT("fals"), "byte 0: not a value", "a word cut"},
		{TEXT("nul"), "byte 0: not a value", "a word cut"},
		{TEXT("nulL"), "byte 0: not a value", "a word misspelt"},
		{TEXT("truee"), "byte 4: something follows", "a word longer"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
		struct aegis_error err = {0};
		int r = parse(&doc, cases[i].text, cases[i].len, &err);

		if (r != -EBADMSG || !strstr(err.text, cases[i].reason))
			fail_msg("%s (%s): %d, \"%s\"", cases[i].text,
				 cases[i].why, r, err.text);
	}
}

static void
numbers_are_of_the_rfcs_grammar(void **state)
{
	static const struct {
		const char *text;
		bool good;
		const char *why;
	} cases[] = {
		{"0", true, "zero"},
		{"-0", true, "minus zero"},
		{"10", true, "two digits"},
		{"0.5", true, "a fraction"},
		{"-1.25", true, "a negative fraction"},
		{"1e5", true, "an exponent"},
		{"1E+05", true, "an exponent with sign and zero"},
		{"1.5e-3", true, "all of it"},
		{"1e999", true, "beyond a double: text until asked"},
		{"123456789012345678901234567890", true, "beyond an int64"},
		{"007", false, "leading zeros"},
		{"00", false, "two zeros"},
		{"01", false, "a leading zero"},
		{"-01", false, "a leading zero behind the sign"},
		{"+1", false, "a plus"},
		{".5", false, "no digit before the point"},
		{"-.5", false, "no digit before the point"},
		{"1.", false, "no digit behind the point"},
		{"1.e5", false, "no digit behind the point"},
		{"1e", false, "no exponent"},
		{"1e+", false, "no exponent behind the sign"},
		{"1e5.5", false, "an exponent is whole"},
		{"-", false, "only a sign"},
		{"--1", false, "two signs"},
		{"0x10", false, "hexadecimal"},
		{"1_000", false, "Go's own spelling"},
		{"1,5", false, "a comma at the top"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
		const size_t len = strlen(cases[i].text);
		int r = parse(&doc, cases[i].text, len, NULL);

		if (r != (cases[i].good ? 0 : -EBADMSG))
			fail_msg("%s (%s): %d", cases[i].text, cases[i].why, r);
		if (r == 0) {
			assert_int_equal(doc.root->type, JSON_NUMBER);
			assert_int_equal(doc.root->str_len, len);
			assert_string_equal(doc.root->str, cases[i].text);
		}
	}
}

static void
strings_are_unescaped(void **state)
{
	static const struct {
		const char *text, *str;
		size_t len;
		bool has_nul;
		const char *why;
	} cases[] = {
		{"\"\"", TEXT(""), false, "empty"},
		{"\"abc\"", TEXT("abc"), false, "plain"},
		{"\"abcdefgh\"", TEXT("abcdefgh"), false, "eight bytes"},
		{"\"abcdefghijklmnopq\"", TEXT("abcdefghijklmnopq"), false,
		 "seventeen bytes"},
		{"\"abcdefg\\th\"", TEXT("abcdefg\th"), false,
		 "an escape behind seven"},
		{"\"abcdefgh\\th\"", TEXT("abcdefgh\th"), false,
		 "an escape behind eight"},
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
		 TEXT("\"\\/\b\f\n\r\t"), false, "every short escape"},
		{"\"\\u0041\\u007a\"", TEXT("Az"), false, "ASCII"},
		{"\"\\u00e9\\u00E9\"", TEXT("\xc3\xa9\xc3\xa9"), false,
		 "two bytes, digits in both cases"},
		{"\"\\u07ff\\u0800\"", TEXT("\xdf\xbf\xe0\xa0\x80"), false,
		 "where three bytes begin"},
		{"\"\\uffff\"", TEXT("\xef\xbf\xbf"), false, "three bytes"},
		{"\"\\ud83d\\udc33\"", TEXT("\xf0\x9f\x90\xb3"), false,
		 "a pair"},
		{"\"\\ud800\\udc00\"", TEXT("\xf0\x90\x80\x80"), false,
		 "the first pair"},
		{"\"\\udbff\\udfff\"", TEXT("\xf4\x8f\xbf\xbf"), false,
		 "the last pair"},
		{"\"\\ud7ff\\ue000\"", TEXT("\xed\x9f\xbf\xee\x80\x80"), false,
		 "around the surrogates"},
		{"\"\xc3\xa9\xe4\xb8\xad\xf0\x9f\x90\xb3\"",
		 TEXT("\xc3\xa9\xe4\xb8\xad\xf0\x9f\x90\xb3"), false,
		 "raw UTF-8 of every length"},
		{"\"a\\u0000b\"", TEXT("a\0b"), true, "a NUL within"},
		{"\"\\u0000\"", TEXT("\0"), true, "only a NUL"},
		{"\"a\\u0001b\"", TEXT("a\1b"), false, "not quite a NUL"},
		{"\"\\\\u0000\"", TEXT("\\u0000"), false,
		 "a backslash escaped, no NUL"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
		struct aegis_error err = {0};
		int r = parse(&doc, cases[i].text, strlen(cases[i].text), &err);

		if (r != 0)
			fail_msg("%s: %s", cases[i].why, err.text);
		if (doc.root->str_len != cases[i].len ||
		    memcmp(doc.root->str, cases[i].str, cases[i].len + 1) ||
		    doc.root->has_nul != cases[i].has_nul)
			fail_msg("%s: \"%s\"", cases[i].why, doc.root->str);
	}
}

static void
strings_that_are_not_text_are_refused(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *why;
	} cases[] = {
		{TEXT("\"abc"), "no end"},
		{TEXT("\""), "nothing but a quote"},
		{TEXT("\"abcdefgh"), "no end, eight bytes"},
		{TEXT("\"a\\"), "ends in a backslash"},
		{TEXT("\"a\\\""), "the last quote is escaped"},
		{TEXT("\"a\nb\""), "a raw newline"},
		{TEXT("\"a\tb\""), "a raw tab"},
		{TEXT("\"a\0b\""), "a raw NUL"},
		{TEXT("\"a\x1f\""), "the last control"},
		{TEXT("\"abcdefg\x1fhijklmno\""), "a control among many"},
		{TEXT("\"\\x41\""), "no such escape"},
		{TEXT("\"\\'\""), "no such escape"},
		{TEXT("\"\\\0\""), "an escaped NUL"},
		{TEXT("\"\\U0041\""), "case counts"},
		{TEXT("\"\\u004\""), "three digits"},
		{TEXT("\"\\u004g\""), "no hex digit"},
		{TEXT("\"\\u+041\""), "a sign"},
		{TEXT("\"\\u00"), "cut in the digits"},
		{TEXT("\"\\ud83d\""), "high half alone"},
		{TEXT("\"\\ud83dx\\udc33\""), "the halves apart"},
		{TEXT("\"\\ud83d\\n\""), "high half, another escape"},
		{TEXT("\"\\ud83d\\u0041\""), "high half, no low half"},
		{TEXT("\"\\ud83d\\ud83d\""), "two high halves"},
		{TEXT("\"\\ud83d\\ue000\""), "just above the low halves"},
		{TEXT("\"\\ud83d\\udc3"), "low half cut"},
		{TEXT("\"\\udc33\""), "low half alone"},
		{TEXT("\"\\udc33\\ud83d\""), "the halves swapped"},
		{TEXT("\"\\udfff\""), "the last low half"},
		{TEXT("\"\x80\""), "a continuation alone"},
		{TEXT("\"\xff\""), "never in UTF-8"},
		{TEXT("\"\xc3\""), "cut, two bytes"},
		{TEXT("\"\xe4\xb8\""), "cut, three bytes"},
		{TEXT("\"\xf0\x9f\x90\""), "cut, four bytes"},
		{TEXT("\"\xe4\xb8"), "cut, at the end of the text"},
		{TEXT("\"\xc0\xaf\""), "overlong, two bytes"},
		{TEXT("\"\xc1\xbf\""), "overlong, two bytes, the last"},
		{TEXT("\"\xe0\x80\xaf\""), "overlong, three bytes"},
		{TEXT("\"\xe0\x9f\xbf\""), "overlong, three bytes, the last"},
		{TEXT("\"\xf0\x80\x80\xaf\""), "overlong, four bytes"},
		{TEXT("\"\xf0\x8f\xbf\xbf\""), "overlong, four bytes, last"},
		{TEXT("\"\xed\xa0\x80\""), "a surrogate, raw"},
		{TEXT("\"\xed\xbf\xbf\""), "the last surrogate, raw"},
		{TEXT("\"\xf4\x90\x80\x80\""), "above U+10FFFF"},
		{TEXT("\"\xf5\x80\x80\x80\""), "above U+10FFFF"},
		{TEXT("\"abcdefg\x80hijklmno\""), "a bad byte among many"},
		{TEXT("{\"\xff\":1}"), "in a key"},
		{TEXT("{\"\\ud83d\":1}"), "in a key"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;

		if (parse(&doc, cases[i].text, cases[i].len, NULL) != -EBADMSG)
			fail_msg("%s (%s)", cases[i].text, cases[i].why);
	}
}

static void
keys_that_go_reads_in_its_own_way_are_flagged(void **state)
{
	static const struct {
		const char *text;
		uint32_t flags;
		const char *why;
	} cases[] = {
		{"{}", 0, "no key"},
		{"{\"Cmd\":1}", 0, "one key"},
		{"{\"Cmd\":1,\"Cme\":1}", 0, "two keys"},
		{"{\"Cmd\":1,\"Cm\":1}", 0, "a beginning of it"},
		{"{\"Cmd\":1,\"Cmd\":1}", DUP_BOTH, "the same"},
		{"{\"Cmd\":1,\"cMD\":1}", JSON_KEYS_DUP_FOLDED, "folded"},
		{"{\"Cmd\":1,\"cmd\":1,\"Cmd\":2}", DUP_BOTH, "both"},
		{"{\"\":1,\"\":1}", DUP_BOTH, "the same, empty"},
		{"{\"@\":1,\"`\":1}", 0, "differ by the case bit, before A"},
		{"{\"[\":1,\"{\":1}", 0, "differ by the case bit, after Z"},
		{"{\"\\u0043md\":1}", JSON_KEYS_ODD, "an escape"},
		{"{\"\\u0043md\":1,\"Cmd\":1}", JSON_KEYS_ODD | DUP_BOTH,
		 "the same once unescaped"},
		{"{\"a\\/b\":1}", JSON_KEYS_ODD, "an escape nobody needs"},
		{"{\"HostConfig\\u0000x\":1}", JSON_KEYS_ODD, "a NUL"},
		{"{\"HostConfig\\u0000x\":1,\"HostConfig\":1}", JSON_KEYS_ODD,
		 "a NUL does not end the key"},
		{"{\"a\\u0000x\":1,\"a\\u0000y\":1}", JSON_KEYS_ODD,
		 "different behind the NUL"},
		{"{\"a\\u0000x\":1,\"a\\u0000X\":1}",
		 JSON_KEYS_ODD | JSON_KEYS_DUP_FOLDED, "folded behind the NUL"},
		{"{\"Bind\xc5\xbf\":1}", JSON_KEYS_ODD, "U+017F, Go's s"},
		{"{\"Lin\xe2\x84\xaas\":1}", JSON_KEYS_ODD, "U+212A, Go's k"},
		{"{\"Bind\\u017f\":1}", JSON_KEYS_ODD, "U+017F escaped"},
		{"{\"a\x7f\":1}", 0, "DEL is ASCII"},
		{"{\"a\":\"\\u0000\xc5\xbf\"}", 0, "a value may be odd"},
		{"{\"a\":{\"b\":1,\"b\":1}}", 0, "the inner object's matter"},
		{"{\"a\":{\"a\":1}}", 0, "alike on two levels"},
		{"[{\"a\":1},{\"a\":1}]", 0, "an array has no keys"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;

		assert_int_equal(parse(&doc, cases[i].text,
				       strlen(cases[i].text), NULL),
				 0);
		if (doc.root->key_flags != cases[i].flags)
			fail_msg("%s (%s): %u", cases[i].text, cases[i].why,
				 doc.root->key_flags);
	}
}

static void
inner_objects_have_flags_of_their_own(void **state)
{
	static const char text[] = "{\"a\":{\"b\":1,\"b\":2},\"c\":[{\"\xc3"
				   "\xa9\":1}],\"d\":{\"x\":1,\"X\":2}}";
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;

	(void)state;
	assert_int_equal(parse(&doc, TEXT(text), NULL), 0);
	assert_int_equal(doc.root->key_flags, 0);
	assert_int_equal(json_get(doc.root, "a")->key_flags, DUP_BOTH);
	assert_int_equal(json_get(doc.root, "c")->key_flags, 0);
	assert_int_equal(json_get(doc.root, "c")->first->key_flags,
			 JSON_KEYS_ODD);
	assert_int_equal(json_get(doc.root, "d")->key_flags,
			 JSON_KEYS_DUP_FOLDED);
}

/* {"key-0":0,"key-1":0,...}, and last, unless NULL, one more key. */
static void
make_object(struct buf *b, unsigned count, const char *format, const char *last)
{
	buf_clear(b);
	buf_addc(b, '{');
	for (unsigned i = 0; i < count; i++) {
		buf_adds(b, i ? ",\"" : "\"");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		buf_addf(b, format, i);
#pragma GCC diagnostic pop
		buf_adds(b, "\":0");
	}
	if (last)
		buf_addf(b, ",\"%s\":0", last);
	buf_addc(b, '}');
	assert_int_equal(buf_error(b), 0);
}

static void
duplicates_are_found_in_objects_of_any_size(void **state)
{
	/* Around the limits of the three ways in json_keys.c. */
	static const unsigned counts[] = {2,   7,   8,	 9,   60,  126,
					  127, 128, 129, 500, 5000};
	static const struct {
		const char *last;
		uint32_t flags;
	} cases[] = {
		{NULL, 0},
		{"key-x", 0},
		{"key-0", DUP_BOTH},
		{"KEY-0", JSON_KEYS_DUP_FOLDED},
		{"key-1", DUP_BOTH},
		{"kEy-1", JSON_KEYS_DUP_FOLDED},
		/* Two equal ones with a folded one between them. */
		{"KEY-0\":0,\"key-0", DUP_BOTH},
	};
	_cleanup_buf_ struct buf b = BUF_INIT(1024 * 1024);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(cases); k++) {
			_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;

			make_object(&b, counts[i], "key-%u", cases[k].last);
			assert_int_equal(parse(&doc, b.data, b.len, NULL), 0);
			if (doc.root->key_flags != cases[k].flags)
				fail_msg("%u keys and \"%s\": %u", counts[i],
					 cases[k].last, doc.root->key_flags);
		}
	}
}

static void
duplicates_are_found_among_colliding_keys(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(1024 * 1024);

	(void)state;
	/* Alike in length and in every letter that the hash looks at. */
	for (unsigned count = 9; count < 128; count += 17) {
		_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;

		make_object(&b, count, "xxxxxxxxxxxxxxx%03ux", NULL);
		assert_int_equal(parse(&doc, b.data, b.len, NULL), 0);
		assert_int_equal(doc.root->key_flags, 0);
		make_object(&b, count, "xxxxxxxxxxxxxxx%03ux",
			    "xxxxxxxxxxxxxxx003X");
		assert_int_equal(parse(&doc, b.data, b.len, NULL), 0);
		assert_int_equal(doc.root->key_flags, JSON_KEYS_DUP_FOLDED);
	}
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Quadratic, any of these would take minutes; a second is long enough for a
 * sanitizer on a busy machine. */
static void
hostile_objects_take_no_quadratic_time(void **state)
{
	static const char *const formats[] = {
		"k%u",	   /* all different */
		"k%09u",   /* of one length */
		"k",	   /* all the same */
		"k%09ukk", /* alike where a hash may look */
	};
	_cleanup_buf_ struct buf b = BUF_INIT(16 * 1024 * 1024);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
		double begin;

		make_object(&b, 100000, formats[i], NULL);
		begin = seconds();
		assert_int_equal(parse(&doc, b.data, b.len, NULL), 0);
		assert_int_equal(doc.root->count, 100000);
		if (seconds() - begin > 1)
			fail_msg("%s: %.1f s", formats[i], seconds() - begin);
	}
}

static void
nest(struct buf *b, unsigned depth, const char *open, const char *close)
{
	buf_clear(b);
	for (unsigned i = 0; i < depth; i++)
		buf_adds(b, open);
	buf_adds(b, "1");
	for (unsigned i = 0; i < depth; i++)
		buf_adds(b, close);
}

static void
nesting_ends_at_the_limit(void **state)
{
	static const struct {
		const char *open, *close;
	} cases[] = {{"[", "]"}, {"{\"a\":", "}"}};
	_cleanup_buf_ struct buf b = BUF_INIT(16 * 1024 * 1024);
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct aegis_error err = {0};

		nest(&b, JSON_DEPTH_MAX, cases[i].open, cases[i].close);
		assert_int_equal(parse(&doc, b.data, b.len, NULL), 0);
		nest(&b, JSON_DEPTH_MAX + 1, cases[i].open, cases[i].close);
		assert_int_equal(parse(&doc, b.data, b.len, &err), -EBADMSG);
		assert_non_null(strstr(err.text, "nested too deep"));
		nest(&b, 1000000, cases[i].open, cases[i].close);
		assert_int_equal(parse(&doc, b.data, b.len, NULL), -EBADMSG);
	}
}

static void
depth_is_not_breadth(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(1024);
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;

	(void)state;
	buf_addc(&b, '[');
	for (unsigned i = 0; i < 2 * JSON_DEPTH_MAX; i++)
		buf_adds(&b, i ? ",[]" : "[]");
	buf_addc(&b, ']');
	assert_int_equal(parse(&doc, b.data, b.len, NULL), 0);
	assert_int_equal(doc.root->count, 2 * JSON_DEPTH_MAX);
}

static void
values_end_at_the_limit(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(4 * 1024 * 1024);
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
	struct aegis_error err = {0};

	(void)state;
	buf_addc(&b, '[');
	for (unsigned i = 0; i < JSON_NODES_MAX - 2; i++)
		buf_adds(&b, "1,");
	buf_adds(&b, "1]");
	assert_int_equal(parse(&doc, b.data, b.len, NULL), 0);
	assert_int_equal(doc.root->count, JSON_NODES_MAX - 1);

	b.data[b.len - 1] = ',';
	buf_adds(&b, "1]");
	assert_int_equal(parse(&doc, b.data, b.len, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "too many values"));
}

static void
the_tree_says_what_the_text_says(void **state)
{
	static const char text[] =
		" {\"a\":[1,\"x\",true,null],\"bc\":{},\"d\":false}";
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
	const struct json_node *a, *n;

	(void)state;
	assert_int_equal(parse(&doc, TEXT(text), NULL), 0);
	assert_int_equal(doc.root->count, 3);
	assert_int_equal(doc.root->offset, 1);
	assert_null(doc.root->key);
	assert_null(doc.root->next);

	a = doc.root->first;
	assert_string_equal(a->key, "a");
	assert_int_equal(a->type, JSON_ARRAY);
	assert_int_equal(a->count, 4);
	assert_int_equal(a->offset, 6);
	n = a->first;
	assert_null(n->key);
	assert_string_equal(n->str, "1");
	n = n->next;
	assert_string_equal(n->str, "x");
	assert_int_equal(n->offset, 9);
	n = n->next;
	assert_int_equal(n->type, JSON_BOOL);
	assert_true(n->boolean);
	n = n->next;
	assert_int_equal(n->type, JSON_NULL);
	assert_null(n->next);

	n = a->next;
	assert_string_equal(n->key, "bc");
	assert_int_equal(n->key_len, 2);
	assert_null(n->first);
	n = n->next;
	assert_int_equal(n->type, JSON_BOOL);
	assert_false(n->boolean);
	assert_null(n->next);
}

static void
get_finds_by_the_exact_key(void **state)
{
	static const char text[] =
		"{\"Cmd\":\"a\",\"cmd\":\"b\",\"n\":1,\"z\":\"x\\u0000y\","
		"\"k\\u0000x\":\"no\",\"Cmd\":\"c\"}";
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;

	(void)state;
	assert_int_equal(parse(&doc, TEXT(text), NULL), 0);
	assert_string_equal(json_get_string(doc.root, "Cmd"), "a");
	assert_string_equal(json_get_string(doc.root, "cmd"), "b");
	assert_null(json_get(doc.root, "CMD"));
	assert_null(json_get(doc.root, "Cm"));
	assert_null(json_get(doc.root, "k"));
	assert_null(json_get(doc.root, ""));
	assert_non_null(json_get(doc.root, "n"));
	assert_null(json_get_string(doc.root, "n"));
	assert_non_null(json_get(doc.root, "z"));
	assert_null(json_get_string(doc.root, "z"));
	assert_null(json_get(NULL, "a"));
	assert_null(json_get(json_get(doc.root, "n"), "a"));
}

static void
key_is_folds_ascii_alone(void **state)
{
	static const struct {
		const char *text, *name;
		bool is;
		const char *why;
	} cases[] = {
		{"{\"HostConfig\":1}", "HostConfig", true, "the same"},
		{"{\"hOSTcONFIG\":1}", "HostConfig", true, "folded"},
		{"{\"HostConfi\":1}", "HostConfig", false, "shorter"},
		{"{\"HostConfigs\":1}", "HostConfig", false, "longer"},
		{"{\"HostConfig\\u0000x\":1}", "HostConfig", false, "a NUL"},
		{"{\"@\":1}", "`", false, "differ by the case bit"},
		{"{\"Bind\xc5\xbf\":1}", "Binds", false, "U+017F"},
		{"[1]", "", false, "no key in an array"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;

		assert_int_equal(parse(&doc, cases[i].text,
				       strlen(cases[i].text), NULL),
				 0);
		if (json_key_is(doc.root->first, cases[i].name) != cases[i].is)
			fail_msg("%s", cases[i].why);
	}
}

static void
int64_is_what_go_reads_as_one(void **state)
{
	static const struct {
		const char *text;
		int r;
		int64_t value;
		const char *why;
	} cases[] = {
		{"0", 0, 0, "zero"},
		{"-0", 0, 0, "minus zero"},
		{"42", 0, 42, "positive"},
		{"-42", 0, -42, "negative"},
		{"9223372036854775807", 0, INT64_MAX, "2^63-1"},
		{"9223372036854775808", -ERANGE, 0, "2^63"},
		{"9223372036854775810", -ERANGE, 0, "the next ten"},
		{"-9223372036854775808", 0, INT64_MIN, "-2^63"},
		{"-9223372036854775809", -ERANGE, 0, "-2^63-1"},
		{"18446744073709551616", -ERANGE, 0, "2^64"},
		{"18446744073709551617", -ERANGE, 0, "2^64+1"},
		{"92233720368547758070", -ERANGE, 0, "a digit more"},
		{"1.0", -ERANGE, 0, "a fraction, though whole"},
		{"1e3", -ERANGE, 0, "an exponent, though whole"},
		{"1e999", -ERANGE, 0, "beyond a double"},
		{"\"5\"", -ERANGE, 0, "a string"},
		{"true", -ERANGE, 0, "a bool"},
		{"null", -ERANGE, 0, "null"},
		{"[]", -ERANGE, 0, "an array"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
		int64_t v = 99;
		int r;

		assert_int_equal(parse(&doc, cases[i].text,
				       strlen(cases[i].text), NULL),
				 0);
		r = json_int64(doc.root, &v);
		if (r != cases[i].r || v != (r ? 99 : cases[i].value))
			fail_msg("%s (%s): %d, %lld", cases[i].text,
				 cases[i].why, r, (long long)v);
	}
}

static void
a_document_is_used_again(void **state)
{
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
	const struct json_node *nodes;

	(void)state;
	assert_int_equal(parse(&doc, TEXT("{\"a\":[1,2,3],\"b\":1}"), NULL), 0);
	nodes = doc.nodes;
	assert_int_equal(parse(&doc, TEXT("[\"x\"]"), NULL), 0);
	assert_ptr_equal(doc.nodes, nodes);
	assert_int_equal(doc.root->count, 1);
	assert_string_equal(doc.root->first->str, "x");
	assert_int_equal(parse(&doc, TEXT("[\"x"), NULL), -EBADMSG);
	assert_null(doc.root);
	assert_int_equal(parse(&doc, TEXT("{\"c\":true}"), NULL), 0);
	assert_true(json_get(doc.root, "c")->boolean);
}

static void
the_memory_of_a_huge_document_is_given_back(void **state)
{
	const size_t len = 4 * 1024 * 1024;
	_cleanup_free_ char *text = malloc(len);
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', len);
	text[0] = text[len - 1] = '"';
	assert_int_equal(parse(&doc, text, len, NULL), 0);
	assert_int_equal(doc.root->str_len, len - 2);
	assert_true(doc.strings_cap >= len - 1);
	assert_int_equal(parse(&doc, TEXT("[1]"), NULL), 0);
	assert_true(doc.strings_cap < 1024);
	assert_true(doc.node_cap < 1024);
}

static void
what_is_not_asked_for_is_not_touched(void **state)
{
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;

	(void)state;
	/* Neither a text nor a reason is needed to refuse. */
	assert_int_equal(json_parse(&doc, NULL, 0, NULL), -EBADMSG);
	json_doc_release(&doc);
	json_doc_release(&doc);
}

static void
a_part_stands_for_itself(void **state)
{
	static const char text[] =
		"{\"a\":{\"x\":[1,\"two\",null,true],\"y\":\"n\\u0000\"},"
		"\"b\":\"gone\",\"c\":2,\"a\":3}";
	static const char *const keys[] = {"c", "missing", "a", NULL};
	static const char *const none[] = {NULL};
	struct json_doc doc = JSON_DOC_INIT, part = JSON_DOC_INIT;
	const struct json_node *x;

	(void)state;
	assert_int_equal(json_parse(&doc, text, strlen(text), NULL), 0);
	assert_int_equal(json_pick(&part, doc.root, none), 0);
	assert_int_equal(part.root->count, 0);
	assert_null(part.root->first);
	assert_int_equal(json_pick(&part, doc.root, keys), 0);
	json_doc_release(&doc);
	assert_int_equal(part.root->count, 2);
	assert_true(part.root->key_flags & JSON_KEYS_DUP_EXACT);
	assert_string_equal(part.root->first->key, "c");
	assert_string_equal(part.root->first->str, "2");
	assert_null(json_get(part.root, "b"));
	assert_true(json_get(json_get(part.root, "a"), "y")->has_nul);
	x = json_get(json_get(part.root, "a"), "x");
	assert_int_equal(x->count, 4);
	assert_string_equal(x->first->next->str, "two");
	assert_true(x->first->next->next->next->boolean);
	assert_null(x->first->next->next->next->next);
	assert_int_equal(part.node_count, part.node_cap);
	json_doc_release(&part);
}

static void
much_is_given_back_and_little_kept(void **state)
{
	struct json_doc doc = JSON_DOC_INIT;

	(void)state;
	assert_int_equal(json_parse(&doc, "[1]", 3, NULL), 0);
	json_doc_trim(&doc, 4096);
	assert_non_null(doc.nodes);
	assert_null(doc.root);
	/* What the last parse took counts, not what was there for it. */
	assert_int_equal(json_parse(&doc, "[1,2,3]", 7, NULL), 0);
	json_doc_trim(&doc, 4 * sizeof(struct json_node));
	assert_null(doc.nodes);
	assert_null(doc.strings);
	assert_int_equal(json_parse(&doc, "[1]", 3, NULL), 0);
	json_doc_release(&doc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_what_the_rfc_allows),
		cmocka_unit_test(refuses_what_a_decoder_could_read_otherwise),
		cmocka_unit_test(numbers_are_of_the_rfcs_grammar),
		cmocka_unit_test(strings_are_unescaped),
		cmocka_unit_test(strings_that_are_not_text_are_refused),
		cmocka_unit_test(keys_that_go_reads_in_its_own_way_are_flagged),
		cmocka_unit_test(inner_objects_have_flags_of_their_own),
		cmocka_unit_test(duplicates_are_found_in_objects_of_any_size),
		cmocka_unit_test(duplicates_are_found_among_colliding_keys),
		cmocka_unit_test(hostile_objects_take_no_quadratic_time),
		cmocka_unit_test(nesting_ends_at_the_limit),
		cmocka_unit_test(depth_is_not_breadth),
		cmocka_unit_test(values_end_at_the_limit),
		cmocka_unit_test(the_tree_says_what_the_text_says),
		cmocka_unit_test(get_finds_by_the_exact_key),
		cmocka_unit_test(key_is_folds_ascii_alone),
		cmocka_unit_test(int64_is_what_go_reads_as_one),
		cmocka_unit_test(a_document_is_used_again),
		cmocka_unit_test(the_memory_of_a_huge_document_is_given_back),
		cmocka_unit_test(what_is_not_asked_for_is_not_touched),
		cmocka_unit_test(a_part_stands_for_itself),
		cmocka_unit_test(much_is_given_back_and_little_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
