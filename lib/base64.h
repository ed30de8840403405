/*
 * base64 - decode standard base64 (RFC 4648 section 4), strictly.
 *
 * dockerd sends bodies so (Go's []byte in JSON).  Refused: white space, the
 * URL alphabet, missing or misplaced padding, non-zero unused bits.
 */
#ifndef AEGIS_LIB_BASE64_H
#define AEGIS_LIB_BASE64_H

#include <stddef.h>

/* Upper bound of what len bytes of base64 decode to. */
#define BASE64_DECODED_MAX(len) ((len) / 4 * 3)

/* Returns 0 and *ret_len, or -EBADMSG.  out holds BASE64_DECODED_MAX(len). */
int base64_decode(const char *in, size_t len, void *out, size_t *ret_len);

#endif
