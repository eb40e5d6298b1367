// Records what a process does to the files below one folder, in the order in which it happens, to be loaded by
// LD_PRELOAD. What it cannot record ends the process: a recording with a hole would tell of disks that cannot be.
//
//   | variable       | meaning |
//   |----------------|----------------------------------------------------------------------------------------------------|
//   | RECORDER_ROOT  | the folder, as realpath gives it | | RECORDER_MARKS | a file outside of it; what is written
//   there is a mark in the recording, and reaches no file, but:  | |                | ">path" begins a recording at
//   that path, and "." ends it                                           |
//
// A recording is a sequence of records, little-endian: a header, which is struct Record, and `length` bytes. A file or
// a folder is known by the number of its inode, which a later one may have again once the first is gone.
//
//   | kind | record | inode           | other                  | bytes                                    |
//   |------|--------|-----------------|------------------------|------------------------------------------|
//   |    0 | ROOT   | of the root     |                        |                                          |
//   |    1 | MARK   |                 |                        | what was written                         |
//   |    2 | CREATE | of the new file | of its folder          | its name                                 |
//   |    3 | MKDIR  | of the new one  | of its folder          | its name                                 |
//   |    4 | LINK   | of the file     | of the new name's      | the new name                             |
//   |    5 | REMOVE |                 | of the folder          | the name, of a file or an empty folder   |
//   |    6 | RENAME | of the folder   | of the folder after it | the name before, a zero byte, and after  |
//   |    7 | WRITE  | of the file     | the offset             | what was written                         |
//   |    8 | RESIZE | of the file     | its size after it      |                                          |
//   |    9 | SYNC   | of either       | 1: fdatasync           |                                          |
//
// sync_file_range is not recorded, it promises nothing; nor is fallocate where the size stays: it changes no byte.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum Kind { ROOT, MARK, CREATE, MKDIR, LINK, REMOVE, RENAME, WRITE, RESIZE, SYNC };

struct Record {
  uint32_t kind;
  uint32_t length;
  uint64_t inode;
  uint64_t other;
};

// One call at a time from before it is made until it is recorded: that is what makes the order true.
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static atomic_int recording = -1;

#define REAL(function)                                                      \
  ({                                                                        \
    static __typeof__(&function) real = NULL;                               \
    if (real == NULL) real = (__typeof__(real))dlsym(RTLD_NEXT, #function); \
    real;                                                                   \
  })

static int begin(void) {
  if (recording < 0) return 0;
  pthread_mutex_lock(&one_at_a_time);
  if (recording >= 0) return 1;
  pthread_mutex_unlock(&one_at_a_time);  // it was ended meanwhile
  return 0;
}

static void end(int begun) {
  const int error = errno;
  if (begun) pthread_mutex_unlock(&one_at_a_time);
  errno = error;
}

static void give_up(const char* call, const char* subject) {
  dprintf(STDERR_FILENO, "the recorder does not know how to record %s of %s\n", call, subject);
  abort();
}

// ── Where a call goes to
// ─────────────────────────────────────────────────────────────────────────────────────────────────────

static int is_below_root(const char* path) {
  const char* root = getenv("RECORDER_ROOT");
  const size_t length = root == NULL ? 0 : strlen(root);
  return length > 0 && strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static void path_of(int fd, char path[PATH_MAX]) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, PATH_MAX - 1);
  path[length > 0 ? length : 0] = '\0';
}

/** Whether it is an open file or folder below the root, which is what is recorded. */
static int is_recorded(int fd, struct stat* found) {
  if (fstat(fd, found) != 0 || !(S_ISREG(found->st_mode) || S_ISDIR(found->st_mode))) return 0;
  char path[PATH_MAX];
  path_of(fd, path);
  return is_below_root(path);
}

static int is_marks(int fd) {
  const char* marks = getenv("RECORDER_MARKS");
  struct stat found;
  if (marks == NULL || fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) return 0;
  char path[PATH_MAX];
  path_of(fd, path);
  return strcmp(path, marks) == 0;
}

/** A name in a folder below the root. */
struct Name {
  uint64_t folder;
  char name[NAME_MAX + 1];
};

