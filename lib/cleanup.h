/*
 * cleanup - resources released at the end of their scope.
 *
 * User space has one cleanup idiom, this one; goto stays in BPF code.  A value
 * that outlives its scope is handed over with take_ptr() or take_fd().
 */
#ifndef AEGIS_LIB_CLEANUP_H
#define AEGIS_LIB_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))

/* Defines cleanup_FN(T *) for a destructor FN(T) that accepts NULL. */
#define DEFINE_CLEANUP(type, fn)                                               \
	static inline void cleanup_##fn(type *p)                               \
	{                                                                      \
		fn(*p);                                                        \
	}                                                                      \
	struct cleanup_##fn##_swallow_semicolon

static inline void
cleanup_free(void *p)
{
	free(*(void **)p);
}

/* Keeps errno: a close on the way out must not replace the reason. */
static inline void
cleanup_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void
cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void
cleanup_closedir(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define _cleanup_free_ _cleanup_(cleanup_free)
#define _cleanup_close_ _cleanup_(cleanup_close)
#define _cleanup_fclose_ _cleanup_(cleanup_fclose)
#define _cleanup_closedir_ _cleanup_(cleanup_closedir)

#define take_ptr(p)                                                            \
	({                                                                     \
		__typeof__(p) *take_ptr_ = &(p), take_val_ = *take_ptr_;       \
		*take_ptr_ = NULL;                                             \
		take_val_;                                                     \
	})

static inline int
take_fd(int *fd)
{
	int val = *fd;

	*fd = -1;
	return val;
}

#endif
