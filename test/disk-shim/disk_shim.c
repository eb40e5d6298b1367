// A disk with faults, to be loaded by LD_PRELOAD into the process under test. Each fault is a function below that looks at
// one environment variable and acts before the real call; a new one is added there and named in a list of faults.
//
//   | variable                    | fault                                                                       |
//   |-----------------------------|-----------------------------------------------------------------------------|
//   | DISK_SHIM_SYNC_DELAY_US     | fsync and fdatasync take this much longer                                   |
//   | DISK_SHIM_SYNC_FAILS_AFTER  | after this many, every fsync and fdatasync of a WAL gives EIO               |
//   | DISK_SHIM_MANIFEST_FAILS   | so does, after this many, every one of a MANIFEST                           |
//   | DISK_SHIM_FULL_FOR          | flushes, or compactions: after 0.2 s each of their writes to an SST gives   |
//   |                             | ENOSPC                                                                      |
//   | DISK_SHIM_LOCK_ERRNO        | no file is locked: fcntl(F_SETLK) gives this error                          |
//   | DISK_SHIM_ONCE              | as in "write EIO 3 .log": the third write to a file whose path has ".log"   |
//   |                             | gives EIO; none before or after it. Calls: write, pread, sync, rename,      |
//   |                             | ftruncate. Faults: EIO, ENOSPC; "short" does half, "torn" half and EIO. A   |
//   |                             | number behind that: so many in a row                                        |
//   | DISK_SHIM_STRUCK            | the file that is made once that has happened                                |
//   | DISK_SHIM_HALTS_AT          | as in "mkdir 2": before the second mkdir of a checkpoint on its way (or the |
//   |                             | n-th flock), the process prints "halted" and stops itself                   |
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/** Empty where it has none. */
static void path_of(int fd, char path[PATH_MAX]) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, PATH_MAX - 1);
  path[length > 0 ? length : 0] = '\0';
}

static int has_extension(int fd, const char* extension) {
  char path[PATH_MAX];
  path_of(fd, path);
  const size_t length = strlen(path);
  const size_t end = strlen(extension);
  return length > end && strcmp(path + length - end, extension) == 0;
}

static long setting(const char* variable) {
  const char* text = getenv(variable);
  return text == NULL ? -1 : strtol(text, NULL, 10);
}

// A fault returns 0 to let the call go on, or the errno it is to fail with.
typedef int (*Fault)(int fd);

static void sleep_us(long microseconds) {
  const struct timespec pause = {microseconds / 1000000, microseconds % 1000000 * 1000};
  nanosleep(&pause, NULL);
}

static int delay(int fd) {
  (void)fd;
  const long microseconds = setting("DISK_SHIM_SYNC_DELAY_US");
  if (microseconds > 0) sleep_us(microseconds);
  return 0;
}

static int fail_after(int fd) {
  static atomic_long syncs = 0;
  const long allowed = setting("DISK_SHIM_SYNC_FAILS_AFTER");
  if (allowed < 0 || !has_extension(fd, ".log")) return 0;
  return atomic_fetch_add(&syncs, 1) >= allowed ? EIO : 0;
}

static int manifest_fails(int fd) {
  static atomic_long syncs = 0;
  const long allowed = setting("DISK_SHIM_MANIFEST_FAILS");
  if (allowed < 0) return 0;
  char path[PATH_MAX];
  path_of(fd, path);
  if (strstr(path, "/MANIFEST-") == NULL) return 0;
  return atomic_fetch_add(&syncs, 1) >= allowed ? EIO : 0;
}

// RocksDB names its threads: those of its high priority flush, those of its low priority compact.
static int full(int fd) {
  const char* who = getenv("DISK_SHIM_FULL_FOR");
  if (who == NULL) return 0;
  char thread[16] = "";
  pthread_getname_np(pthread_self(), thread, sizeof thread);
  if (strcmp(thread, strcmp(who, "flushes") == 0 ? "rocksdb:high" : "rocksdb:low") != 0) return 0;
  if (!has_extension(fd, ".sst")) return 0;
  sleep_us(200000);
  return ENOSPC;
}

static void halt_at(const char* call, const char* path) {
  static atomic_long calls = 0;
  const char* where = getenv("DISK_SHIM_HALTS_AT");
  const size_t length = strlen(call);
  if (where == NULL || strncmp(where, call, length) != 0 || strstr(path, "-checkpoint-") == NULL) return;
  if (atomic_fetch_add(&calls, 1) + 1 != strtol(where + length, NULL, 10)) return;
  dprintf(STDOUT_FILENO, "halted\n");
  raise(SIGSTOP);
}

static int unlockable(int fd) {
  (void)fd;
  const long error = setting("DISK_SHIM_LOCK_ERRNO");
  return error < 0 ? 0 : (int)error;
}

// ── Faults that pass ──────────────────────────────────────────────────────────────────────────────────────────

// What a call is to do instead of all that it is asked for: these, or to fail with an errno.
enum { kShort = -1, kTorn = -2 };

