#include "core/recovery_view.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "core/file_numbers.h"

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

/** A file that is not there. */
class Text : public FSSequentialFile {
 public:
  explicit Text(std::string text) : text_(std::move(text)) {}

  IOStatus Read(size_t n, const IOOptions& /*options*/, Slice* result, char* scratch,
                IODebugContext* /*debug*/) override {
    *result = Slice(scratch, text_.copy(scratch, n, at_));
    at_ += result->size();
    return IOStatus::OK();
  }
  IOStatus Skip(uint64_t n) override {
    at_ += static_cast<size_t>(std::min<uint64_t>(n, text_.size() - at_));
    return IOStatus::OK();
  }

 private:
  const std::string text_;
  size_t at_ = 0;
};

}  // namespace

IOStatus RecoveryView::NewSequentialFile(const std::string& path, const FileOptions& options,
                                         std::unique_ptr<FSSequentialFile>* file, IODebugContext* debug) {
  const std::string name = std::filesystem::path(path).filename().string();
  if (on_ && taken_ && name == "CURRENT") {
    *file = std::make_unique<Text>(*taken_ + "\n");
    return IOStatus::OK();
  }
  IOStatus status = target()->NewSequentialFile(path, options, file, debug);
  if (!status.ok() || !on_) return status;
  const auto found = readable_.find(name);
  const auto log = number_in(path, "", ".log");
  if (found != readable_.end()) {
    *file = std::make_unique<Beginning>(std::move(*file), found->second);
  } else if (log && *log > newest_log_) {
    *file = std::make_unique<Beginning>(std::move(*file), 0);
  }
  return status;
}

}  // namespace core
