#include "core/locked_file_system.h"

#include <string>
#include <utility>

#include "core/read_retries.h"
#include "rocksdb/file_system.h"

namespace core {

namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

class LockedFileSystem : public rocksdb::FileSystemWrapper {
 public:
  LockedFileSystem(FolderLock& lock, const std::shared_ptr<rocksdb::FileSystem>& target)
      : FileSystemWrapper(target), lock_(lock) {}

  const char* Name() const override { return "LockedFileSystem"; }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) override {
    return in_place([&] { return target()->NewWritableFile(name, options, file, debug); });
  }
  IOStatus ReopenWritableFile(const std::string& name, const FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) override {
    return in_place([&] { return target()->ReopenWritableFile(name, options, file, debug); });
  }
  IOStatus ReuseWritableFile(const std::string& name, const std::string& old_name, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) override {
    return in_place([&] { return target()->ReuseWritableFile(name, old_name, options, file, debug); });
  }
  IOStatus NewRandomRWFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSRandomRWFile>* file, IODebugContext* debug) override {
    return in_place([&] { return target()->NewRandomRWFile(name, options, file, debug); });
  }
  IOStatus DeleteFile(const std::string& name, const IOOptions& options, IODebugContext* debug) override {
    return in_place([&] { return target()->DeleteFile(name, options, debug); });
  }
  IOStatus Truncate(const std::string& name, size_t size, const IOOptions& options, IODebugContext* debug) override {
    return in_place([&] { return target()->Truncate(name, size, options, debug); });
  }
  IOStatus CreateDir(const std::string& name, const IOOptions& options, IODebugContext* debug) override {
    return in_place([&] { return target()->CreateDir(name, options, debug); });
  }
  IOStatus CreateDirIfMissing(const std::string& name, const IOOptions& options, IODebugContext* debug) override {
    return in_place([&] { return target()->CreateDirIfMissing(name, options, debug); });
  }
  IOStatus DeleteDir(const std::string& name, const IOOptions& options, IODebugContext* debug) override {
    return in_place([&] { return target()->DeleteDir(name, options, debug); });
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    return in_place([&] { return target()->RenameFile(from, to, options, debug); });
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions& options,
                    IODebugContext* debug) override {
    return in_place([&] { return target()->LinkFile(from, to, options, debug); });
  }
  IOStatus NewLogger(const std::string& name, const IOOptions& options, std::shared_ptr<rocksdb::Logger>* logger,
                     IODebugContext* debug) override {
    return in_place([&] { return target()->NewLogger(name, options, logger, debug); });
  }

  // The file LOCK is locked already, by `lock_`, which knows why where it is not.
  IOStatus LockFile(const std::string& /*name*/, const IOOptions& /*options*/, rocksdb::FileLock** file_lock,
                    IODebugContext* /*debug*/) override {
    *file_lock = std::make_unique<rocksdb::FileLock>().release();
    return IOStatus::OK();
  }
  IOStatus UnlockFile(rocksdb::FileLock* file_lock, const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    const std::unique_ptr<rocksdb::FileLock> owned(file_lock);
    return IOStatus::OK();
  }

 private:
  template <typename Call>
  IOStatus in_place(const Call& call) {
    if (lock_.is_displaced()) return IOStatus::IOError(kDisplaced);
    return call();
  }

  FolderLock& lock_;
};

}  // namespace

std::unique_ptr<rocksdb::Env> locked_environment(FolderLock& lock, const std::shared_ptr<rocksdb::FileSystem>& target) {
  return rocksdb::NewCompositeEnv(std::make_shared<LockedFileSystem>(lock, with_read_retries(target)));
}

}  // namespace core
