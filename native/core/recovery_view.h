// What RocksDB sees of the files while it recovers from them: of some no more than their beginning, as `inspect` has
// found. Nothing on the disk is changed.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "rocksdb/file_system.h"

namespace core {

class RecoveryView : public rocksdb::FileSystemWrapper {
 public:
  RecoveryView() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  /** Until `end`, of the files with these names only so many bytes are there to be read in sequence. */
  void begin(std::map<std::string, uint64_t> readable) {
    readable_ = std::move(readable);
    on_ = true;
  }
  void end() { on_ = false; }

  const char* Name() const override { return "RecoveryView"; }

  rocksdb::IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                      rocksdb::IODebugContext* debug) override;

 private:
  std::map<std::string, uint64_t> readable_;
  std::atomic<bool> on_ = false;
};

}  // namespace core
