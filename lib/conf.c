#include "lib/conf.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/escape.h"

/* --- memory ---------------------------------------------------------------------- */

void *
conf_alloc(const struct conf *conf, size_t size)
{
	return arena_alloc(conf->storage, size);
}

void
conf_release(struct conf *conf)
{
	struct arena *storage = conf->storage;

	if (storage)
		arena_release(storage);
	free(storage);
	*conf = CONF_INIT;
}

static const char *
copy_text(const struct conf *conf, const void *text, size_t len)
{
	return arena_copy(conf->storage, text, len);
}

/* --- messages ------------------------------------------------------------------- */

/* A place must survive whatever the file is called and holds: the label gets at
 * most half of the text. */
#define LABEL_LEN (AEGIS_ERROR_TEXT_LEN / 2)

__attribute__((format(printf, 5, 0))) static int
error_at(const struct conf *conf, unsigned line, unsigned column,
	 struct aegis_error *err, const char *format, va_list ap)
{
	char label[LABEL_LEN], raw[AEGIS_ERROR_TEXT_LEN],
		text[AEGIS_ERROR_TEXT_LEN];

	escape_line(conf->file, label, sizeof(label));
	vsnprintf(raw, sizeof(raw), format, ap);
	escape_line(raw, text, sizeof(text));
	return aegis_error_setx(err, -EBADMSG, "%s:%u:%u: %s", label, line,
				column, text);
}

__attribute__((format(printf, 4, 5))) static int
mark_error(const struct conf *conf, yaml_mark_t mark, struct aegis_error *err,
	   const char *format, ...)
{
	va_list ap;
	int r;

	va_start(ap, format);
	r = error_at(conf, (unsigned)mark.line + 1, (unsigned)mark.column + 1,
		     err, format, ap);
	va_end(ap);
	return r;
}

int
conf_error(const struct conf *conf, const struct conf_node *n,
	   struct aegis_error *err, const char *format, ...)
{
	va_list ap;
	int r;

	va_start(ap, format);
	r = error_at(conf, n->line, n->column, err, format, ap);
	va_end(ap);
	return r;
}

int
conf_key_error(const struct conf *conf, const struct conf_node *n,
	       struct aegis_error *err, const char *format, ...)
{
	va_list ap;
	int r;

	va_start(ap, format);
	r = error_at(conf, n->key ? n->key_line : n->line,
		     n->key ? n->key_column : n->column, err, format, ap);
	va_end(ap);
	return r;
}

static int
no_memory(struct aegis_error *err, const struct conf *conf)
{
	return aegis_error_set(err, -ENOMEM, "read %.200s", conf->file);
}

/* --- from libyaml's events to the tree ---------------------------------------------- */

/* A node that aliases may stand for, once it is complete. */
struct anchor {
	const char *name;
	const struct conf_node *node;
	unsigned size; /* nodes in it, itself included */
	struct anchor *next;
};

struct reader {
	yaml_parser_t parser;
	struct conf *conf;
	unsigned flags; /* enum conf_flag */
	unsigned nodes;
	struct anchor *anchors; /* of this document, the newest first */
	struct aegis_error *err;
};

/* libyaml's reader knows the byte only. */
static yaml_mark_t
mark_of_offset(const struct conf *conf, size_t offset)
{
	yaml_mark_t m = {0};

	for (size_t i = 0; i < offset && i < conf->text_len; i++) {
		m.column++;
		if (conf->text[i] == '\n') {
			m.line++;
			m.column = 0;
		}
	}
	return m;
}

/* libyaml counts characters; '\0' behind the end. */
static char
char_at(const struct conf *conf, size_t index)
{
	for (size_t i = 0, seen = 0; i < conf->text_len; i++)
		if ((conf->text[i] & 0xc0) != 0x80 && seen++ == index)
			return conf->text[i];
	return '\0';
}