static int fault_named(const char* name) {
  if (strcmp(name, "short") == 0) return kShort;
  if (strcmp(name, "torn") == 0) return kTorn;
  return strcmp(name, "ENOSPC") == 0 ? ENOSPC : EIO;
}

/** 0 to let the call go on. A setting counts from when it is made: the variable may change while the process runs. */
static int strikes(const char* call, const char* path) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  static char counted[128];
  static long left;
  const char* setting = getenv("DISK_SHIM_ONCE");
  if (setting == NULL) return 0;
  char at[16] = "";
  char fault[16] = "";
  char of[64] = "";
  long nth = 0;
  long times = 1;
  const int is_set = sscanf(setting, "%15s %15s %ld %63s %ld", at, fault, &nth, of, &times) >= 4;
  pthread_mutex_lock(&mutex);
  if (strncmp(counted, setting, sizeof counted - 1) != 0) {
    snprintf(counted, sizeof counted, "%s", setting);
    left = nth;
  }
  const int struck = is_set && strcmp(at, call) == 0 && strstr(path, of) != NULL && --left <= 0 && left > -times;
  pthread_mutex_unlock(&mutex);
  if (!struck) return 0;
  const char* mark = getenv("DISK_SHIM_STRUCK");
  if (mark != NULL) close(open(mark, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  return fault_named(fault);
}

static int strikes_file(const char* call, int fd) {
  if (getenv("DISK_SHIM_ONCE") == NULL) return 0;
  char path[PATH_MAX];
  path_of(fd, path);
  return strikes(call, path);
}

static int give(int error) {
  errno = error;
  return -1;
}

// `half` is the call with half as many bytes: what it comes to where the fault lets it.
#define STRUCK(fault, half) ((fault) == kShort ? (half) : ((fault) == kTorn ? ((void)!(half), give(EIO)) : give(fault)))

// ── The calls ────────────────────────────────────────────────────────────────────────────────────────────────────────

static const Fault kSyncFaults[] = {delay, fail_after, manifest_fails};
static const Fault kWriteFaults[] = {full};
static const Fault kLockFaults[] = {unlockable};

static int fails(const Fault* faults, size_t count, int fd) {
  for (size_t i = 0; i < count; ++i) {
    const int error = faults[i](fd);
    if (error == 0) continue;
    errno = error;
    return 1;
  }
  return 0;
}

#define FAILS(faults, fd) fails(faults, sizeof faults / sizeof faults[0], fd)
#define REAL(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))

int fsync(int fd) {
  const int fault = strikes_file("sync", fd);
  if (fault != 0) return give(fault);
  return FAILS(kSyncFaults, fd) ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd) {
  const int fault = strikes_file("sync", fd);
  if (fault != 0) return give(fault);
  return FAILS(kSyncFaults, fd) ? -1 : REAL(fdatasync)(fd);
}

ssize_t write(int fd, const void* bytes, size_t count) {
  const int fault = strikes_file("write", fd);
  if (fault != 0) return STRUCK(fault, REAL(write)(fd, bytes, count / 2));
  return FAILS(kWriteFaults, fd) ? -1 : REAL(write)(fd, bytes, count);
}

ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
  const int fault = strikes_file("write", fd);
  if (fault != 0) return STRUCK(fault, REAL(pwrite)(fd, bytes, count / 2, offset));
  return REAL(pwrite)(fd, bytes, count, offset);
}

ssize_t pread(int fd, void* bytes, size_t count, off_t offset) {
  const int fault = strikes_file("pread", fd);
  if (fault != 0) return STRUCK(fault, REAL(pread)(fd, bytes, count / 2, offset));
  return REAL(pread)(fd, bytes, count, offset);
}

int ftruncate(int fd, off_t length) {
  const int fault = strikes_file("ftruncate", fd);
  return fault != 0 ? give(fault) : REAL(ftruncate)(fd, length);
}

int rename(const char* from, const char* to) {
  const int fault = strikes("rename", to);
  return fault != 0 ? give(fault) : REAL(rename)(from, to);
}

int mkdir(const char* path, mode_t mode) {
  halt_at("mkdir", path);
  return REAL(mkdir)(path, mode);
}

int flock(int fd, int operation) {
  char path[PATH_MAX];
  path_of(fd, path);
  halt_at("flock", path);
  return REAL(flock)(fd, operation);
}

// Whatever the last argument is, a register holds it. Both names: which of them a program calls is up to its headers.
#define FORWARD_FCNTL(function)                                          \
  int function(int fd, int command, ...) {                               \
    va_list arguments;                                                   \
    va_start(arguments, command);                                        \
    void* argument = va_arg(arguments, void*);                           \
    va_end(arguments);                                                   \
    if (command == F_SETLK && FAILS(kLockFaults, fd)) return -1;         \
    return REAL(function)(fd, command, argument);                        \
  }
FORWARD_FCNTL(fcntl)
FORWARD_FCNTL(fcntl64)
