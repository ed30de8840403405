#include "ctl/table.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "lib/escape.h"

#define COLUMN_GAP 2

/* Of one byte escaped: "\xNN"; of n bytes of UTF-8: fewer than 4n. */
#define ESCAPED_MAX(len) (4 * (len) + 1)

void
table_init(struct table *t, const struct table_column *columns,
	   size_t column_count)
{
	assert(column_count > 0 && column_count <= TABLE_COLUMNS_MAX);
	*t = (struct table){.columns = columns, .column_count = column_count};
}

static void
table_clear(struct table *t)
{
	for (size_t i = 0; i < t->cell_count; i++)
		free(t->cells[i].text);
	t->cell_count = 0;
}

void
table_release(struct table *t)
{
	table_clear(t);
	free(t->cells);
	*t = (struct table){0};
}

/* One character: its bytes in *ret_len, its columns as result.  Escaped text
 * holds nothing that wcwidth() calls non-printing, but a stray byte counts. */
static size_t
char_width(const char *s, size_t *ret_len)
{
	mbstate_t state = {0};
	wchar_t wc;
	size_t n = mbrtowc(&wc, s, strlen(s), &state);
	int width;

	*ret_len = 1;
	if (n == 0 || n > strlen(s))
		return 1;
	*ret_len = n;
	width = wcwidth(wc);
	return width < 0 ? 1 : (size_t)width;
}

size_t
text_width(const char *text)
{
	size_t width = 0;

	for (size_t len; *text; text += len)
		width += char_width(text, &len);
	return width;
}

size_t
text_fit(const char *text, size_t width)
{
	const char *s = text;

	for (size_t len, w; *s; s += len) {
		w = char_width(s, &len);
		if (w > width)
			break;
		width -= w;
	}
	return (size_t)(s - text);
}

static struct table_cell *
table_new_cell(struct table *t)
{
	size_t cap = t->cell_cap ? 2 * t->cell_cap : 64;
	struct table_cell *cells;

	if (t->cell_count < t->cell_cap)
		return &t->cells[t->cell_count++];
	cells = reallocarray(t->cells, cap, sizeof(*cells));
	if (!cells)
		return NULL;
	t->cells = cells;
	t->cell_cap = cap;
	return &t->cells[t->cell_count++];
}

void
table_add(struct table *t, const char *text, enum table_color color)
{
	size_t size, column, width;
	struct table_cell *cell;
	char *escaped;

	if (!text || !*text)
		text = "-";
	size = ESCAPED_MAX(strlen(text));
	escaped = malloc(size);
	cell = escaped ? table_new_cell(t) : NULL;
	if (!cell) {
		free(escaped);
		t->error = -ENOMEM;
		return;
	}
	escape_line(text, escaped, size);
	*cell = (struct table_cell){.text = escaped, .color = color};

	column = (t->cell_count - 1) % t->column_count;
	width = text_width(escaped);
	if (t->widths[column] < width)
		t->widths[column] = width;
}

void
table_addf(struct table *t, enum table_color color, const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	table_add(t, text, color);
}

/* Take columns away from the widest that may shrink until the row fits. */
static void
fit_widths(const struct table *t, size_t max, size_t *widths)
{
	size_t total = COLUMN_GAP * (t->column_count - 1);

	for (size_t i = 0; i < t->column_count; i++)
		total += widths[i];
	while (total > max) {
		size_t widest = t->column_count;

		for (size_t i = 0; i < t->column_count; i++)
			if (t->columns[i].shrink &&
			    widths[i] > TABLE_SHRINK_MIN &&
			    (widest == t->column_count ||
			     widths[i] > widths[widest]))
				widest = i;
		if (widest == t->column_count)
			return;
		widths[widest]--;
		total--;
	}
}

static void
add_spaces(struct buf *out, size_t n)
{
	while (n--)
		buf_addc(out, ' ');
}

static const char *
color_start(enum table_color color)
{
	switch (color) {
	case TABLE_GREEN:
		return "\033[32m";
	case TABLE_YELLOW:
		return "\033[33m";
	case TABLE_RED:
		return "\033[31m";
	case TABLE_DIM:
		return "\033[2m";
	case TABLE_PLAIN:
		break;
	}
	return NULL;
}

static void
add_cell(struct buf *out, const struct table_style *style,
	 const struct table_cell *cell, size_t width, bool right, bool last)
{
	size_t has = text_width(cell->text), len = strlen(cell->text);
	const char *start = style->color ? color_start(cell->color) : NULL;
	bool cut = has > width;

	if (cut) {
		size_t mark = text_width(style->ellipsis);

		len = text_fit(cell->text, width > mark ? width - mark : 0);
		has = width;
	}
	if (right)
		add_spaces(out, width - has);
	if (start)
		buf_adds(out, start);
	buf_add(out, cell->text, len);
	if (cut)
		buf_adds(out, style->ellipsis);
	if (start)
		buf_adds(out, "\033[0m");
	if (!right && !last)
		add_spaces(out, width - has);
}

static void
add_row(const struct table *t, const struct table_style *style,
	const struct table_cell *row, const size_t *widths, struct buf *out)
{
	for (size_t i = 0; i < t->column_count; i++) {
		bool last = i + 1 == t->column_count;

		add_cell(out, style, &row[i], widths[i], t->columns[i].right,
			 last);
		if (!last)
			add_spaces(out, COLUMN_GAP);
	}
	buf_addc(out, '\n');
}

static void
add_header(struct table *t, const struct table_style *style,
	   const size_t *widths, struct buf *out)
{
	struct table_cell titles[TABLE_COLUMNS_MAX] = {{0}};

	for (size_t i = 0; i < t->column_count; i++)
		titles[i].text = (char *)t->columns[i].title;
	add_row(t, style, titles, widths, out);
	t->header_done = true;
}

int
table_print(struct table *t, const struct table_style *style, struct buf *out)
{
	bool header = style->headers && !t->header_done;
	size_t widths[TABLE_COLUMNS_MAX];

	assert(t->error || t->cell_count % t->column_count == 0);
	if (t->error)
		return t->error;
	for (size_t i = 0; style->headers && i < t->column_count; i++) {
		size_t width = text_width(t->columns[i].title);

		if (t->widths[i] < width)
			t->widths[i] = width;
	}
	memcpy(widths, t->widths, sizeof(widths));
	if (style->width)
		fit_widths(t, style->width, widths);
	if (header)
		add_header(t, style, widths, out);
	for (size_t i = 0; i < t->cell_count; i += t->column_count)
		add_row(t, style, &t->cells[i], widths, out);
	table_clear(t);
	return buf_error(out);
}
