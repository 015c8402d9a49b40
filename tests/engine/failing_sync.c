/* Preloaded into a daemon: while the file $FAIL_WHILE exists, syncing the journal fails as on a dying disk.
   Each such failure adds a byte to that file. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int sync_or_fail(const char *name, int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    const char *marker = getenv("FAIL_WHILE");
    char link[64], path[4096];
    int file;
    ssize_t size;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    size = readlink(link, path, sizeof path - 1);
    path[size < 0 ? 0 : size] = 0;
    if (!marker || !strstr(path, "journal.sqlite") || (file = open(marker, O_WRONLY | O_APPEND)) < 0)
        return real(fd);
    if (write(file, "x", 1) < 0)
        abort();
    close(file);
    errno = EIO;
    return -1;
}

int fsync(int fd) { return sync_or_fail("fsync", fd); }
int fdatasync(int fd) { return sync_or_fail("fdatasync", fd); }
