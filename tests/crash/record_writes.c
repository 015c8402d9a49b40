/* Preloaded into a process: whatever it changes under the folder $RECORD_ROOT goes to the file $RECORD_TO, in order.
   A record is a head, the names concerned and the data. A sync is two records, for what is written while it lasts is
   not covered by it. SQLite's index of its log (-shm) is left out: nobody needs it after a power loss.
   The process dies at sync number $RECORD_SYNCS, before it: most is done then that is not on disk. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define ROOM (PATH_MAX + NAME_MAX + 2)
#define KILLED 9

struct head { uint64_t kind, file, at, names, size; };

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER; /* a change and its record are one */
static const char *root = "";
static int record = -1;
static uint64_t syncs, last_sync;

__attribute__((constructor)) static void begin(void) {
    if (!getenv("RECORD_ROOT") || !getenv("RECORD_TO"))
        return;
    root = getenv("RECORD_ROOT");
    last_sync = getenv("RECORD_SYNCS") ? strtoull(getenv("RECORD_SYNCS"), NULL, 10) : 0;
    record = REAL(open)(getenv("RECORD_TO"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void put(char kind, uint64_t file, uint64_t at, const char *names, size_t length, const void *data, size_t size) {
    struct head head = {kind, file, at, length, size};
    struct iovec parts[] = {{&head, sizeof head}, {(void *)names, length}, {(void *)data, size}};

    if (REAL(writev)(record, parts, 3) != (ssize_t)(sizeof head + length + size))
        abort();
}

static int watched(const char *path) {
    size_t length = strlen(root), all = strlen(path);

    return record >= 0 && !strncmp(path, root, length) && (path[length] == '/' || !path[length])
        && !(all > 4 && !strcmp(path + all - 4, "-shm"));
}

static int find(int fd, char *path) {
    char link[64];
    ssize_t size;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    size = record < 0 ? -1 : readlink(link, path, PATH_MAX - 1);
    path[size < 0 ? 0 : size] = 0;
    return watched(path);
}

static int locate(int folder, const char *name, char *path) {
    if (name[0] == '/' || folder == AT_FDCWD) {
        snprintf(path, ROOM, "%s", name);
        return watched(path);
    }
    find(folder, path);
    snprintf(path + strlen(path), NAME_MAX + 2, "/%s", name);
    return watched(path);
}

static uint64_t number(int folder, const char *name) {
    struct stat info;

    return fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) ? 0 : info.st_ino;
}

static uint64_t number_of(int fd) {
    struct stat info;

    return fstat(fd, &info) ? 0 : info.st_ino;
}

void record_mark(const void *data, size_t size) {
    pthread_mutex_lock(&turn);
    put('K', 0, 0, "", 0, data, size);
    pthread_mutex_unlock(&turn);
}

/* Read back, so that all calls that write are alike. */
static void put_data(int fd, off_t at, size_t size) {
    char link[64], *data = malloc(size);
    int file;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    file = REAL(open)(link, O_RDONLY | O_CLOEXEC);
    if (!data || file < 0 || pread(file, data, size, at) != (ssize_t)size)
        abort();
    put('W', number_of(fd), at, "", 0, data, size);
    close(file);
    free(data);
}

#define WRITES(name, fd, at, parameters, arguments) \
    ssize_t name parameters { \
        char path[ROOM]; \
        ssize_t done; \
        if (!find(fd, path)) \
            return REAL(name) arguments; \
        pthread_mutex_lock(&turn); \
        done = REAL(name) arguments; \
        if (done > 0) \
            put_data(fd, at, done); \
        pthread_mutex_unlock(&turn); \
        return done; \
    }
#define HERE(fd) (lseek(fd, 0, SEEK_CUR) - done)

WRITES(write, fd, HERE(fd), (int fd, const void *data, size_t size), (fd, data, size))
WRITES(writev, fd, HERE(fd), (int fd, const struct iovec *parts, int count), (fd, parts, count))
WRITES(pwrite, fd, at, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
WRITES(pwrite64, fd, at, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at))
WRITES(pwritev, fd, at, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))
WRITES(pwritev64, fd, at, (int fd, const struct iovec *parts, int count, off64_t at), (fd, parts, count, at))
WRITES(pwritev2, fd, at < 0 ? HERE(fd) : at, (int fd, const struct iovec *parts, int count, off_t at, int flags),
       (fd, parts, count, at, flags))
WRITES(pwritev64v2, fd, at < 0 ? HERE(fd) : at, (int fd, const struct iovec *parts, int count, off64_t at, int flags),
       (fd, parts, count, at, flags))
WRITES(sendfile, fd, HERE(fd), (int fd, int from, off_t *at, size_t size), (fd, from, at, size))
WRITES(sendfile64, fd, HERE(fd), (int fd, int from, off64_t *at, size_t size), (fd, from, at, size))
WRITES(copy_file_range, fd, at ? *at - done : HERE(fd),
       (int from, off64_t *there, int fd, off64_t *at, size_t size, unsigned flags), (from, there, fd, at, size, flags))

#define SIZES(name, parameters, arguments) \
    int name parameters { \
        char path[ROOM]; \
        struct stat info; \
        int failed; \
        if (!find(fd, path)) \
            return REAL(name) arguments; \
        pthread_mutex_lock(&turn); \
        failed = REAL(name) arguments; \
        if (!failed && !fstat(fd, &info)) \
            put('T', info.st_ino, info.st_size, "", 0, "", 0); \
        pthread_mutex_unlock(&turn); \
        return failed; \
    }

SIZES(ftruncate, (int fd, off_t size), (fd, size))
SIZES(ftruncate64, (int fd, off64_t size), (fd, size))
SIZES(fallocate, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size))
SIZES(fallocate64, (int fd, int mode, off64_t at, off64_t size), (fd, mode, at, size))
SIZES(posix_fallocate, (int fd, off_t at, off_t size), (fd, at, size))
SIZES(posix_fallocate64, (int fd, off64_t at, off64_t size), (fd, at, size))