/* What people trip over, in words libyaml does not have. */
static const char *
hint_for(const struct reader *r, yaml_mark_t mark)
{
	const char c = char_at(r->conf, mark.index);

	if (c == '\t')
		return "; indent with spaces, not tabs";
	if (c == '*')
		return "; put a text that begins with '*' in quotes";
	if (c == '@' || c == '`' || c == '%')
		return "; put a text that begins so in quotes";
	return "";
}

static int
syntax_error(const struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "not YAML";
	const char *hint = hint_for(r, p->problem_mark);

	if (p->error == YAML_MEMORY_ERROR)
		return no_memory(r->err, r->conf);
	if (p->error == YAML_READER_ERROR)
		return mark_error(r->conf,
				  mark_of_offset(r->conf, p->problem_offset),
				  r->err, "%s; the file has to be UTF-8 text",
				  problem);
	if (!*hint && p->context)
		hint = hint_for(r, p->context_mark);
	return mark_error(r->conf, p->problem_mark, r->err, "%s%s%s%s", problem,
			  p->context ? " " : "", p->context ? p->context : "",
			  hint);
}

static int
next_event(struct reader *r, yaml_event_t *ret)
{
	return yaml_parser_parse(&r->parser, ret) ? 0 : syntax_error(r);
}

#define _cleanup_event_ _cleanup_(yaml_event_delete)

static int
refuse_extras(const struct reader *r, const yaml_event_t *e,
	      const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor && !(r->flags & CONF_ALIASES))
		return mark_error(r->conf, e->start_mark, r->err,
				  "anchors are not supported; write the value "
				  "out, in quotes if it begins with '&'");
	if (tag)
		return mark_error(r->conf, e->start_mark, r->err,
				  "tags are not supported; put a text that "
				  "begins with '!' in quotes");
	return 0;
}

static bool
is_null_text(const char *s)
{
	return !*s || !strcmp(s, "~") || !strcmp(s, "null") ||
	       !strcmp(s, "Null") || !strcmp(s, "NULL");
}

static int
read_scalar(struct reader *r, const yaml_event_t *e, struct conf_node *n)
{
	const char *text = (const char *)e->data.scalar.value;
	const size_t len = e->data.scalar.length;

	int code = refuse_extras(r, e, e->data.scalar.anchor,
				 e->data.scalar.tag);

	if (code < 0)
		return code;
	if (memchr(text, '\0', len))
		return mark_error(r->conf, e->start_mark, r->err,
				  "a NUL byte in a text");
	n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	n->type = !n->quoted && is_null_text(text) ? CONF_NULL : CONF_SCALAR;
	if (n->type == CONF_SCALAR)
		n->value = copy_text(r->conf, text, len);
	return n->value ? 0 : no_memory(r->err, r->conf);
}

static int read_node(struct reader *r, const yaml_event_t *e, unsigned depth,
		     struct conf_node **ret);

static void
append(struct conf_node *parent, struct conf_node **last,
       struct conf_node *child)
{
	if (*last)
		(*last)->next = child;
	else
		parent->first = child;
	*last = child;
	parent->count++;
}

static int
read_list(struct reader *r, struct conf_node *list, unsigned depth)
{
	struct conf_node *last = NULL, *item;
	int code;

	for (;;) {
		_cleanup_event_ yaml_event_t e = {0};

		code = next_event(r, &e);
		if (code < 0)
			return code;
		if (e.type == YAML_SEQUENCE_END_EVENT)
			return 0;
		code = read_node(r, &e, depth + 1, &item);
		if (code < 0)
			return code;
		append(list, &last, item);
	}
}

static int
read_key(struct reader *r, const yaml_event_t *e, struct conf_node *ret)
{
	if (e->type != YAML_SCALAR_EVENT)
		return mark_error(r->conf, e->start_mark, r->err,
				  "a key has to be a plain word");
	ret->line = (unsigned)e->start_mark.line + 1;
	ret->column = (unsigned)e->start_mark.column + 1;
	ret->value = "";
	return read_scalar(r, e, ret);
}

