#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdbool.h>
#include <cmocka.h>

/* For walk(), which stands in where there is no openat2(2). */
#include "lib/gate/hostpath.c"

static char dir[] = "/tmp/aegis-hostpath-XXXXXX";
static struct hostpath_root root = {.fd = -1, .self = -1};

static void
make_dir(const char *name)
{
	char path[HOSTPATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void
make_link(const char *target, const char *name)
{
	char path[HOSTPATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(symlink(target, path), 0);
}

static int
set_up(void **state)
{
	char path[HOSTPATH_MAX];
	int fd;

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	make_dir("a");
	make_dir("a/b");
	make_dir("a/b/c");
	make_dir("d");
	make_dir("d (deleted)");
	make_link("a/b", "relative");
	make_link("/a/b", "absolute");
	make_link("relative", "twice");
	make_link("../../../../../../a", "a/b/climb");
	make_link("loop2", "loop1");
	make_link("loop1", "loop2");
	make_link("/nowhere", "dangling");
	make_link("/proc/self/cwd", "magic");
	make_link(".", "dot");
	snprintf(path, sizeof(path), "%s/a/file", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	close(fd);
	return fd < 0 ? -1 : hostpath_root_open(&root, dir, NULL);
}

static int
tear_down(void **state)
{
	static const char *const names[] = {
		"relative", "absolute", "twice", "a/b/climb", "loop1", "loop2",
		"dangling", "magic", "dot", "a/file", "a/b/c", "a/b", "a", "d",
		"d (deleted)"};
	char path[HOSTPATH_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		if (remove(path) < 0)
			return -1;
	}
	hostpath_root_close(&root);
	return rmdir(dir);
}

/* --- text -------------------------------------------------------------------- */

static void
cleans_as_go_does(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"/", "/"},           {"//", "/"},        {"/.", "/"},
		{"/..", "/"},         {"/../..", "/"},    {"/a/", "/a"},
		{"/a//b", "/a/b"},    {"/a/./b", "/a/b"}, {"/a/../b", "/b"},
		{"/a/b/..", "/a"},    {"/a/..", "/"},     {"/a/.../b", "/a/.../b"},
		{"/a/..b", "/a/..b"}, {"/a/b../c", "/a/b../c"},
		{"/ab/../../c", "/c"}, {"/.a/..", "/"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char got[64];

		hostpath_clean(cases[i].in, got);
		assert_string_equal(got, cases[i].out);
	}
}

/* --- resolution --------------------------------------------------------------- */

struct path_case {
	const char *why;
	const char *path;
	int result;
	const char *resolved;
};

static const struct path_case cases[] = {
	{"the root", "/", 0, "/"},
	{"a folder", "/a/b", 0, "/a/b"},
	{"a file", "/a/file", 0, "/a/file"},
	{"slashes and dots", "//a/./b/", 0, "/a/b"},
	{"a relative link", "/relative/c", 0, "/a/b/c"},
	{"a link at the end", "/relative", 0, "/a/b"},
	{"an absolute link stays below the root", "/absolute/c", 0, "/a/b/c"},
	{"a link to a link", "/twice", 0, "/a/b"},
	{"a link that climbs over the root", "/a/b/climb/b", 0, "/a/b"},
	{"a link to itself", "/dot/dot/dot/a", 0, "/a"},
	{"\"..\" that text and kernel agree on", "/a/b/../b/c", 0, "/a/b/c"},
	{"\"..\" over the root", "/../../a", 0, "/a"},
	{"\"..\" behind a link", "/relative/../d", -EXDEV, NULL},
	{"\"..\" behind what is missing", "/missing/../d", -EXDEV, NULL},
	{"a folder that dockerd would make", "/a/new", 0, "/a/new"},
	{"and one in it", "/a/new/er", 0, "/a/new/er"},
	{"a new folder behind a link", "/relative/new/er", 0, "/a/b/new/er"},
	{"a new folder at the top", "/new", 0, "/new"},
	{"a new folder behind a link to the root", "/dot/new", 0, "/new"},
	{"a link to nowhere", "/dangling", -ENOENT, NULL},
	{"a folder below a link to nowhere", "/dangling/x", -ENOENT, NULL},
	{"below a file", "/a/file/x", -ENOTDIR, NULL},
	{"links in a circle", "/loop1", -ELOOP, NULL},
	{"links in a circle on the way", "/loop1/x", -ELOOP, NULL},
	{"not absolute", "a/b", -EINVAL, NULL},
	{"empty", "", -EINVAL, NULL},
	{"a name that looks deleted, without links", "/d (deleted)", 0,
	 "/d (deleted)"},
	{"the same behind a link", "/dot/d (deleted)", -ESTALE, NULL},
};

/* Returns false only where the cache did not know. */
static bool
check(const struct hostpath_root *in, const struct path_case *c, bool cached_only)
{
	char got[HOSTPATH_MAX];
	struct aegis_error err = {0};
	int r = hostpath_resolve(in, c->path, cached_only, got, sizeof(got),
				 &err);

	if (cached_only && r == -EAGAIN)
		return false;
	if (r != c->result || (r == 0 && strcmp(got, c->resolved) != 0))
		print_error("%s: %d %s %s\n", c->why, r, r ? "" : got, err.text);
	assert_int_equal(r, c->result);
	if (r == 0)
		assert_string_equal(got, c->resolved);
	else
		assert_true(err.text[0]);
	return true;
}

static void
resolves_as_the_kernel_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&root, &cases[i], false);
}

/* A cache may have forgotten; what it knows, it must know right. */
static void
cached_answers_are_the_same_or_none(void **state)
{
	unsigned answered = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		answered += check(&root, &cases[i], true);
	assert_true(answered > 0 || openat2_path(root.fd, "/a", 0, 0, true) < 0);
}

static void
walk_in_user_space_agrees_with_the_kernel(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char by_kernel[HOSTPATH_MAX], by_walk[HOSTPATH_MAX];
		_cleanup_close_ int a = openat2_path(root.fd, cases[i].path, 0,
						     RESOLVE_NO_MAGICLINKS,
						     false);
		_cleanup_close_ int b = walk(root.fd, cases[i].path, 0);

		if (a == -ENOSYS || a == -EPERM || cases[i].result == -EINVAL)
			continue;
		if ((a < 0 || b < 0) && a != b)
			print_error("%s: %d %d\n", cases[i].path, a, b);
		assert_int_equal(a < 0 ? a : 0, b < 0 ? b : 0);
		if (a >= 0 && name_below(&root, a, by_kernel, HOSTPATH_MAX) == 0 &&
		    name_below(&root, b, by_walk, HOSTPATH_MAX) == 0)
			assert_string_equal(by_kernel, by_walk);
	}
}

