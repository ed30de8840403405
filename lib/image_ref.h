/*
 * image_ref - what image does a name mean, in one normal form?
 *
 * Grammar and normalisation are those of the distribution project
 * (github.com/distribution/reference: regexp.go, normalize.go, ParseDockerRef
 * and ParseAnyReference): "nginx" is docker.io/library/nginx, "index.docker.io"
 * is docker.io, the first component is a registry only if it has a '.' or ':'
 * or is "localhost" (or has upper case), repository names are lower case, at
 * most 255 bytes; a tag at most 128; digests sha256/sha384/sha512 with hex of
 * the right length.  64 bare hex digits are an id, as dockerd takes them.
 *
 * This module only reads names.  Which image a name or id is right now, dockerd
 * knows.  Pure, no allocation; any thread.
 */
#ifndef AEGIS_LIB_IMAGE_REF_H
#define AEGIS_LIB_IMAGE_REF_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

#define IMAGE_REF_NAME_MAX 255
#define IMAGE_REF_TAG_MAX 128
#define IMAGE_REF_DIGEST_MAX (7 + 128) /* "sha512:" + hex */

enum image_ref_kind {
	IMAGE_REF_INVALID,
	IMAGE_REF_NAMED, /* name, with or without tag and digest */
	IMAGE_REF_ID,    /* "sha256:<64 hex>" or 64 bare hex digits; digest is
			  * set */
	IMAGE_REF_MAX,
};

struct image_ref {
	enum image_ref_kind kind;
	/* "docker.io/library/nginx"; "" for an id */
	char name[IMAGE_REF_NAME_MAX + 64];
	char tag[IMAGE_REF_TAG_MAX + 1];       /* "" if none was written */
	char digest[IMAGE_REF_DIGEST_MAX + 1]; /* "sha256:..." or "" */
	/* 1 to 63 hex digits, with or without "sha256:" in front, and nothing
	 * else: dockerd takes it for a name first and for an id's prefix second
	 * (20.10 from one digit on, 29 from four). */
	bool maybe_short_id;
};

/*
 * Returns 0, or -EINVAL with the reason in words a person can act on
 * ("repository name must be lower case").  *ret is untouched on failure.
 */
int image_ref_parse(const char *text, struct image_ref *ret,
		    struct aegis_error *err);

/* Would image_ref_parse() call it an id, or maybe_short_id?  For who asks no
 * more. */
bool image_ref_may_be_id(const char *text);

/* The registry: "docker.io".  Writes the part of name before the first '/', ""
 * for an id.  Its case is as written, as in dockerd. */
void image_ref_registry(const struct image_ref *ref, char *ret, size_t size);

/* "name:tag@digest" with what is there; a name without both gets no tag; an id
 * is "sha256:...".  IMAGE_REF_TEXT_MAX bytes hold any. */
#define IMAGE_REF_TEXT_MAX                                                     \
	(IMAGE_REF_NAME_MAX + 1 + IMAGE_REF_TAG_MAX + 1 +                      \
	 IMAGE_REF_DIGEST_MAX + 1)
void image_ref_format(const struct image_ref *ref, char *out, size_t size);

#endif