static int
compare_keys(const void *a, const void *b)
{
	const struct conf_node *x = *(const struct conf_node *const *)a;
	const struct conf_node *y = *(const struct conf_node *const *)b;
	int order = strcmp(x->key, y->key);

	if (order)
		return order;
	if (x->key_line != y->key_line)
		return x->key_line < y->key_line ? -1 : 1;
	return x->key_column < y->key_column ? -1 : 1;
}

/* What an alias adds counts as if it were written out: no small file becomes a
 * large tree.  Unknown, too, is an anchor that is not complete yet. */
static int
read_alias(struct reader *r, const yaml_event_t *e, struct conf_node *n)
{
	const char *name = (const char *)e->data.alias.anchor;
	const struct anchor *a = r->anchors;
	const struct conf_node place = *n;

	if (!(r->flags & CONF_ALIASES))
		return mark_error(r->conf, e->start_mark, r->err,
				  "aliases are not supported; put a text that "
				  "begins with '*' in quotes");
	while (a && strcmp(a->name, name) != 0)
		a = a->next;
	if (!a)
		return mark_error(r->conf, e->start_mark, r->err,
				  "no anchor '%.60s' before this alias", name);
	if (a->size > CONF_NODES_MAX - r->nodes)
		return mark_error(r->conf, e->start_mark, r->err,
				  "more than %d values", CONF_NODES_MAX);
	r->nodes += a->size;
	*n = *a->node;
	n->line = place.line;
	n->column = place.column;
	n->key = NULL;
	n->next = NULL;
	return 0;
}

static const char *
anchor_of(const yaml_event_t *e)
{
	const yaml_char_t *name = NULL;

	if (e->type == YAML_SCALAR_EVENT)
		name = e->data.scalar.anchor;
	else if (e->type == YAML_SEQUENCE_START_EVENT)
		name = e->data.sequence_start.anchor;
	else if (e->type == YAML_MAPPING_START_EVENT)
		name = e->data.mapping_start.anchor;
	return (const char *)name;
}

/* nodes_before: what r->nodes was before the node began. */
static int
keep_anchor(struct reader *r, const yaml_event_t *e, const struct conf_node *n,
	    unsigned nodes_before)
{
	const char *name = anchor_of(e);
	struct anchor *a;

	if (!name)
		return 0;
	a = conf_alloc(r->conf, sizeof(*a));
	if (!a)
		return no_memory(r->err, r->conf);
	a->name = copy_text(r->conf, name, strlen(name));
	if (!a->name)
		return no_memory(r->err, r->conf);
	a->node = n;
	a->size = r->nodes - nodes_before;
	a->next = r->anchors;
	r->anchors = a;
	return 0;
}

/* Sorted, so that a map of a million keys is no way to stop a program. */
static int
refuse_duplicates(const struct reader *r, const struct conf_node *map)
{
	_cleanup_free_ const struct conf_node **v = NULL;
	unsigned n = 0;

	if (map->count < 2 || r->flags & CONF_DUPLICATES)
		return 0;
	v = calloc(map->count, sizeof(struct conf_node *));
	if (!v)
		return no_memory(r->err, r->conf);
	for (const struct conf_node *c = map->first; c; c = c->next)
		v[n++] = c;
	qsort(v, n, sizeof(v[0]), compare_keys);
	for (unsigned i = 1; i < n; i++)
		if (!strcmp(v[i - 1]->key, v[i]->key))
			return conf_key_error(r->conf, v[i], r->err,
					      "the key '%.60s' is already in "
					      "line %u; join the two",
					      v[i]->key, v[i - 1]->key_line);
	return 0;
}

static int
read_map(struct reader *r, struct conf_node *map, unsigned depth)
{
	struct conf_node *last = NULL, *value;
	int code;

	for (;;) {
		_cleanup_event_ yaml_event_t e = {0}, v = {0};
		struct conf_node key = {0};

		code = next_event(r, &e);
		if (code < 0)
			return code;
		if (e.type == YAML_MAPPING_END_EVENT)
			return refuse_duplicates(r, map);
		code = read_key(r, &e, &key);
		if (code == 0)
			code = next_event(r, &v);
		if (code == 0)
			code = read_node(r, &v, depth + 1, &value);
		if (code < 0)
			return code;
		value->key = key.value;
		value->key_line = key.line;
		value->key_column = key.column;
		append(map, &last, value);
	}
}