/** Whether `path` names something that is, or could be, below the root. */
static int find_name(int at, const char* path, struct Name* found) {
  char full[PATH_MAX];
  char folder[PATH_MAX];
  if (path[0] == '/' || at == AT_FDCWD) {
    snprintf(full, sizeof full, "%s", path);
  } else {
    char base[PATH_MAX];
    path_of(at, base);
    if (snprintf(full, sizeof full, "%s/%s", base, path) >= (int)sizeof full) return 0;
  }
  size_t length = strlen(full);
  while (length > 1 && full[length - 1] == '/') full[--length] = '\0';
  char* slash = strrchr(full, '/');
  snprintf(found->name, sizeof found->name, "%s", slash == NULL ? full : slash + 1);
  if (slash == full) return 0;
  if (slash != NULL) *slash = '\0';
  struct stat status;
  if (realpath(slash == NULL ? "." : full, folder) == NULL || !is_below_root(folder)) return 0;
  if (stat(folder, &status) != 0) return 0;
  found->folder = status.st_ino;
  return 1;
}

// ── The recording
// ────────────────────────────────────────────────────────────────────────────────────────────────────────────

static void put(const void* bytes, size_t count) {
  for (size_t done = 0; done < count;) {
    const ssize_t written = REAL(write)(recording, (const char*)bytes + done, count - done);
    if (written < 0) give_up("a write", "the recording");
    done += (size_t)written;
  }
}

static void record(enum Kind kind, uint64_t inode, uint64_t other, const void* bytes, size_t length) {
  const struct Record header = {kind, (uint32_t)length, inode, other};
  put(&header, sizeof header);
  put(bytes, length);
}

static void record_name(enum Kind kind, uint64_t inode, const struct Name* name) {
  record(kind, inode, name->folder, name->name, strlen(name->name));
}

static void record_vector(uint64_t inode, uint64_t offset, const struct iovec* parts, int count, size_t length) {
  const struct Record header = {WRITE, (uint32_t)length, inode, offset};
  put(&header, sizeof header);
  for (int i = 0; i < count && length > 0; ++i) {
    const size_t part = parts[i].iov_len < length ? parts[i].iov_len : length;
    put(parts[i].iov_base, part);
    length -= part;
  }
}

static void begin_recording(const char* path) {
  struct stat root;
  const int fd = REAL(open)(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 || stat(getenv("RECORDER_ROOT"), &root) != 0) give_up("the beginning", path);
  pthread_mutex_lock(&one_at_a_time);
  recording = fd;
  record(ROOT, root.st_ino, 0, NULL, 0);
  pthread_mutex_unlock(&one_at_a_time);
}

static void end_recording(void) {
  pthread_mutex_lock(&one_at_a_time);
  if (recording >= 0) close(recording);
  recording = -1;
  pthread_mutex_unlock(&one_at_a_time);
}

static ssize_t take_mark(const char* text, size_t length) {
  char path[PATH_MAX];
  if (length > 0 && text[0] == '>') {
    snprintf(path, sizeof path, "%.*s", (int)length - 1, text + 1);
    begin_recording(path);
  } else if (length == 1 && text[0] == '.') {
    end_recording();
  } else if (begin()) {
    record(MARK, 0, 0, text, length);
    end(1);
  }
  return (ssize_t)length;
}

// ── Opening
// ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

#define OPENING(call, at, path, flags)                                                               \
  do {                                                                                               \
    const int begun = begin();                                                                       \
    struct Name name;                                                                                \
    struct stat before;                                                                              \
    const int changes = begun && ((flags) & (O_CREAT | O_TRUNC)) != 0 && find_name(at, path, &name); \
    const int existed = changes && fstatat(at, path, &before, 0) == 0;                               \
    const int fd = (call);                                                                           \
    if (changes && fd >= 0) opened(fd, &name, existed ? &before : NULL, flags);                      \
    end(begun);                                                                                      \
    return fd;                                                                                       \
  } while (0)

static void opened(int fd, const struct Name* name, const struct stat* before, int flags) {
  struct stat after;
  if (fstat(fd, &after) != 0) give_up("fstat", name->name);
  if (before == NULL)
    record_name(CREATE, after.st_ino, name);
  else if ((flags & O_TRUNC) != 0 && before->st_size > 0)
    record(RESIZE, after.st_ino, 0, NULL, 0);
}

