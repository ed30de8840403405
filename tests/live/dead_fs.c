/*
 * dead_fs DIR: a file system that died.  Mounts one on DIR that takes every
 * question and answers none, until it is killed.
 */
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#define FUSE_MINOR 229

static void
reply(int fd, const struct fuse_in_header *in, void *data, size_t len)
{
	struct fuse_out_header out = {
		.len = (unsigned)(sizeof(out) + len), .unique = in->unique};
	const struct iovec parts[] = {{&out, sizeof(out)}, {data, len}};

	if (writev(fd, parts, 2) < 0)
		perror("dead_fs: reply");
}

int
main(int argc, char **argv)
{
	static _Alignas(8) char buf[256 * 1024];
	const struct fuse_in_header *in = (void *)buf;
	struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION,
				     .minor = 31,
				     .max_write = 4096};
	struct fuse_attr_out root = {.attr_valid = 3600,
				     .attr = {.ino = 1,
					      .mode = S_IFDIR | 0755,
					      .nlink = 2}};
	char options[128];
	int fd;

	if (argc != 2)
		return 64;
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		mknod("/dev/fuse", S_IFCHR | 0600, makedev(10, FUSE_MINOR));
		fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	}
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd);
	if (fd < 0 || mount("dead", argv[1], "fuse", 0, options) < 0) {
		perror("dead_fs: mount");
		return 1;
	}
	while (read(fd, buf, sizeof(buf)) > 0) {
		if (in->opcode == FUSE_INIT)
			reply(fd, in, &init, sizeof(init));
		else if (in->opcode == FUSE_GETATTR)
			reply(fd, in, &root, sizeof(root));
		printf("%u\n", in->opcode);
		fflush(stdout);
	}
	return 0;
}
