#include "core/read_retries.h"

#include <chrono>
#include <span>
#include <string>
#include <thread>
#include <utility>

namespace core {

namespace {

using rocksdb::FileOptions;
using rocksdb::FSRandomAccessFile;
using rocksdb::FSReadRequest;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

constexpr int kRetries = 2;
constexpr std::chrono::milliseconds kPause{10};

class RetryingFile : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  using FSRandomAccessFileOwnerWrapper::FSRandomAccessFileOwnerWrapper;

  IOStatus Read(uint64_t offset, size_t length, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) const override {
    return retry(target()->Read(offset, length, options, result, scratch, debug), offset, length, options, result,
                 scratch, debug);
  }

  IOStatus MultiRead(FSReadRequest* requests, size_t count, const IOOptions& options, IODebugContext* debug) override {
    IOStatus status = target()->MultiRead(requests, count, options, debug);
    for (FSReadRequest& each : std::span(requests, count)) {
      each.status = retry(each.status, each.offset, each.len, options, &each.result, each.scratch, debug);
    }
    return status;
  }

 private:
  IOStatus retry(IOStatus status, uint64_t offset, size_t length, const IOOptions& options, Slice* result,
                 char* scratch, IODebugContext* debug) const {
    for (int left = kRetries; left > 0 && status.IsIOError(); --left) {
      std::this_thread::sleep_for(kPause);
      status = target()->Read(offset, length, options, result, scratch, debug);
    }
    return status;
  }
};

class RetryingFileSystem : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;

  const char* Name() const override { return "RetryingFileSystem"; }

  IOStatus NewRandomAccessFile(const std::string& name, const FileOptions& options,
                               std::unique_ptr<FSRandomAccessFile>* file, IODebugContext* debug) override {
    IOStatus status = target()->NewRandomAccessFile(name, options, file, debug);
    if (status.ok()) *file = std::make_unique<RetryingFile>(std::move(*file));
    return status;
  }
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> with_read_retries(const std::shared_ptr<rocksdb::FileSystem>& target) {
  return std::make_shared<RetryingFileSystem>(target);
}

}  // namespace core