#define OPEN(function)                                                 \
  int function(const char* path, int flags, ...) {                     \
    va_list arguments;                                                 \
    va_start(arguments, flags);                                        \
    const mode_t mode = va_arg(arguments, mode_t);                     \
    va_end(arguments);                                                 \
    OPENING(REAL(function)(path, flags, mode), AT_FDCWD, path, flags); \
  }
#define OPENAT(function)                                             \
  int function(int at, const char* path, int flags, ...) {           \
    va_list arguments;                                               \
    va_start(arguments, flags);                                      \
    const mode_t mode = va_arg(arguments, mode_t);                   \
    va_end(arguments);                                               \
    OPENING(REAL(function)(at, path, flags, mode), at, path, flags); \
  }
// The names with 2 are what a program calls that was compiled with _FORTIFY_SOURCE, those with 64 depend on its
// headers.
#define OPEN_2(function)                     \
  int function(const char* path, int flags); \
  int function(const char* path, int flags) { OPENING(REAL(function)(path, flags), AT_FDCWD, path, flags); }
#define OPENAT_2(function)                           \
  int function(int at, const char* path, int flags); \
  int function(int at, const char* path, int flags) { OPENING(REAL(function)(at, path, flags), at, path, flags); }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
OPEN_2(__open_2)
OPEN_2(__open64_2)
OPENAT_2(__openat_2)
OPENAT_2(__openat64_2)

int creat(const char* path, mode_t mode) { return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char* path, mode_t mode) { return creat(path, mode); }

