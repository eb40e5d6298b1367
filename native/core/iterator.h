// A range read in pieces, all from one moment: that of its creation. It may outlive its database, which ends it.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "core/database.h"
#include "core/packed_rows.h"
#include "core/scan_range.h"
#include "core/status.h"
#include "rocksdb/iterator.h"

namespace core {

/** Where a piece of a range read stops: after the row that reaches either. Both are at least 1. */
struct PieceLimits {
  uint64_t rows;
  uint64_t bytes;
};

/** Of a read whose result is more than one buffer holds. */
Status too_large(std::string_view subject);

/**
 * Moves rows from `cursor` into `rows`, never a short result: a read that fails gives its error and no row. It stays on
 * the last row that was read: what lies beyond, however long the stretch of deleted keys, is not looked at.
 */
Status read_piece(rocksdb::Iterator& cursor, bool reverse, PieceLimits limits, std::string_view subject,
                  PackedRows* rows);

class Iterator {
 public:
  static Status create(const std::shared_ptr<Database>& database, uint32_t family, ScanRange range,
                       std::shared_ptr<Iterator>* iterator);
  ~Iterator();
  Iterator(const Iterator&) = delete;
  Iterator& operator=(const Iterator&) = delete;

  /** The next rows; none once the range is exhausted. Blocks. CLOSED once it is closed. `held` as in Database. */
  Status next(const Database::Lease& held, PackedRows* rows);

  /** Lets go of RocksDB's iterator; waits for a `next` under way. */
  void close();

  const std::shared_ptr<Database>& database() const { return database_; }

 private:
  Iterator(std::shared_ptr<Database> database, ScanRange range);

  const std::shared_ptr<Database> database_;
  const ScanRange range_;
  BoundedReadOptions bounds_;
  std::string subject_;

  std::mutex mutex_;
  Family family_;
  std::unique_ptr<rocksdb::Iterator> cursor_;
  bool started_ = false;
  uint64_t rows_left_;
  uint64_t bytes_left_;
};

}  // namespace core
