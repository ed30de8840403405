/*
 * log - lines on stderr for journald or a terminal.
 *
 * main() logs an error once, with its context; library code stays at debug.
 * Each line is one write(2): "program: level: text\n", control characters of
 * the text escaped, so that what an attacker chose cannot forge a second line.
 * Nobody waits for who reads: lines that do not fit are dropped, counted, and the
 * count is said when there is room again.  Any thread may call.
 */
#ifndef AEGIS_LIB_LOG_H
#define AEGIS_LIB_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* program is borrowed for good; call once before any thread starts. */
void aegis_log_init(const char *program, enum log_level level);

void log_at(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