// glibc opens it and writes to it by ways that cannot be seen from here.
#define FOPEN(function)                                                                         \
  FILE* function(const char* path, const char* mode) {                                          \
    struct Name name;                                                                           \
    const int writes = strpbrk(mode, "wa+") != NULL;                                            \
    if (writes && recording >= 0 && find_name(AT_FDCWD, path, &name)) give_up(#function, path); \
    return REAL(function)(path, mode);                                                          \
  }
FOPEN(fopen)
FOPEN(fopen64)

// ── What is in files
// ─────────────────────────────────────────────────────────────────────────────────────────────────────────

ssize_t writev(int fd, const struct iovec* parts, int count) {
  if (is_marks(fd) && count == 1) return take_mark(parts[0].iov_base, parts[0].iov_len);
  const int begun = begin();
  struct stat before;
  const int recorded = begun && is_recorded(fd, &before);
  const ssize_t written = REAL(writev)(fd, parts, count);
  if (recorded && written > 0) {
    const off_t after = lseek(fd, 0, SEEK_CUR);  // also where it was appended
    record_vector(before.st_ino, (uint64_t)(after - written), parts, count, (size_t)written);
  }
  end(begun);
  return written;
}

ssize_t write(int fd, const void* bytes, size_t count) {
  if (is_marks(fd)) return take_mark(bytes, count);
  if (recording < 0) return REAL(write)(fd, bytes, count);
  const struct iovec part = {(void*)bytes, count};
  return writev(fd, &part, 1);
}

#define PWRITEV(function)                                                                                      \
  ssize_t function(int fd, const struct iovec* parts, int count, off_t offset) {                               \
    const int begun = begin();                                                                                 \
    struct stat found;                                                                                         \
    const int recorded = begun && is_recorded(fd, &found);                                                     \
    const ssize_t written = REAL(function)(fd, parts, count, offset);                                          \
    if (recorded && written > 0) record_vector(found.st_ino, (uint64_t)offset, parts, count, (size_t)written); \
    end(begun);                                                                                                \
    return written;                                                                                            \
  }
PWRITEV(pwritev)
PWRITEV(pwritev64)

#define PWRITE(function)                                                    \
  ssize_t function(int fd, const void* bytes, size_t count, off_t offset) { \
    if (recording < 0) return REAL(function)(fd, bytes, count, offset);     \
    const struct iovec part = {(void*)bytes, count};                        \
    return pwritev(fd, &part, 1, offset);                                   \
  }
PWRITE(pwrite)
PWRITE(pwrite64)

#define SENDFILE(function)                                                       \
  ssize_t function(int to, int from, off_t* offset, size_t count) {              \
    struct stat found;                                                           \
    if (recording >= 0 && is_recorded(to, &found)) give_up(#function, "a file"); \
    return REAL(function)(to, from, offset, count);                              \
  }
SENDFILE(sendfile)
SENDFILE(sendfile64)

static void record_size(uint64_t inode, int fd) {
  struct stat after;
  if (fstat(fd, &after) != 0) give_up("fstat", "a file");
  record(RESIZE, inode, (uint64_t)after.st_size, NULL, 0);
}

#define RESIZING(function, declared, given, fails)                                              \
  int function declared {                                                                       \
    const int begun = begin();                                                                  \
    struct stat before;                                                                         \
    const int recorded = begun && is_recorded(fd, &before);                                     \
    if (recorded && (fails)) give_up(#function, "a file, with such a mode");                    \
    const int result = REAL(function) given;                                                    \
    struct stat after;                                                                          \
    if (recorded && result == 0 && fstat(fd, &after) == 0 && after.st_size != before.st_size) { \
      record_size(before.st_ino, fd);                                                           \
    }                                                                                           \
    end(begun);                                                                                 \
    return result;                                                                              \
  }
RESIZING(ftruncate, (int fd, off_t size), (fd, size), 0)
RESIZING(ftruncate64, (int fd, off_t size), (fd, size), 0)
RESIZING(posix_fallocate, (int fd, off_t from, off_t size), (fd, from, size), 0)
RESIZING(posix_fallocate64, (int fd, off_t from, off_t size), (fd, from, size), 0)
// What is given back behind the end of a file has no bytes to change.
#define CHANGES_BYTES(mode, from)                                   \
  (((mode) & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) != 0 || \
   (((mode) & FALLOC_FL_PUNCH_HOLE) != 0 && (from) < before.st_size))
RESIZING(fallocate, (int fd, int mode, off_t from, off_t size), (fd, mode, from, size), CHANGES_BYTES(mode, from))
RESIZING(fallocate64, (int fd, int mode, off_t from, off_t size), (fd, mode, from, size), CHANGES_BYTES(mode, from))

#define TRUNCATE(function)                                \
  int function(const char* path, off_t size) {            \
    if (recording < 0) return REAL(function)(path, size); \
    const int fd = open(path, O_WRONLY | O_CLOEXEC);      \
    if (fd < 0) return -1;                                \
    const int result = ftruncate(fd, size);               \
    const int error = errno;                              \
    close(fd);                                            \
    errno = error;                                        \
    return result;                                        \
  }
TRUNCATE(truncate)
TRUNCATE(truncate64)

#define MMAP(function)                                                                                            \
  void* function(void* where, size_t length, int protection, int flags, int fd, off_t offset) {                   \
    struct stat found;                                                                                            \
    const int writes = (flags & (MAP_SHARED | MAP_SHARED_VALIDATE)) != 0 && (protection & PROT_WRITE) != 0;       \
    if (writes && fd >= 0 && recording >= 0 && is_recorded(fd, &found)) give_up(#function, "a file to write to"); \
    return REAL(function)(where, length, protection, flags, fd, offset);                                          \
  }
MMAP(mmap)
MMAP(mmap64)

// ── What is promised
// ─────────────────────────────────────────────────────────────────────────────────────────────────────────

// In memory a sync takes no time. On a disk others write meanwhile, to the next WAL while the one before it is synced:
// before anything is promised, and out of turn.
static void take_time(void) {
  const struct timespec pause = {0, 500000};
  if (recording >= 0) nanosleep(&pause, NULL);
}

#define SYNCING(function, data_only)                                             \
  int function(int fd) {                                                         \
    take_time();                                                                 \
    const int begun = begin();                                                   \
    struct stat found;                                                           \
    const int recorded = begun && is_recorded(fd, &found);                       \
    const int result = REAL(function)(fd);                                       \
    if (recorded && result == 0) record(SYNC, found.st_ino, data_only, NULL, 0); \
    end(begun);                                                                  \
    return result;                                                               \
  }
SYNCING(fsync, 0)
SYNCING(fdatasync, 1)

// ── Names
// ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

int mkdirat(int at, const char* path, mode_t mode) {
  const int begun = begin();
  struct Name name;
  const int recorded = begun && find_name(at, path, &name);
  const int result = REAL(mkdirat)(at, path, mode);
  struct stat made;
  if (recorded && result == 0 && fstatat(at, path, &made, 0) == 0) record_name(MKDIR, made.st_ino, &name);
  end(begun);
  return result;
}

int mkdir(const char* path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

char* mkdtemp(char* template) {
  const int begun = begin();
  char* made = REAL(mkdtemp)(template);
  struct Name name;
  struct stat found;
  if (begun && made != NULL && find_name(AT_FDCWD, made, &name) && stat(made, &found) == 0) {
    record_name(MKDIR, found.st_ino, &name);
  }
  end(begun);
  return made;
}

int linkat(int from_at, const char* from, int to_at, const char* to, int flags) {
  const int begun = begin();
  struct Name name;
  struct stat found;
  const int recorded = begun && find_name(to_at, to, &name);
  const int result = REAL(linkat)(from_at, from, to_at, to, flags);
  if (recorded && result == 0 && fstatat(to_at, to, &found, 0) == 0) record_name(LINK, found.st_ino, &name);
  end(begun);
  return result;
}

int link(const char* from, const char* to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int symlink(const char* to, const char* path) {
  struct Name name;
  if (recording >= 0 && find_name(AT_FDCWD, path, &name)) give_up("symlink", path);
  return REAL(symlink)(to, path);
}

#define REMOVING(function, declared, given, at)                 \
  int function declared {                                       \
    const int begun = begin();                                  \
    struct Name name;                                           \
    const int recorded = begun && find_name(at, path, &name);   \
    const int result = REAL(function) given;                    \
    if (recorded && result == 0) record_name(REMOVE, 0, &name); \
    end(begun);                                                 \
    return result;                                              \
  }
REMOVING(unlink, (const char* path), (path), AT_FDCWD)
REMOVING(rmdir, (const char* path), (path), AT_FDCWD)
REMOVING(remove, (const char* path), (path), AT_FDCWD)
REMOVING(unlinkat, (int folder, const char* path, int flags), (folder, path, flags), folder)

static void record_rename(const struct Name* from, const struct Name* to) {
  char names[2 * NAME_MAX + 2];
  const int length = snprintf(names, sizeof names, "%s%c%s", from->name, 0, to->name);
  record(RENAME, from->folder, to->folder, names, (size_t)length);
}

#define RENAMING(declared, call, from_at, from, to_at, to)               \
  declared {                                                             \
    const int begun = begin();                                           \
    struct Name before;                                                  \
    struct Name after;                                                   \
    const int left = begun && find_name(from_at, from, &before);         \
    const int came = begun && find_name(to_at, to, &after);              \
    if (left != came) give_up("a rename into or out of the folder", to); \
    const int result = (int)(call);                                      \
    if (left && result == 0) record_rename(&before, &after);             \
    end(begun);                                                          \
    return result;                                                       \
  }
RENAMING(int rename(const char* from, const char* to), REAL(rename)(from, to), AT_FDCWD, from, AT_FDCWD, to)
RENAMING(int renameat(int from_at, const char* from, int to_at, const char* to),
         REAL(renameat)(from_at, from, to_at, to), from_at, from, to_at, to)
RENAMING(int renameat2(int from_at, const char* from, int to_at, const char* to, unsigned flags),
         REAL(renameat2)(from_at, from, to_at, to, flags), from_at, from, to_at, to)

// Whatever the arguments are, registers hold them.
long syscall(long number, ...) {
  va_list arguments;
  long given[6];
  va_start(arguments, number);
  for (int i = 0; i < 6; ++i) given[i] = va_arg(arguments, long);
  va_end(arguments);
  if (number == SYS_renameat2) {
    return renameat2((int)given[0], (const char*)given[1], (int)given[2], (const char*)given[3], (unsigned)given[4]);
  }
  struct stat found;
  if (number == SYS_copy_file_range && recording >= 0 && is_recorded((int)given[2], &found)) {
    give_up("copy_file_range", "a file");
  }
  return REAL(syscall)(number, given[0], given[1], given[2], given[3], given[4], given[5]);
}
