#include "core/durable_file_system.h"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "core/descriptor.h"
#include "core/sync_path.h"

namespace core {

namespace {

using rocksdb::FileOptions;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

IOStatus io_error(const std::string& what, int error) {
  return IOStatus::IOError(what, std::generic_category().message(error));
}

/**
 * A recycled WAL. Its end is cut off when it is closed, behind its last sync: were that lost, the records of its
 * earlier life would look like damage, as recovery takes the end of a WAL that another one follows for written as a
 * whole.
 */
class RecycledFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  RecycledFile(std::unique_ptr<FSWritableFile> file, std::string name, Descriptor descriptor)
      : FSWritableFileOwnerWrapper(std::move(file)), name_(std::move(name)), descriptor_(std::move(descriptor)) {}

  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    IOStatus closed = FSWritableFileOwnerWrapper::Close(options, debug);
    if (!closed.ok() || !descriptor_) return closed;
    if (::fsync(descriptor_.get()) != 0) closed = io_error("cannot sync the end of " + name_, errno);
    descriptor_.close();
    return closed;
  }

 private:
  const std::string name_;
  Descriptor descriptor_;
};

class DurableFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit DurableFileSystem(const std::shared_ptr<rocksdb::FileSystem>& target) : FileSystemWrapper(target) {}

  const char* Name() const override { return "DurableFileSystem"; }

  IOStatus ReuseWritableFile(const std::string& name, const std::string& old_name, const FileOptions& options,
                             std::unique_ptr<FSWritableFile>* file, IODebugContext* debug) override {
    IOStatus reused = target()->ReuseWritableFile(name, old_name, options, file, debug);
    if (!reused.ok()) return reused;
    Descriptor descriptor(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    if (!descriptor) return io_error("cannot open " + name, errno);
    *file = std::make_unique<RecycledFile>(std::move(*file), name, std::move(descriptor));
    return reused;
  }

  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    const std::filesystem::path path(to);
    if (path.filename() == "CURRENT") {
      // It names a MANIFEST whose own name may not be on the disk yet: RocksDB syncs the folder only behind this.
      const int error = sync_path(path.parent_path(), O_DIRECTORY);
      if (error != 0) return io_error("cannot sync the folder of " + to, error);
    }
    return target()->RenameFile(from, to, options, debug);
  }
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> durable_file_system(const std::shared_ptr<rocksdb::FileSystem>& target) {
  return std::make_shared<DurableFileSystem>(target);
}

}  // namespace core
