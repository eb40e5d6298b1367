#include "core/wal_file_system.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

#ifdef __linux__
#include <sys/vfs.h>
#endif

#include "core/descriptor.h"
#include "core/file_numbers.h"

namespace core {

namespace {

using rocksdb::FileOptions;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

/** An fsync of more pays for the growth by itself. */
constexpr uint64_t kSmallSync = kWalBytesAhead / 8;

/** A file system that never writes where something stands gains nothing from a file that has its size. */
bool overwrites_in_place([[maybe_unused]] int file) {
#ifdef __linux__
  constexpr std::array<uint32_t, 3> kNever{0x9123683E /* btrfs */, 0x2FC12FC1 /* ZFS */, 0xCA451A4E /* bcachefs */};
  struct statfs where{};
  return ::fstatfs(file, &where) == 0 && std::ranges::find(kNever, static_cast<uint32_t>(where.f_type)) == kNever.end();
#else
  return true;
#endif
}

/**
 * While what is synced at a time is small, zeros are written ahead of it, to be overwritten: one fsync in hundreds then
 * commits the growth for the others.
 *
 * Where the WAL is closed its end is cut off, behind its last fsync. Were that lost, the records of a recycled file's
 * earlier life would look like damage, as recovery takes the end of a WAL that another one follows for written as a
 * whole: so that is synced too.
 */
class WalFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WalFile(std::unique_ptr<FSWritableFile> file, std::string name, Descriptor descriptor, uint64_t bytes)
      : FSWritableFileOwnerWrapper(std::move(file)),
        name_(std::move(name)),
        descriptor_(std::move(descriptor)),
        bytes_(bytes),
        ahead_(overwrites_in_place(descriptor_.get())) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return append(data, [&] { return target()->Append(data, options, debug); });
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo& verification,
                  IODebugContext* debug) override {
    return append(data, [&] { return target()->Append(data, options, verification, debug); });
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    write_ahead();
    return target()->Sync(options, debug);
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    write_ahead();
    return target()->Fsync(options, debug);
  }

  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    IOStatus closed = FSWritableFileOwnerWrapper::Close(options, debug);
    if (!closed.ok() || !descriptor_) return closed;
    const std::lock_guard lock(mutex_);
    if (bytes_ > written_ &&
        (::ftruncate(descriptor_.get(), static_cast<off_t>(written_)) != 0 || ::fsync(descriptor_.get()) != 0)) {
      closed = IOStatus::IOError("cannot cut off the end of " + name_, std::generic_category().message(errno));
    }
    descriptor_.close();
    return closed;
  }

 private:
  // RocksDB may sync in one thread while it appends in another: a zero must not overwrite what was just appended.
  template <typename Append>
  IOStatus append(const Slice& data, const Append& append) {
    const std::lock_guard lock(mutex_);
    IOStatus status = append();
    if (status.ok()) written_ += data.size();
    ahead_ = ahead_ && status.ok();  // else it is not known where the file ends
    return status;
  }

  void write_ahead() {
    const std::lock_guard lock(mutex_);
    const uint64_t synced = written_ - synced_;
    synced_ = written_;
    if (!ahead_ || synced == 0 || synced > kSmallSync || written_ + synced <= bytes_) return;
    static constexpr std::array<char, 64ULL << 10> kZeros{};
    uint64_t at = std::max(bytes_, written_);
    for (const uint64_t end = written_ + kWalBytesAhead; at < end;) {
      const ssize_t more = ::pwrite(descriptor_.get(), kZeros.data(), std::min<uint64_t>(kZeros.size(), end - at),
                                    static_cast<off_t>(at));
      if (more < 0 && errno == EINTR) continue;
      if (more <= 0) break;
      at += static_cast<uint64_t>(more);
    }
    ahead_ = at > bytes_;  // a full disk, or a limit: the file grows without it
    bytes_ = at;
  }

  const std::string name_;
  std::mutex mutex_;
  Descriptor descriptor_;
  /** Of the file. */
  uint64_t bytes_;
  /** Of the WAL. */
  uint64_t written_ = 0;
  uint64_t synced_ = 0;
  bool ahead_;
};

class WalFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit WalFileSystem(const std::shared_ptr<rocksdb::FileSystem>& target) : FileSystemWrapper(target) {}

  const char* Name() const override { return "WalFileSystem"; }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& options, std::unique_ptr<FSWritableFile>* file,
                           IODebugContext* debug) override {
    return wrap(name, file, target()->NewWritableFile(name, options, file, debug));
  }
  IOStatus ReuseWritableFile(const std::string& name, const std::string& old_name, const FileOptions& options,
                             std::unique_ptr<FSWritableFile>* file, IODebugContext* debug) override {
    return wrap(name, file, target()->ReuseWritableFile(name, old_name, options, file, debug));
  }

 private:
  static IOStatus wrap(const std::string& name, std::unique_ptr<FSWritableFile>* file, IOStatus status) {
    if (!status.ok() || !number_in(name, "", ".log")) return status;
    Descriptor descriptor(::open(name.c_str(), O_WRONLY | O_CLOEXEC));
    struct stat found{};
    if (!descriptor || ::fstat(descriptor.get(), &found) != 0) {
      return IOStatus::IOError("cannot open " + name, std::generic_category().message(errno));
    }
    *file =
        std::make_unique<WalFile>(std::move(*file), name, std::move(descriptor), static_cast<uint64_t>(found.st_size));
    return status;
  }
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> wal_file_system(const std::shared_ptr<rocksdb::FileSystem>& target) {
  return std::make_shared<WalFileSystem>(target);
}

}  // namespace core