static void
links_into_processes_are_refused(void **state)
{
	static const struct path_case process[] = {
		{"the root of a process", "/proc/self/root", -ELOOP, NULL},
		{"and below it", "/proc/self/root/etc", -ELOOP, NULL},
		{"its folder", "/proc/self/cwd", -ELOOP, NULL},
		{"an open file", "/proc/self/fd/0", -ELOOP, NULL},
		{"what another would find elsewhere", "/proc/self/ns", -ELOOP,
		 NULL},
		{"no such process yet", "/proc/999999999/x", -ELOOP, NULL},
		{"proc itself is a folder like any", "/proc/sys", 0,
		 "/proc/sys"},
	};
	struct hostpath_root top;

	(void)state;
	assert_int_equal(hostpath_root_open(&top, "/", NULL), 0);
	for (size_t i = 0; i < sizeof(process) / sizeof(process[0]); i++)
		check(&top, &process[i], false);
	hostpath_root_close(&top);
}

static void
walk_refuses_links_of_proc(void **state)
{
	_cleanup_close_ int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(walk(fd, "/proc/self/root", 0), -ELOOP);
	assert_int_equal(walk(fd, "/proc/self/fd/0", 0), -ELOOP);
}

static void
too_long_is_refused(void **state)
{
	char path[HOSTPATH_MAX + 8], got[HOSTPATH_MAX];

	(void)state;
	memset(path, '/', sizeof(path));
	path[HOSTPATH_MAX] = '\0';
	assert_int_equal(hostpath_resolve(&root, path, false, got,
					  sizeof(got), NULL),
			 -ENAMETOOLONG);
	memset(path + 1, 'x', NAME_MAX + 1);
	path[NAME_MAX + 2] = '\0';
	assert_int_equal(hostpath_resolve(&root, path, false, got,
					  sizeof(got), NULL),
			 -ENAMETOOLONG);
	assert_int_equal(walk(root.fd, path, 0), -ENAMETOOLONG);
	assert_int_equal(hostpath_resolve(&root, "/a/b", false, got, 4, NULL),
			 -ENAMETOOLONG);
	assert_int_equal(hostpath_resolve(&root, "/a/b", false, got, 5, NULL),
			 0);
}

static const struct {
	const char *why, *path;
	int count; /* or -errno */
	const char *turns; /* joined by ":" */
} turns[] = {
	{"no link", "/a/b", 0, ""},
	{"a link", "/relative/c", 1, "/relative"},
	{"an absolute one", "/absolute/c", 1, "/absolute"},
	{"a link to a link", "/twice/c", 2, "/twice:/relative"},
	{"one that climbs above the root", "/a/b/climb/b", 7,
	 "/a/b/climb:/a/b:/a:/:/:/:/"},
	{"a link to its own folder", "/dot/a", 1, "/dot"},
	{"one to nowhere", "/dangling", 1, "/dangling"},
	{"what is not there", "/a/none/relative", 0, ""},
	{"dots that dockerd cleans away", "/relative/../a", 0, ""},
	{"round in circles", "/loop1", -ELOOP, ""},
	{"no absolute path", "a", -EINVAL, ""},
};

static void
turns_of_a_way_are_links_and_folders_left(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
		int n = hostpath_turns(&root, turns[i].path, &out);

		for (size_t k = 0; k + 1 < out.len; k++)
			if (!out.data[k])
				out.data[k] = ':';
		if (n != turns[i].count ||
		    (n >= 0 && strcmp(buf_str(&out), turns[i].turns) != 0))
			fail_msg("%s: %d %s", turns[i].why, n, buf_str(&out));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns_of_a_way_are_links_and_folders_left),
		cmocka_unit_test(cleans_as_go_does),
		cmocka_unit_test(resolves_as_the_kernel_does),
		cmocka_unit_test(cached_answers_are_the_same_or_none),
		cmocka_unit_test(walk_in_user_space_agrees_with_the_kernel),
		cmocka_unit_test(links_into_processes_are_refused),
		cmocka_unit_test(walk_refuses_links_of_proc),
		cmocka_unit_test(too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
