#include "core/recovery_view.h"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace core {

namespace {

using rocksdb::FileOptions;
using rocksdb::FSSequentialFile;
using rocksdb::FSSequentialFileOwnerWrapper;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

class Beginning : public FSSequentialFileOwnerWrapper {
 public:
  Beginning(std::unique_ptr<FSSequentialFile> file, uint64_t bytes)
      : FSSequentialFileOwnerWrapper(std::move(file)), left_(bytes) {}

  IOStatus Read(size_t n, const IOOptions& options, Slice* result, char* scratch, IODebugContext* debug) override {
    IOStatus status =
        target()->Read(static_cast<size_t>(std::min<uint64_t>(n, left_)), options, result, scratch, debug);
    if (status.ok()) left_ -= result->size();
    return status;
  }
  IOStatus Skip(uint64_t n) override {
    const uint64_t skipped = std::min(n, left_);
    left_ -= skipped;
    return target()->Skip(skipped);
  }
  IOStatus PositionedRead(uint64_t /*offset*/, size_t /*n*/, const IOOptions& /*options*/, Slice* /*result*/,
                          char* /*scratch*/, IODebugContext* /*debug*/) override {
    return IOStatus::NotSupported("PositionedRead");
  }

 private:
  uint64_t left_;
};

}  // namespace

IOStatus RecoveryView::NewSequentialFile(const std::string& path, const FileOptions& options,
                                         std::unique_ptr<FSSequentialFile>* file, IODebugContext* debug) {
  IOStatus status = target()->NewSequentialFile(path, options, file, debug);
  if (!status.ok() || !on_) return status;
  const auto found = readable_.find(std::filesystem::path(path).filename().string());
  if (found != readable_.end()) *file = std::make_unique<Beginning>(std::move(*file), found->second);
  return status;
}

}  // namespace core