static int
check_limits(struct reader *r, const yaml_event_t *e, unsigned depth)
{
	if (depth > CONF_DEPTH_MAX)
		return mark_error(r->conf, e->start_mark, r->err,
				  "nested deeper than %d levels",
				  CONF_DEPTH_MAX);
	if (++r->nodes > CONF_NODES_MAX)
		return mark_error(r->conf, e->start_mark, r->err,
				  "more than %d values", CONF_NODES_MAX);
	return 0;
}

static struct conf_node *
new_node(struct reader *r, const yaml_event_t *e)
{
	struct conf_node *n = conf_alloc(r->conf, sizeof(*n));

	if (!n)
		return NULL;
	n->line = (unsigned)e->start_mark.line + 1;
	n->column = (unsigned)e->start_mark.column + 1;
	n->value = "";
	return n;
}

/* e is the event that begins the node. */
static int
read_node(struct reader *r, const yaml_event_t *e, unsigned depth,
	  struct conf_node **ret)
{
	const unsigned nodes_before = r->nodes;
	struct conf_node *n = new_node(r, e);
	int code = check_limits(r, e, depth);

	if (code < 0)
		return code;
	if (!n)
		return no_memory(r->err, r->conf);
	*ret = n;
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		code = read_scalar(r, e, n);
		break;
	case YAML_SEQUENCE_START_EVENT:
		n->type = CONF_LIST;
		code = refuse_extras(r, e, e->data.sequence_start.anchor,
				     e->data.sequence_start.tag);
		code = code < 0 ? code : read_list(r, n, depth);
		break;
	case YAML_MAPPING_START_EVENT:
		n->type = CONF_MAP;
		code = refuse_extras(r, e, e->data.mapping_start.anchor,
				     e->data.mapping_start.tag);
		code = code < 0 ? code : read_map(r, n, depth);
		break;
	default:
		code = read_alias(r, e, n);
		break;
	}
	return code < 0 ? code : keep_anchor(r, e, n, nodes_before);
}

static int
expect(struct reader *r, yaml_event_type_t type, const char *otherwise)
{
	_cleanup_event_ yaml_event_t e = {0};
	int code = next_event(r, &e);

	if (code < 0 || e.type == type)
		return code;
	return mark_error(r->conf, e.start_mark, r->err, "%s", otherwise);
}

static struct conf_node *
empty_root(struct conf *conf)
{
	struct conf_node *n = conf_alloc(conf, sizeof(*n));

	if (!n)
		return NULL;
	n->line = n->column = 1;
	n->value = "";
	return n;
}

/* After its start event; depth is that of the root. */
static int
read_document(struct reader *r, unsigned depth, struct conf_node **ret)
{
	_cleanup_event_ yaml_event_t e = {0};
	int code = next_event(r, &e);

	r->anchors = NULL;
	if (code == 0)
		code = read_node(r, &e, depth, ret);
	if (code == 0)
		code = expect(r, YAML_DOCUMENT_END_EVENT, "not YAML");
	return code;
}

/* Each document is an item of the root. */
static int
read_documents(struct reader *r, struct conf_node *root)
{
	struct conf_node *last = NULL, *document;

	root->type = CONF_LIST;
	for (;;) {
		_cleanup_event_ yaml_event_t e = {0};
		int code = next_event(r, &e);

		if (code < 0 || e.type == YAML_STREAM_END_EVENT)
			return code;
		code = read_document(r, 2, &document);
		if (code < 0)
			return code;
		append(root, &last, document);
	}
}

