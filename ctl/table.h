/*
 * table - rows of text in aligned columns, for a terminal or a pipe.
 *
 * Cells are escaped (lib/escape.h) as they are added.  Widths are of what a
 * terminal shows (wcwidth), so CJK and combining characters stay aligned.
 * Where the width is limited, columns that may shrink are cut with an ellipsis,
 * the widest first.  Prints into a buf; no I/O here.
 */
#ifndef AEGIS_CTL_TABLE_H
#define AEGIS_CTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

enum table_color {
	TABLE_PLAIN,
	TABLE_GREEN,
	TABLE_YELLOW,
	TABLE_RED,
	TABLE_DIM,
};

struct table_column {
	const char *title;
	bool right;  /* numbers */
	bool shrink; /* may be cut; never below TABLE_SHRINK_MIN */
};

#define TABLE_COLUMNS_MAX 16
#define TABLE_SHRINK_MIN 8

struct table_style {
	bool color;
	bool headers;
	unsigned width;       /* columns of the terminal; 0: never cut */
	const char *ellipsis; /* where a cell was cut; one column wide, or 3 */
};

struct table_cell {
	char *text;
	enum table_color color;
};

struct table {
	const struct table_column *columns; /* borrowed */
	size_t column_count;
	struct table_cell *cells; /* row by row */
	size_t cell_count, cell_cap;
	/* Widths so far: they only grow, so that batches of one list align. */
	size_t widths[TABLE_COLUMNS_MAX];
	bool header_done;
	int error; /* 0 or -ENOMEM; sticky */
};

void table_init(struct table *t, const struct table_column *columns,
		size_t column_count);
void table_release(struct table *t);

/* The next cell, left to right; text NULL or "" shows as "-". */
void table_add(struct table *t, const char *text, enum table_color color);
void table_addf(struct table *t, enum table_color color, const char *format,
		...) __attribute__((format(printf, 3, 4)));

/* Append all rows to out and forget them; widths stay.  Returns 0 or an errno. */
int table_print(struct table *t, const struct table_style *style,
		struct buf *out);

/* Columns of a terminal that UTF-8 text takes; needs an LC_CTYPE of UTF-8. */
size_t text_width(const char *text);
/* Bytes of text that fit into width columns. */
size_t text_fit(const char *text, size_t width);

#define _cleanup_table_ _cleanup_(table_release)

#endif
