#include "lib/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
aegis_error_set(struct aegis_error *err, int code, const char *format, ...)
{
	va_list ap;
	size_t used;

	if (!err)
		return code;
	err->code = code;
	va_start(ap, format);
	vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s",
		 strerror(-code));
	return code;
}

int
aegis_error_setx(struct aegis_error *err, int code, const char *format, ...)
{
	va_list ap;

	if (!err)
		return code;
	err->code = code;
	va_start(ap, format);
	vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	return code;
}

int
aegis_error_wrap(struct aegis_error *err, int code, const char *format, ...)
{
	char inner[AEGIS_ERROR_TEXT_LEN];
	va_list ap;
	size_t used;

	if (!err)
		return code;
	memcpy(inner, err->text, sizeof(inner));
	err->code = code;
	va_start(ap, format);
	vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s",
		 inner[0] ? inner : strerror(-code));
	return code;
}
