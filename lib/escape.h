/*
 * escape - text of unknown origin made safe for a terminal, a log, a message.
 *
 * Container names, command lines and images are the attacker's.  Printable
 * UTF-8 passes; C0, DEL, C1, bidirectional controls and other format
 * characters become \xNN or \u{N}, a backslash becomes \\, a byte that is not
 * UTF-8 becomes \xNN (CWE-150, CVE-2021-42574).  Pure; any thread.
 */
#ifndef AEGIS_LIB_ESCAPE_H
#define AEGIS_LIB_ESCAPE_H

#include <stddef.h>

/*
 * Write in, escaped onto one line, into out of size bytes (size > 0), always
 * NUL-terminated; cut between characters where it does not fit.
 * Returns the length written, without the NUL.
 */
size_t escape_line(const char *in, char *out, size_t size);

/* The same for len bytes, which may hold NUL. */
size_t escape_bytes(const void *in, size_t len, char *out, size_t size);

#endif
