#include "core/watched_file_system.h"

#include <charconv>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace core {

namespace {

using rocksdb::FileOptions;
using rocksdb::FSDirectory;
using rocksdb::FSDirectoryWrapper;
using rocksdb::FSWritableFile;
using rocksdb::FSWritableFileOwnerWrapper;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

// NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): the message is in a unique_ptr
IOStatus to_io_status(const Status& status) { return status.ok() ? IOStatus::OK() : IOStatus::IOError(status.message); }

/** The number in a name like MANIFEST-000005 or 000007.log. */
std::optional<uint64_t> number_in(const std::string& path, std::string_view prefix, std::string_view suffix) {
  const std::string name = std::filesystem::path(path).filename().string();
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return {};
  uint64_t number = 0;
  const char* last = name.data() + name.size() - suffix.size();
  const auto [end, error] = std::from_chars(name.data() + prefix.size(), last, number);
  return error == std::errc() && end == last ? std::optional(number) : std::nullopt;
}

/** Which MANIFEST is the database's, durably, and how much of each is durable. */
class ManifestWatch {
 public:
  explicit ManifestWatch(Watermark& watermark) : watermark_(watermark) {}

  IOStatus before_sync() { return to_io_status(watermark_.settle()); }

  IOStatus synced(uint64_t number, uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    durable_bytes_[number] = bytes;
    return number == current_ ? to_io_status(watermark_.note_manifest(number, bytes)) : IOStatus::OK();
  }

  void name(uint64_t number) {
    const std::lock_guard lock(mutex_);
    named_ = number;
  }

  /** The one that CURRENT names, durably or not. */
  uint64_t named() {
    const std::lock_guard lock(mutex_);
    return named_;
  }

  /** The folder was synced since that one was named. */
  IOStatus named_durably(uint64_t number) {
    const std::lock_guard lock(mutex_);
    if (number == current_) return IOStatus::OK();
    current_ = number;
    durable_bytes_.erase(durable_bytes_.begin(), durable_bytes_.lower_bound(current_));
    return to_io_status(watermark_.note_manifest(current_, durable_bytes_[current_]));
  }

 private:
  Watermark& watermark_;
  std::mutex mutex_;
  std::map<uint64_t, uint64_t> durable_bytes_;
  uint64_t named_ = 0;
  uint64_t current_ = 0;
};

class WatchedManifest : public FSWritableFileOwnerWrapper {
 public:
  WatchedManifest(std::unique_ptr<FSWritableFile> file, uint64_t number, std::shared_ptr<ManifestWatch> watch)
      : FSWritableFileOwnerWrapper(std::move(file)), number_(number), watch_(std::move(watch)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return count(data, target()->Append(data, options, debug));
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo& verification,
                  IODebugContext* debug) override {
    return count(data, target()->Append(data, options, verification, debug));
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return watch([&] { return target()->Sync(options, debug); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return watch([&] { return target()->Fsync(options, debug); });
  }

 private:
  IOStatus count(const Slice& data, IOStatus status) {
    if (status.ok()) bytes_ += data.size();
    return status;
  }

  template <typename Sync>
  IOStatus watch(const Sync& sync) {
    IOStatus status = watch_->before_sync();
    if (status.ok()) status = sync();
    return status.ok() ? watch_->synced(number_, bytes_) : status;
  }

  const uint64_t number_;
  const std::shared_ptr<ManifestWatch> watch_;
  uint64_t bytes_ = 0;
};

class WatchedDirectory : public FSDirectoryWrapper {
 public:
  WatchedDirectory(std::unique_ptr<FSDirectory> directory, std::shared_ptr<ManifestWatch> watch)
      : FSDirectoryWrapper(std::move(directory)), watch_(std::move(watch)) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return watch([&] { return FSDirectoryWrapper::Fsync(options, debug); });
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& why) override {
    return watch([&] { return FSDirectoryWrapper::FsyncWithDirOptions(options, debug, why); });
  }

 private:
  template <typename Sync>
  IOStatus watch(const Sync& sync) {
    const uint64_t named = watch_->named();
    IOStatus status = sync();
    return status.ok() ? watch_->named_durably(named) : status;
  }

  const std::shared_ptr<ManifestWatch> watch_;
};

class WatchedFileSystem : public rocksdb::FileSystemWrapper {
 public:
  WatchedFileSystem(const std::shared_ptr<rocksdb::FileSystem>& target, Watermark& watermark)
      : FileSystemWrapper(target),
        watermark_(watermark),
        watch_(std::make_shared<ManifestWatch>(watermark)) {}

  const char* Name() const override { return "WatchedFileSystem"; }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& options, std::unique_ptr<FSWritableFile>* file,
                           IODebugContext* debug) override {
    IOStatus status = target()->NewWritableFile(name, options, file, debug);
    if (!status.ok()) return status;
    if (const auto number = number_in(name, "MANIFEST-", "")) {
      *file = std::make_unique<WatchedManifest>(std::move(*file), *number, watch_);
    }
    return note_log(name);
  }
  IOStatus ReuseWritableFile(const std::string& name, const std::string& old_name, const FileOptions& options,
                             std::unique_ptr<FSWritableFile>* file, IODebugContext* debug) override {
    IOStatus status = target()->ReuseWritableFile(name, old_name, options, file, debug);
    return status.ok() ? note_log(name) : status;
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    IOStatus status = target()->RenameFile(from, to, options, debug);
    const auto number = number_in(from, "", ".dbtmp");
    if (status.ok() && number && std::filesystem::path(to).filename() == "CURRENT") watch_->name(*number);
    return status;
  }
  IOStatus NewDirectory(const std::string& name, const IOOptions& options, std::unique_ptr<FSDirectory>* directory,
                        IODebugContext* debug) override {
    IOStatus status = target()->NewDirectory(name, options, directory, debug);
    if (status.ok()) *directory = std::make_unique<WatchedDirectory>(std::move(*directory), watch_);
    return status;
  }

 private:
  IOStatus note_log(const std::string& name) {
    const auto number = number_in(name, "", ".log");
    return number ? to_io_status(watermark_.note_log(*number)) : IOStatus::OK();
  }

  Watermark& watermark_;
  const std::shared_ptr<ManifestWatch> watch_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> watched_file_system(const std::shared_ptr<rocksdb::FileSystem>& target,
                                                         Watermark& watermark) {
  return std::make_shared<WatchedFileSystem>(target, watermark);
}

}  // namespace core
