// What RocksDB sees of the files while it recovers from them: of some no more than their beginning, as `inspect` has
// found. Nothing on the disk is changed.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/inspection.h"
#include "rocksdb/file_system.h"

namespace core {

class RecoveryView : public rocksdb::FileSystemWrapper {
 public:
  RecoveryView() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  /**
   * Until `end`, of the files with these names only so many bytes are there to be read, and of newer WALs nothing.
   * Where a MANIFEST is `taken`, CURRENT names that one, whether or not there is a CURRENT.
   */
  void begin(const Inspection& inspection) {
    readable_ = inspection.readable;
    newest_log_ = inspection.newest_log;
    taken_.reset();
    if (inspection.taken) taken_ = inspection.taken->name;
    on_ = true;
  }
  void end() { on_ = false; }

  const char* Name() const override { return "RecoveryView"; }

  rocksdb::IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                      rocksdb::IODebugContext* debug) override;

 private:
  std::map<std::string, uint64_t> readable_;
  uint64_t newest_log_ = 0;
  std::optional<std::string> taken_;
  std::atomic<bool> on_ = false;
};

}  // namespace core
