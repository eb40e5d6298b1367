// How it is put together, in the folder of the target:
//
//   | name                                  | content                                                       |
//   |---------------------------------------|---------------------------------------------------------------|
//   | .omnipaxos-rocksdb-checkpoint-XXXXXX/ | made here alone (mkdtemp), and locked while it is at work     |
//   |   target/<name of the target>/        | whose it is: empty folders, each there as a whole or not      |
//   |   copy/, copy.tmp/                    | RocksDB's checkpoint, on its way                              |
//
// It is filled in this order and emptied in the opposite one. So what a killed one has left behind, and nobody has
// locked, either tells its target, or has nothing in it but empty folders: these go with rmdir, which removes nothing
// else.

#include "core/checkpoint.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "core/descriptor.h"
#include "core/inspection.h"
#include "core/sync_path.h"
#include "rocksdb/utilities/checkpoint.h"

namespace core {

namespace fs = std::filesystem;

namespace {

constexpr const char* kOperation = "checkpoint to";
constexpr const char* kPrefix = ".omnipaxos-rocksdb-checkpoint-";
constexpr const char* kNote = "target";
constexpr mode_t kModeOfMkdtemp = 0700;
constexpr int kAttempts = 10;

/** Every file of `folder`, and the folder itself. */
int sync_folder(const fs::path& folder) {
  std::error_code failed;
  fs::directory_iterator entry(folder, failed);
  for (; !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
    if (const int error = sync_path(entry->path(), 0); error != 0) return error;
  }
  return failed ? failed.value() : sync_path(folder, O_DIRECTORY);
}

/** 0, or why not: EEXIST where there is something at `to`. */
int rename_to_new(const fs::path& from, const fs::path& to) {
  errno = ENOSYS;
#if defined(__linux__)
  constexpr unsigned kNoReplace = 1;
  if (::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), kNoReplace) == 0) return 0;
#elif defined(__APPLE__)
  if (::renamex_np(from.c_str(), to.c_str(), RENAME_EXCL) == 0) return 0;
#endif
  if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP) return errno;
  // A file system that cannot do both at once: the name is taken by an empty folder first, which the other replaces.
  if (::mkdir(to.c_str(), 0755) != 0) return errno;
  if (::rename(from.c_str(), to.c_str()) == 0) return 0;
  const int error = errno;
  (void)::rmdir(to.c_str());
  return error;
}

void remove_empty(const fs::path& folder) {
  (void)::rmdir((folder / kNote).c_str());
  (void)::rmdir(folder.c_str());
}

/** The note last: killed meanwhile, the rest is found again. */
void remove_filled(const fs::path& folder, const fs::path& target) {
  std::error_code kept;
  fs::remove_all(folder / "copy", kept);
  if (!kept) fs::remove_all(folder / "copy.tmp", kept);
  if (kept) return;
  (void)::rmdir((folder / kNote / target.filename()).c_str());
  remove_empty(folder);
}

/** The folder in which a checkpoint is put together. What is left of it goes with this. */
class Staging {
 public:
  explicit Staging(fs::path target) : target_(std::move(target)) {}
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() {
    if (!folder_.empty()) remove_filled(folder_, target_);
  }

  Status make() {
    Status status;
    // Made again where it was taken for what a killed one has left behind.
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      std::string name = (target_.parent_path() / kPrefix).string() + "XXXXXX";
      if (::mkdtemp(name.data()) == nullptr) return failed("cannot create a folder beside it");
      folder_ = name;
      if (lock()) return write_note();
      status = failed("cannot lock the folder " + name);
      (void)::rmdir(name.c_str());
    }
    return status;
  }

  /** For RocksDB, which makes it. */
  fs::path copy() const { return folder_ / "copy"; }

 private:
  /** Nobody removes it while it is locked, but somebody may have begun before. */
  bool lock() {
    lock_ = Descriptor(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!lock_) return false;
    // Any other error: this file system has no such locks, and nobody else has one either.
    if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
    struct stat locked{};
    struct stat found{};
    return ::fstat(lock_.get(), &locked) == 0 && ::lstat(folder_.c_str(), &found) == 0 &&
           locked.st_dev == found.st_dev && locked.st_ino == found.st_ino;
  }

  Status write_note() const {
    const fs::path note = folder_ / kNote;
    if (::mkdir(note.c_str(), kModeOfMkdtemp) == 0 &&
        ::mkdir((note / target_.filename()).c_str(), kModeOfMkdtemp) == 0) {
      return {};
    }
    return failed("cannot write into the folder " + folder_.string());
  }

  Status failed(const std::string& what) const { return from_errno(errno, kOperation, target_.string(), what); }

  const fs::path target_;
  fs::path folder_;
  Descriptor lock_;
};

