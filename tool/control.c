/* SPDX-License-Identifier: MIT */
/*
 * Control sockets; see control.h.
 */
#include "control.h"
#include "command.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SUFFIX ".sock"

char *control_folder(void)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	struct stat st;
	bool usable = run && *run == '/' && access(run, W_OK | X_OK) == 0;
	char *path = usable ? path_join(run, "bulkhead")
			    : text_format("/tmp/bulkhead-%u", getuid());

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		complain("the folder %s cannot be made (%s): set "
			 "XDG_RUNTIME_DIR to a folder of yours",
			 path, strerror(errno));
	else if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) ||
		 st.st_uid != getuid() || st.st_mode & 077)
		complain("%s is not a folder that only you may enter: remove "
			 "it",
			 path);
	else
		return path;
	free(path);
	return NULL;
}

static bool address(const char *path, struct sockaddr_un *out)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(out->sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(out->sun_path, path, strlen(path) + 1);
	return true;
}

static int connect_path(const char *path)
{
	struct sockaddr_un at;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && address(path, &at) &&
	    connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	int err = errno;

	if (fd >= 0)
		close(fd);
	if (err == ECONNREFUSED)
		unlink(path);
	errno = err;
	return -1;
}

static char *path_of(const char *name)
{
	char *folder = control_folder();

	if (!folder)
		return NULL;
	char *file = text_format("%s" SUFFIX, name);
	char *path = path_join(folder, file);

	free(file);
	free(folder);
	return path;
}

int control_connect(const char *name)
{
	char *path = path_of(name);
	int fd = path ? connect_path(path) : -1;

	free(path);
	return fd;
}

int control_listen(const char *name, char **path)
{
	struct sockaddr_un at;
	int fd = -1, other;

	*path = path_of(name);
	if (!*path) {
		errno = EACCES;
		return -1;
	}
	other = connect_path(*path);
	if (other >= 0) {
		close(other);
		errno = EADDRINUSE;
	} else {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			    0);
	}
	if (fd >= 0 && address(*path, &at) &&
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	    listen(fd, 8) == 0)
		return fd;
	int err = errno;

	if (fd >= 0)
		close(fd);
	free(*path);
	*path = NULL;
	errno = err;
	return -1;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **control_names(void)
{
	char *folder = control_folder();
	DIR *d = folder ? opendir(folder) : NULL;
	char **names = mem_alloc(sizeof(names[0]));
	size_t count = 0;

	for (struct dirent *e; d && (e = readdir(d));) {
		size_t n = strlen(e->d_name);

		if (!text_ends(e->d_name, SUFFIX))
			continue;
		char *name = text_copy_n(e->d_name, n - strlen(SUFFIX));
		int fd = control_connect(name);

		if (fd < 0) {
			free(name);
			continue;
		}
		close(fd);
		names = mem_grow(names, count + 2, sizeof(names[0]));
		names[count++] = name;
		names[count] = NULL;
	}
	if (d)
		closedir(d);
	free(folder);
	qsort(names, count, sizeof(names[0]), by_text);
	return names;
}