#define SYNCS(name) \
    int name(int fd) { \
        char path[ROOM]; \
        uint64_t mine; \
        int failed; \
        if (!find(fd, path)) \
            return REAL(name)(fd); \
        pthread_mutex_lock(&turn); \
        if ((mine = ++syncs) == last_sync) \
            _exit(KILLED); \
        put('S', number_of(fd), mine, "", 0, "", 0); \
        pthread_mutex_unlock(&turn); \
        if ((failed = REAL(name)(fd))) \
            return failed; \
        pthread_mutex_lock(&turn); \
        put('E', number_of(fd), mine, "", 0, "", 0); \
        pthread_mutex_unlock(&turn); \
        return 0; \
    }

SYNCS(fsync)
SYNCS(fdatasync)

static int open_at(int folder, const char *name, int flags, mode_t mode) {
    char path[ROOM];
    uint64_t before;
    int fd;

    if (!(flags & (O_CREAT | O_TRUNC)) || !locate(folder, name, path))
        return REAL(openat)(folder, name, flags, mode);
    pthread_mutex_lock(&turn);
    before = number(folder, name);
    fd = REAL(openat)(folder, name, flags, mode);
    if (fd >= 0 && !before)
        put('C', number_of(fd), 0, path, strlen(path), "", 0);
    else if (fd >= 0 && flags & O_TRUNC)
        put('T', before, 0, "", 0, "", 0);
    pthread_mutex_unlock(&turn);
    return fd;
}

#define OPENS(name, parameters, folder, last) \
    int name parameters { \
        va_list rest; \
        mode_t mode; \
        va_start(rest, last); \
        mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        return open_at(folder, path, flags, mode); \
    }

OPENS(open, (const char *path, int flags, ...), AT_FDCWD, flags)
OPENS(open64, (const char *path, int flags, ...), AT_FDCWD, flags)
OPENS(openat, (int folder, const char *path, int flags, ...), folder, flags)
OPENS(openat64, (int folder, const char *path, int flags, ...), folder, flags)

int creat(const char *path, mode_t mode) { return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

/* `call` changes the entry of `name`: told as `kind` with its file's number from before or from after. */
#define ENTRIES(kind, folder, name, after, call) \
    char path[ROOM]; \
    uint64_t file; \
    int failed; \
    if (!locate(folder, name, path)) \
        return call; \
    pthread_mutex_lock(&turn); \
    file = number(folder, name); \
    failed = call; \
    if (!failed) \
        put(kind, after ? number(folder, name) : file, 0, path, strlen(path), "", 0); \
    pthread_mutex_unlock(&turn); \
    return failed;

int mkdirat(int folder, const char *name, mode_t mode) {
    ENTRIES('M', folder, name, 1, REAL(mkdirat)(folder, name, mode))
}
int unlinkat(int folder, const char *name, int flags) {
    ENTRIES('U', folder, name, 0, REAL(unlinkat)(folder, name, flags))
}
int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }
int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }

/* Both names; one that is not watched is nobody's entry. */
static void put_pair(char kind, uint64_t file, int from, const char *old, int to, const char *new) {
    char names[2 * ROOM], path[ROOM];
    int length = snprintf(names, ROOM, "%s", locate(from, old, path) ? path : "");

    snprintf(names + length + 1, ROOM, "%s", locate(to, new, path) ? path : "");
    put(kind, file, 0, names, length + 1 + strlen(names + length + 1), "", 0);
}

#define PAIRS(kind, call) \
    char path[ROOM]; \
    uint64_t file; \
    int failed; \
    if (!locate(from, old, path) && !locate(to, new, path)) \
        return call; \
    pthread_mutex_lock(&turn); \
    file = number(from, old); \
    failed = call; \
    if (!failed) \
        put_pair(kind, file, from, old, to, new); \
    pthread_mutex_unlock(&turn); \
    return failed;

int renameat(int from, const char *old, int to, const char *new) {
    PAIRS('R', REAL(renameat)(from, old, to, new))
}
int linkat(int from, const char *old, int to, const char *new, int flags) {
    PAIRS('L', REAL(linkat)(from, old, to, new, flags))
}
int rename(const char *old, const char *new) { return renameat(AT_FDCWD, old, AT_FDCWD, new); }
int link(const char *old, const char *new) { return linkat(AT_FDCWD, old, AT_FDCWD, new, 0); }
