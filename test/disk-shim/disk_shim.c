// A disk with faults, to be loaded by LD_PRELOAD into the process under test. Each fault is a function below that looks at
// one environment variable and acts before the real call; a new one is added there and named in kFaults.
//
//   | variable                    | fault                                                          |
//   |-----------------------------|----------------------------------------------------------------|
//   | DISK_SHIM_SYNC_DELAY_US     | fsync and fdatasync take this much longer                      |
//   | DISK_SHIM_SYNC_FAILS_AFTER  | after this many, every fsync and fdatasync of a WAL gives EIO  |
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// What is synced: of RocksDB's files the WAL alone ends in .log.
static int is_wal(int fd) {
  char link[64];
  char path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, sizeof path);
  return length > 4 && memcmp(path + length - 4, ".log", 4) == 0;
}

static long setting(const char* variable) {
  const char* text = getenv(variable);
  return text == NULL ? -1 : strtol(text, NULL, 10);
}

// A fault returns 0 to let the call go on, or the errno it is to fail with.
typedef int (*Fault)(int fd);

static int delay(int fd) {
  (void)fd;
  const long microseconds = setting("DISK_SHIM_SYNC_DELAY_US");
  if (microseconds <= 0) return 0;
  const struct timespec pause = {microseconds / 1000000, microseconds % 1000000 * 1000};
  nanosleep(&pause, NULL);
  return 0;
}

static int fail_after(int fd) {
  static atomic_long syncs = 0;
  const long allowed = setting("DISK_SHIM_SYNC_FAILS_AFTER");
  if (allowed < 0 || !is_wal(fd)) return 0;
  return atomic_fetch_add(&syncs, 1) >= allowed ? EIO : 0;
}

static const Fault kFaults[] = {delay, fail_after};

static int sync_with_faults(const char* name, int fd) {
  for (size_t i = 0; i < sizeof kFaults / sizeof kFaults[0]; ++i) {
    const int error = kFaults[i](fd);
    if (error != 0) {
      errno = error;
      return -1;
    }
  }
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  return real(fd);
}

int fsync(int fd) { return sync_with_faults("fsync", fd); }
int fdatasync(int fd) { return sync_with_faults("fdatasync", fd); }
