/*
 * banned - calls that have no place here, as compile errors (after git's
 * banned.h).  Included into every unit by the Makefile.
 */
#ifndef AEGIS_LIB_BANNED_H
#define AEGIS_LIB_BANNED_H

/* System headers first: some of them name these functions themselves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC poison strcpy strcat sprintf vsprintf strtok gets atoi atol system \
	popen tmpnam

#endif
