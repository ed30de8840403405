/*
 * Any bytes as a condition: a tree, or one line that says why.  What is printed
 * to be parsed parses to the same, as many times as one likes.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/rules/condition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY_MAX (64UL * 1024 * 1024)

static void
check_fixed_point(const struct condition *c)
{
	_cleanup_arena_ struct arena a = ARENA_INIT(MEMORY_MAX);
	_cleanup_buf_ struct buf once = BUF_INIT(CONDITION_TEXT_MAX);
	_cleanup_buf_ struct buf again = BUF_INIT(CONDITION_TEXT_MAX);
	_cleanup_buf_ struct buf falco = BUF_INIT(CONDITION_TEXT_MAX);
	_cleanup_buf_ struct buf falco_again = BUF_INIT(CONDITION_TEXT_MAX);
	struct rules_event_set events, events_again;
	struct aegis_error err = {0};
	const struct condition *same = NULL;
	int r;

	condition_print(c, CONDITION_TO_PARSE, &once);
	condition_print(c, CONDITION_AS_FALCO, &falco);
	if (buf_error(&once))
		return;
	r = condition_parse(&a, buf_str(&once), &same, NULL, &err);
	/* Printing adds parentheses, which count as depth. */
	if (r == -E2BIG)
		return;
	assert(r == 0);
	condition_print(same, CONDITION_TO_PARSE, &again);
	condition_print(same, CONDITION_AS_FALCO, &falco_again);
	assert(!strcmp(buf_str(&once), buf_str(&again)));
	assert(!strcmp(buf_str(&falco), buf_str(&falco_again)));
	condition_events(c, &events);
	condition_events(same, &events_again);
	assert(!memcmp(&events, &events_again, sizeof(events)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA_INIT(MEMORY_MAX);
	const struct condition *c = NULL;
	struct aegis_error err = {0};
	uint32_t offset = 0;
	char *text = arena_copy(&a, data, size);

	if (!text)
		return 0;
	if (condition_parse(&a, text, &c, &offset, &err) == 0) {
		assert(c->size <= CONDITION_SIZE_MAX);
		assert(c->depth <= CONDITION_DEPTH_MAX);
		check_fixed_point(c);
	} else {
		assert(!c && err.text[0] && offset <= strlen(text));
	}
	return 0;
}
