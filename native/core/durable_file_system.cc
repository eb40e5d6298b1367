#include "core/durable_file_system.h"

#include <fcntl.h>
#include <filesystem>
#include <string>
#include <system_error>

#include "core/sync_path.h"

namespace core {

namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

class DurableFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit DurableFileSystem(const std::shared_ptr<rocksdb::FileSystem>& target) : FileSystemWrapper(target) {}

  const char* Name() const override { return "DurableFileSystem"; }

  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    const std::filesystem::path path(to);
    if (path.filename() == "CURRENT") {
      // It names a MANIFEST whose own name may not be on the disk yet: RocksDB syncs the folder only behind this.
      const int error = sync_path(path.parent_path(), O_DIRECTORY);
      if (error != 0)
        return IOStatus::IOError("cannot sync the folder of " + to, std::generic_category().message(error));
    }
    return target()->RenameFile(from, to, options, debug);
  }
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> durable_file_system(const std::shared_ptr<rocksdb::FileSystem>& target) {
  return std::make_shared<DurableFileSystem>(target);
}

}  // namespace core
