// The same work as the storage, on the same RocksDB with the same options, keys and values, without JavaScript.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "rocksdb/db.h"
#include "sample.h"

namespace bench {

class RocksdbLog {
 public:
  explicit RocksdbLog(const std::string& path);
  ~RocksdbLog();
  RocksdbLog(const RocksdbLog&) = delete;
  RocksdbLog& operator=(const RocksdbLog&) = delete;

  /** Synced writes of `batch` entries each, one write after another. */
  Sample append(uint64_t batch, size_t entry_bytes, std::chrono::milliseconds time);

  /** Scans of the first `entries`, which are appended first where they are not there; each copies all values. */
  Sample read(uint64_t entries, size_t entry_bytes, std::chrono::milliseconds time);

  /** Removes what was appended, and waits until nothing runs in the background. */
  void settle();

  /** Fsyncs of the WAL since the database was opened. */
  uint64_t fsyncs() const;

 private:
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::ColumnFamilyHandle* log_ = nullptr;
  uint64_t first_ = 0;
  uint64_t next_ = 0;
};

}  // namespace bench
