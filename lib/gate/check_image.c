/*
 * Image rules.  A name is judged in its normal form; an id by the names that
 * dockerd knows for it.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/gate/judge.h"
#include "lib/gate/redact.h"
#include "lib/glob.h"
#include "lib/text.h"

static bool
name_allowed(const struct policy_images *p, const char *name)
{
	if (policy_list_has_glob(&p->deny, name))
		return false;
	return !p->allow.set || policy_list_has_glob(&p->allow, name);
}

/* Words are lower case; names are too, tags need not be. */
static const char *
find_word(const struct policy_images *p, const struct image_ref *ref)
{
	char text[sizeof(ref->name) + sizeof(ref->tag) + 1];

	snprintf(text, sizeof(text), "%s:%s", ref->name, ref->tag);
	for (char *c = text; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	for (size_t i = 0; i < p->forbid_words.n; i++)
		if (strstr(text, p->forbid_words.v[i]))
			return p->forbid_words.v[i];
	return NULL;
}

/* The tag rules, for what runs: a digest pins more than any tag. */
static void
check_pinned(struct judge *j, const struct image_ref *ref, const char *field)
{
	const struct policy_images *p = &j->policy->images;
	const char *tag = ref->tag[0] ? ref->tag : "latest";

	if (ref->digest[0])
		return;
	if (p->require_digest)
		judge_find(j, RULE_IMAGES_DIGEST, field, "\"%s\" has no digest",
			   ref->name);
	if (!ref->tag[0] && p->require_tag)
		judge_find(j, RULE_IMAGES_TAG, field,
			   "\"%s\" has no tag, which means latest", ref->name);
	else if (policy_list_has_glob(&p->forbid_tags, tag))
		judge_find(j, RULE_IMAGES_FORBID_TAGS, field,
			   "\"%s\" has the tag \"%s\"%s, which the policy forbids",
			   ref->name, tag, ref->tag[0] ? "" : " (implied)");
}

/* --- what an image is, from its inspect -------------------------------------- */

/* Does the image carry a digest that a registry gave it under this name? */
static bool
has_repo_digest(const struct json_node *image, const char *name)
{
	const struct json_node *digests = json_get(image, "RepoDigests");

	if (!digests || digests->type != JSON_ARRAY)
		return false;
	json_foreach(d, digests) {
		struct image_ref ref;

		if (d->type == JSON_STRING && !d->has_nul &&
		    image_ref_parse(d->str, &ref, NULL) == 0 &&
		    (!name || !strcmp(ref.name, name)) && ref.digest[0])
			return true;
	}
	return false;
}

bool
image_is_from_elsewhere(const struct json_node *image, const char *name)
{
	return image && has_repo_digest(image, NULL) &&
	       !has_repo_digest(image, name);
}

static bool
name_passes(const struct judge *j, const struct image_ref *ref)
{
	const struct policy_images *p = &j->policy->images;

	return name_allowed(p, ref->name) && !find_word(p, ref);
}

/* Is there a name in the list of the image under which it may run? */
static bool
passes_by(const struct judge *j, const struct json_node *image, const char *list,
	  struct image_ref *ret)
{
	const struct json_node *names = json_get(image, list);

	if (!names || names->type != JSON_ARRAY)
		return false;
	json_foreach(n, names)
		if (n->type == JSON_STRING && !n->has_nul &&
		    image_ref_parse(n->str, ret, NULL) == 0 &&
		    name_passes(j, ret))
			return true;
	return false;
}

static bool
passing_name(const struct judge *j, const struct json_node *image,
	     struct image_ref *ret)
{
	return passes_by(j, image, "RepoDigests", ret) ||
	       (j->policy->images.unverified_local &&
		passes_by(j, image, "RepoTags", ret));
}

/*
 * A local name is a claim.  Where the policy wants proof, the image needs a
 * digest under that name; where it does not, an image that is known to come
 * from somewhere else is still refused: `docker tag evil/x nginx:1.27` does not
 * make it nginx.
 */
static void
check_origin(struct judge *j, const struct image_ref *ref, const char *field,
	     const struct json_node *image)
{
	struct image_ref origin;

	if (!image)
		return; /* not here yet: the pull will be judged */
	if (!j->policy->images.unverified_local) {
		if (!has_repo_digest(image, ref->name))
			judge_find(j, RULE_IMAGES_UNVERIFIED, field,
				   "the local image \"%s\" did not come from "
				   "that registry (no RepoDigest of it)",
				   ref->name);
		return;
	}
	if (has_repo_digest(image, NULL) &&
	    !passes_by(j, image, "RepoDigests", &origin))
		judge_find(j, RULE_IMAGES_UNVERIFIED, field,
			   "the local image \"%s\" was pulled under a name that "
			   "the policy does not allow",
			   ref->name);
}

/* An image given by id.  The id pins the content, so that the tag rules are
 * met; what counts is where the content came from. */
static void
check_by_id(struct judge *j, const char *text, const char *field,
	    const struct json_node *image)
{
	struct image_ref ref;

	if (!image) {
		judge_find(j, RULE_IMAGES_UNRESOLVED, field,
			   "dockerd knows no image \"%.80s\"", text);
		return;
	}
	if (passing_name(j, image, &ref)) {
		if (!j->image_name[0])
			TEXT_COPY(j->image_name, ref.name);
		return;
	}
	judge_find(j, RULE_IMAGES_UNRESOLVED, field,
		   "the image \"%.80s\" has no name that the policy allows",
		   text);
}

/* dockerd looks a short text up as a name first and as an id's prefix then
 * (moby daemon/images/image.go). */
static bool
is_id_for_dockerd(const struct image_ref *ref, const char *text,
		  const struct json_node *image)
{
	const char *id = json_get_string(image, "Id");

	if (ref->kind == IMAGE_REF_ID)
		return true;
	if (!ref->maybe_short_id || !id || strncmp(id, "sha256:", 7) != 0)
		return false;
	if (!strncmp(text, "sha256:", 7))
		text += 7;
	return !strncmp(id + 7, text, strlen(text));
}

void
check_image(struct judge *j, const char *text, enum image_use use,
	    const char *field, const struct json_node *image)
{
	const struct policy_images *p = &j->policy->images;
	struct aegis_error err = {0};
	struct image_ref ref;
	const char *word;

	if (image_ref_parse(text, &ref, &err) < 0) {
		char shown[201];

		redact_shown(text, shown, sizeof(shown));
		judge_find(j, RULE_IMAGES_NAME, field, "\"%s\": %s", shown,
			   err.text);
		return;
	}
	/* Which image that is, each node finds out by itself. */
	if (use == IMAGE_TASK &&
	    (ref.kind == IMAGE_REF_ID || ref.maybe_short_id)) {
		judge_find(j, RULE_IMAGES_UNRESOLVED, field,
			   "\"%.80s\" can be an id, and a service is not "
			   "judged by one",
			   text);
		return;
	}
	if (is_id_for_dockerd(&ref, text, image)) {
		check_by_id(j, text, field, image);
		return;
	}
	TEXT_COPY(j->image_name, ref.name);
	if (!name_allowed(p, ref.name))
		judge_find(j, RULE_IMAGES_ALLOW, field,
			   "\"%s\" is not among the allowed images", ref.name);
	word = find_word(p, &ref);
	if (word)
		judge_find(j, RULE_IMAGES_WORDS, field,
			   "\"%s\" holds the forbidden word \"%s\"", ref.name,
			   word);
	if (use == IMAGE_RUN || use == IMAGE_PULL || use == IMAGE_TASK)
		check_pinned(j, &ref, field);
	if (use == IMAGE_RUN)
		check_origin(j, &ref, field, image);
}

void
name_image_of_container(struct judge *j)
{
	const char *text = field_string(j->spec->config[CONFIG_IMAGE]);
	struct image_ref ref;

	if (image_ref_parse(text, &ref, NULL) < 0)
		return;
	if (!is_id_for_dockerd(&ref, text, j->facts->image) ||
	    passing_name(j, j->facts->image, &ref))
		snprintf(j->image_name, sizeof(j->image_name), "%s", ref.name);
}

void
check_image_of_container(struct judge *j)
{
	static const char field[] = "Config.Image";
	const char *text = field_string(j->spec->config[CONFIG_IMAGE]);
	const struct json_node *image = j->facts->image;

	/* The name may point elsewhere by now; the id is what will run. */
	check_image(j, text, IMAGE_RUN, field, image);
	if (!image)
		judge_find(j, RULE_IMAGES_UNRESOLVED, "Image",
			   "dockerd knows no image \"%.80s\"",
			   j->spec->image_id);
}
