#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/escape.h"

/* Longer texts are cut; the reason of a failure fits into a quarter of it. */
#define LOG_TEXT_LEN 1024
#define LOG_LINE_LEN (4 * LOG_TEXT_LEN)

static const char *const level_names[] = {"error", "warning", "info", "debug"};

static const char *log_program = "aegis";
static enum log_level log_threshold = LOG_LEVEL_INFO;

void
aegis_log_init(const char *program, enum log_level level)
{
	log_program = program;
	log_threshold = level;
}

void
log_at(enum log_level level, const char *format, ...)
{
	char text[LOG_TEXT_LEN], line[LOG_LINE_LEN];
	va_list ap;
	size_t used;
	int n;

	if (level > log_threshold)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	n = snprintf(line, sizeof(line), "%s: %s: ", log_program,
		     level_names[level]);
	used = n > 0 ? (size_t)n : 0;
	used += escape_line(text, line + used, sizeof(line) - used - 1);
	line[used++] = '\n';
	/* Nowhere is left to report a stderr that cannot be written. */
	if (write(STDERR_FILENO, line, used) < 0)
		return;
}
