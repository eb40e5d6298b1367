// How it is put together, in the folder of the target:
//
//   | name                                  | content                                                       |
//   |---------------------------------------|---------------------------------------------------------------|
//   | .omnipaxos-rocksdb-checkpoint-XXXXXX/ | made here alone (mkdtemp), and locked while it is at work     |
//   |   target                              | the name of the target, behind a line that tells what this is |
//   |   copy/, copy.tmp/                    | RocksDB's checkpoint, on its way                              |
//
// A folder of this name with such a file, that nobody has locked, is what a killed one has left behind.

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
#include <fstream>
#include <memory>
#include <sstream>
#include <system_error>
#include <utility>

#include "core/descriptor.h"
#include "rocksdb/utilities/checkpoint.h"

namespace core {

namespace fs = std::filesystem;

namespace {

constexpr const char* kOperation = "checkpoint to";
constexpr const char* kPrefix = ".omnipaxos-rocksdb-checkpoint-";
constexpr const char* kFirstLine = "omnipaxos-rocksdb: a checkpoint on its way to";

std::string note_for(const std::string& name) { return std::string(kFirstLine) + "\n" + name + "\n"; }

bool has_content(const fs::path& file, const std::string& content) {
  std::error_code failed;
  if (!fs::is_regular_file(fs::symlink_status(file, failed)) || fs::file_size(file, failed) != content.size()) {
    return false;
  }
  std::ostringstream found;
  found << std::ifstream(file, std::ios::binary).rdbuf();
  return found.str() == content;
}

int sync_path(const fs::path& path, int flags) {
  const Descriptor opened(::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
  return opened && ::fsync(opened.get()) == 0 ? 0 : errno;
}

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

/** The folder in which a checkpoint is put together. What is left of it goes with this. */
class Staging {
 public:
  explicit Staging(fs::path target) : target_(std::move(target)) {}
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() {
    std::error_code ignored;
    if (!folder_.empty()) fs::remove_all(folder_, ignored);
  }

  Status make() {
    std::string name = (target_.parent_path() / kPrefix).string() + "XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) return failed("cannot create a folder beside it");
    folder_ = name;
    lock_ = Descriptor(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!lock_ || (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)) {
      return failed("cannot lock the folder " + name);
    }
    std::ofstream note(folder_ / "target", std::ios::binary);
    note << note_for(target_.filename().string());
    note.close();
    return note ? Status{} : failed("cannot write into the folder " + name);
  }

  /** For RocksDB, which makes it. */
  fs::path copy() const { return folder_ / "copy"; }

 private:
  Status failed(const std::string& what) const { return from_errno(errno, kOperation, target_.string(), what); }

  const fs::path target_;
  fs::path folder_;
  Descriptor lock_;
};

void remove_left_behind(const fs::path& target) {
  std::error_code failed;
  fs::directory_iterator entry(target.parent_path(), failed);
  for (; !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
    const fs::path& folder = entry->path();
    if (!folder.filename().string().starts_with(kPrefix)) continue;
    if (!has_content(folder / "target", note_for(target.filename().string()))) continue;
    const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!opened || ::flock(opened.get(), LOCK_EX | LOCK_NB) != 0) continue;  // at work, or it cannot be told
    std::error_code ignored;
    // The note last: killed meanwhile, the rest is found again.
    fs::remove_all(folder / "copy", ignored);
    fs::remove_all(folder / "copy.tmp", ignored);
    fs::remove(folder / "target", ignored);
    fs::remove(folder, ignored);
  }
}

Status create_checkpoint(rocksdb::DB& db, const fs::path& folder, const std::string& path) {
  rocksdb::Checkpoint* created = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(&db, &created);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(created);
  if (status.ok()) status = checkpoint->CreateCheckpoint(folder.string());
  return from_rocksdb(status, kOperation, path);
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
  if (Status status = create_checkpoint(db, staging.copy(), path); !status.ok()) return status;
  // RocksDB does so with some of them only. Those that are shared with the database have little to sync.
  int error = sync_folder(staging.copy());
  if (error == 0) error = rename_to_new(staging.copy(), target);
  if (error == EEXIST || error == ENOTEMPTY) return exists_already(path);
  if (error == 0) error = sync_path(target.parent_path(), O_DIRECTORY);
  return error == 0 ? Status{} : from_errno(error, kOperation, path, "cannot complete it");
}

}  // namespace core
