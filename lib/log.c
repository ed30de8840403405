#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/escape.h"

/* Longer texts are cut; the reason of a failure fits into a quarter of it. */
#define LOG_TEXT_LEN 1024
/* A pipe takes a line whole or not at all. */
#define LOG_LINE_LEN (4 * LOG_TEXT_LEN)
_Static_assert(LOG_LINE_LEN <= PIPE_BUF, "a line is one write to a pipe");

static const char *const level_names[] = {"error", "warning", "info", "debug"};

static const char *log_program = "aegis";
static enum log_level log_threshold = LOG_LEVEL_INFO;

/* How a line goes out without waiting for who reads it. */
static enum { LOG_POLL, LOG_NONBLOCK, LOG_SOCKET } log_way = LOG_POLL;
static int log_fd = STDERR_FILENO;
static atomic_uint log_lost;

/* Others share what stderr is, so that it cannot be made non-blocking itself: a
 * pipe or a terminal is opened once more, a socket is asked each time.  What
 * does not open is polled before each write. */
static void
choose_way(void)
{
	struct stat st;
	int fd;

	if (fstat(STDERR_FILENO, &st) < 0)
		return;
	if (S_ISSOCK(st.st_mode)) {
		log_fd = STDERR_FILENO;
		log_way = LOG_SOCKET;
		return;
	}
	if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return;
	fd = open("/proc/self/fd/2",
		  O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	log_fd = fd;
	log_way = LOG_NONBLOCK;
}

void
aegis_log_init(const char *program, enum log_level level)
{
	log_program = program;
	log_threshold = level;
	choose_way();
}

static ssize_t
try_write(const char *line, size_t len)
{
	struct pollfd p = {.fd = log_fd, .events = POLLOUT};

	if (log_way == LOG_SOCKET)
		return send(log_fd, line, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (log_way == LOG_POLL && poll(&p, 1, 0) != 1)
		return -1;
	return write(log_fd, line, len);
}

static bool
put(const char *line, size_t len)
{
	ssize_t n;

	do
		n = try_write(line, len);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

/* What was lost is said first, as soon as something flows again. */
static bool
put_loss(void)
{
	const unsigned lost = atomic_exchange(&log_lost, 0);
	char line[128];
	int n;

	if (!lost)
		return true;
	n = snprintf(line, sizeof(line),
		     "%.32s: warning: %u lines of this log were lost, as nobody "
		     "read them\n",
		     log_program, lost);
	if (put(line, (size_t)n))
		return true;
	atomic_fetch_add(&log_lost, lost);
	return false;
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
	if (!put_loss() || !put(line, used))
		atomic_fetch_add(&log_lost, 1);
}
