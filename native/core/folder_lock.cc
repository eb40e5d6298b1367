#include "core/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <cerrno>
#include <mutex>
#include <set>

namespace core {

namespace {

constexpr const char* kElsewhere =
    "another handle holds the lock, in this process or in another one; close it, or open read-only";
constexpr int kAttempts = 100;
constexpr std::chrono::milliseconds kAskAgainAfter{1};

/** What this process has locked. */
struct OpenHere {
  std::mutex mutex;
  std::set<std::pair<dev_t, ino_t>> folders;
};

OpenHere& open_here() {
  static OpenHere folders;
  return folders;
}

/** 0, or why not. A signal may interrupt it, though it does not wait. */
template <typename Call>
int error_of(const Call& call) {
  int error = EINTR;
  for (int attempt = 0; attempt < kAttempts && error == EINTR; ++attempt) error = call() == 0 ? 0 : errno;
  return error;
}

}  // namespace

Status FolderLock::acquire(const std::string& folder, const std::string& path, Purpose purpose) {
  folder_path_ = folder;
  Status status = lock_folder(path);
  if (status.ok()) status = lock_file(path, purpose);
  if (!status.ok()) release();
  return status;
}

Status FolderLock::lock_folder(const std::string& path) {
  folder_ = Descriptor(::open(folder_path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat found{};
  if (!folder_ || ::fstat(folder_.get(), &found) != 0) return from_errno(errno, "open", path, "cannot open the folder");
  {
    const std::lock_guard lock(open_here().mutex);
    const Identity identity{found.st_dev, found.st_ino};
    if (!open_here().folders.insert(identity).second) return failure(ErrorCode::kLocked, "open", path, kElsewhere);
    identity_ = identity;
  }
  // Any other error: this file system has no such locks.
  const int error = error_of([this] { return ::flock(folder_.get(), LOCK_EX | LOCK_NB); });
  return error == EWOULDBLOCK ? failure(ErrorCode::kLocked, "open", path, kElsewhere) : Status{};
}

Status FolderLock::lock_file(const std::string& path, Purpose purpose) {
  const bool is_read = purpose == Purpose::kRead;
  const int how = is_read ? O_RDONLY : O_RDWR | O_CREAT;
  lock_file_ = Descriptor(::open((folder_path_ + "/LOCK").c_str(), how | O_CLOEXEC, 0644));
  if (!lock_file_ && is_read && errno == ENOENT) return {};
  if (!lock_file_) return from_errno(errno, "open", path, "cannot open its file LOCK");
  const int error = error_of([this, is_read] {
    struct flock whole{};
    whole.l_type = is_read ? F_RDLCK : F_WRLCK;
    whole.l_whence = SEEK_SET;
    return ::fcntl(lock_file_.get(), F_SETLK, &whole);
  });
  if (error == 0) return {};
  if (error == EACCES || error == EAGAIN) return failure(ErrorCode::kLocked, "open", path, kElsewhere);
  return from_errno(error, "open", path,
                    "its file system does not lock files, and a database needs that to have one writer; keep it on a "
                    "local disk, or mount the file system with locks");
}

void FolderLock::release() {
  lock_file_.close();
  if (folder_) {
    // Closing alone would leave it locked for as long as a child, forked and about to exec, has the descriptor too.
    (void)::flock(folder_.get(), LOCK_UN);
    folder_.close();
  }
  if (!identity_) return;
  const std::lock_guard lock(open_here().mutex);
  open_here().folders.erase(*identity_);
  identity_.reset();
}

bool FolderLock::is_displaced() {
  if (displaced_ || !identity_) return displaced_;
  struct stat found{};
  if (::stat(folder_path_.c_str(), &found) == 0) {
    if (Identity{found.st_dev, found.st_ino} != *identity_) displaced_ = true;
  } else if (errno == ENOENT || errno == ENOTDIR) {
    displaced_ = true;
  }
  return displaced_;
}

bool FolderLock::is_displaced_lately() {
  const auto now = std::chrono::steady_clock::now();
  if (now - asked_.load() < kAskAgainAfter) return displaced_;
  asked_ = now;
  return is_displaced();
}

}  // namespace core