bool is_folder(const fs::path& path) {
  std::error_code failed;
  return fs::is_directory(fs::symlink_status(path, failed));
}

/** As mkdtemp makes a folder for this user. */
bool is_private(const Descriptor& folder) {
  struct stat found{};
  return ::fstat(folder.get(), &found) == 0 && found.st_uid == ::geteuid() && (found.st_mode & 0777) == kModeOfMkdtemp;
}

void remove_left_behind(const fs::path& target) {
  std::error_code failed;
  fs::directory_iterator entry(target.parent_path(), failed);
  for (; !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
    const fs::path& folder = entry->path();
    if (!folder.filename().string().starts_with(kPrefix)) continue;
    const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!opened || ::flock(opened.get(), LOCK_EX | LOCK_NB) != 0) continue;  // at work, or it cannot be told
    const fs::path note = folder / kNote;
    if (is_folder(note) && is_folder(note / target.filename())) {
      remove_filled(folder, target);
    } else if (is_private(opened)) {
      remove_empty(folder);
    }
  }
}

Status create_checkpoint(rocksdb::DB& db, const fs::path& folder, const std::string& path) {
  rocksdb::Checkpoint* created = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(&db, &created);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(created);
  if (status.ok()) status = checkpoint->CreateCheckpoint(folder.string());
  return from_rocksdb(status, kOperation, path);
}

/**
 * A checkpoint that is whole. RocksDB notes how long a WAL is, and copies it later, while it is written to and perhaps
 * closed: then the copy fails, as the file has become shorter, or has newer records without those before them.
 */
Status create_whole_checkpoint(rocksdb::DB& db, const fs::path& folder, const std::string& path) {
  for (int attempt = 1;; ++attempt) {
    Status status = create_checkpoint(db, folder, path);
    Inspection copied;
    if (status.ok()) status = inspect(folder.string(), FilesBy::kCurrent, &copied);
    if (!copied.findings.empty()) {
      status = failure(ErrorCode::kCorruption, kOperation, path, "the copy is damaged. " + describe(copied));
    }
    if (status.code != ErrorCode::kCorruption || attempt == kAttempts) return status;
    std::error_code kept;
    fs::remove_all(folder, kept);
  }
}

Status exists_already(const std::string& path) {
  return failure(ErrorCode::kInvalidArgument, kOperation, path, "there is something of this name; choose another");
}

}  // namespace

Status make_checkpoint(rocksdb::DB& db, const std::string& path) {
  const fs::path target(path);
  struct stat found{};
  if (::lstat(path.c_str(), &found) == 0) return exists_already(path);
  if (errno != ENOENT) return from_errno(errno, kOperation, path, "cannot look for it");
  remove_left_behind(target);

  Staging staging(target);
  if (Status status = staging.make(); !status.ok()) return status;
  if (Status status = create_whole_checkpoint(db, staging.copy(), path); !status.ok()) return status;
  // RocksDB does so with some of them only. Those that are shared with the database have little to sync.
  int error = sync_folder(staging.copy());
  if (error == 0) error = rename_to_new(staging.copy(), target);
  if (error == EEXIST || error == ENOTEMPTY) return exists_already(path);
  if (error == 0) error = sync_path(target.parent_path(), O_DIRECTORY);
  return error == 0 ? Status{} : from_errno(error, kOperation, path, "cannot complete it");
}

}  // namespace core
