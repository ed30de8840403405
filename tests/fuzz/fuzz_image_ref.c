/*
 * fuzz_image_ref - any text is refused or has one normal form.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/image_ref.c"

#define UPPER_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the grammar promises about a name that was accepted. */
static void
check(const struct image_ref *ref)
{
	char registry[IMAGE_REF_NAME_MAX + 1];
	size_t len = strlen(ref->name);

	assert(len <= IMAGE_REF_NAME_MAX);
	assert(strlen(ref->tag) <= IMAGE_REF_TAG_MAX);
	image_ref_registry(ref, registry, sizeof(registry));
	if (ref->kind == IMAGE_REF_ID) {
		assert(!len && !*ref->tag && *ref->digest);
		return;
	}
	assert(ref->kind == IMAGE_REF_NAMED);
	assert(*registry && ref->name[strlen(registry)] == '/');
	assert(strpbrk(registry, ".:" UPPER_LETTERS) || !strcmp(registry, "localhost"));
	assert(strcmp(registry, LEGACY_REGISTRY));
	assert(!strpbrk(ref->name + strlen(registry), UPPER_LETTERS ":@ "));
	assert(!strstr(ref->name, "//") && !strstr(ref->name, ".."));
	assert(ref->name[len - 1] != '/');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_ref ref, again;
	char text[1024], formatted[IMAGE_REF_TEXT_MAX];

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (image_ref_parse(text, &ref, NULL) < 0) {
		assert(!image_ref_may_be_id(text));
		return 0;
	}
	assert(image_ref_may_be_id(text) ==
	       (ref.kind == IMAGE_REF_ID || ref.maybe_short_id));

	check(&ref);
	image_ref_format(&ref, formatted, sizeof(formatted));
	assert(image_ref_parse(formatted, &again, NULL) == 0);
	assert(again.kind == ref.kind);
	assert(!strcmp(again.name, ref.name));
	assert(!strcmp(again.tag, ref.tag));
	assert(!strcmp(again.digest, ref.digest));
	return 0;
}