static int
read_stream(struct reader *r)
{
	_cleanup_event_ yaml_event_t e = {0};
	struct conf_node *root = empty_root(r->conf);
	int code = expect(r, YAML_STREAM_START_EVENT, "not YAML");

	if (code < 0)
		return code;
	if (!root)
		return no_memory(r->err, r->conf);
	r->conf->root = root;
	if (r->flags & CONF_DOCUMENTS)
		return read_documents(r, root);
	code = next_event(r, &e);
	if (code < 0 || e.type == YAML_STREAM_END_EVENT)
		return code;
	code = read_document(r, 1, &root);
	if (code == 0)
		code = expect(r, YAML_STREAM_END_EVENT,
			      "a second document begins; one file holds one");
	r->conf->root = root;
	return code;
}

static int
run_libyaml(struct conf *conf, unsigned flags, struct aegis_error *err)
{
	struct reader r = {.conf = conf, .flags = flags, .err = err};
	int code;

	if (!yaml_parser_initialize(&r.parser))
		return no_memory(err, conf);
	/* Left to itself, libyaml takes UTF-16 as well. */
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser,
				     (const unsigned char *)conf->text,
				     conf->text_len);
	code = read_stream(&r);
	yaml_parser_delete(&r.parser);
	return code;
}

int
conf_parse_as(struct conf *conf, unsigned flags, const char *file_label,
	      const char *text, size_t len, struct aegis_error *err)
{
	_cleanup_conf_ struct conf c = CONF_INIT;
	struct arena *storage;
	int code;

	*conf = CONF_INIT;
	if (len > CONF_FILE_MAX)
		return aegis_error_setx(err, -EFBIG, "%.200s: over %d MiB",
					file_label,
					CONF_FILE_MAX / (1024 * 1024));
	c.file = file_label;
	storage = calloc(1, sizeof(*storage));
	if (!storage)
		return no_memory(err, &c);
	*storage = ARENA_INIT(SIZE_MAX);
	c.storage = storage;
	c.file = copy_text(&c, file_label, strlen(file_label));
	c.text = copy_text(&c, text, len);
	c.text_len = len;
	if (!c.file || !c.text)
		return aegis_error_set(err, -ENOMEM, "read %.200s", file_label);
	code = run_libyaml(&c, flags, err);
	if (code < 0)
		return code;
	*conf = c;
	c = CONF_INIT;
	return 0;
}

static int
read_file(const char *file, struct buf *out, struct aegis_error *err)
{
	/* A pipe would let us wait for a writer, perhaps for ever. */
	_cleanup_close_ int fd =
		open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char part[16 * 1024];
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return aegis_error_set(err, -errno, "open %.200s", file);
	if (!S_ISREG(st.st_mode))
		return aegis_error_setx(err, -EINVAL,
					"%.200s: not a regular file; name the "
					"file itself",
					file);
	do {
		n = read(fd, part, sizeof(part));
		if (n < 0 && errno != EINTR)
			return aegis_error_set(err, -errno, "read %.200s",
					       file);
		if (n > 0)
			buf_add(out, part, (size_t)n);
	} while (n != 0 && !buf_error(out));
	if (buf_error(out) == -ENOSPC)
		return aegis_error_setx(err, -EFBIG, "%.200s: over %d MiB",
					file, CONF_FILE_MAX / (1024 * 1024));
	if (buf_error(out))
		return aegis_error_set(err, buf_error(out), "read %.200s",
				       file);
	return 0;
}

int
conf_load_as(struct conf *conf, unsigned flags, const char *file,
	     struct aegis_error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT(CONF_FILE_MAX);
	int code;

	*conf = CONF_INIT;
	code = read_file(file, &text, err);
	return code < 0 ? code
			: conf_parse_as(conf, flags, file, buf_str(&text),
					text.len, err);
}

int
conf_parse(struct conf *conf, const char *file_label, const char *text,
	   size_t len, struct aegis_error *err)
{
	return conf_parse_as(conf, 0, file_label, text, len, err);
}

int
conf_load(struct conf *conf, const char *file, struct aegis_error *err)
{
	return conf_load_as(conf, 0, file, err);
}
