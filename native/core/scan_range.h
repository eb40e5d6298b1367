// A range of keys, in the form that RocksDB's own bounds take: inclusive below, exclusive above.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "rocksdb/options.h"
#include "rocksdb/slice.h"

namespace core {

struct ScanRange {
  std::optional<std::string> lower;  // inclusive
  std::optional<std::string> upper;  // exclusive
  bool reverse = false;
  std::optional<uint64_t> limit;      // rows
  std::optional<uint64_t> max_bytes;  // of keys and values; the row that reaches it is the last

  bool is_empty() const { return (lower && upper && *lower >= *upper) || (limit && *limit == 0); }
};

/** A ScanRange's bounds as read options. The slices point into the range's own strings, so it must stay in place. */
class BoundedReadOptions {
 public:
  explicit BoundedReadOptions(const ScanRange& range) {
    if (range.lower) {
      lower_ = *range.lower;
      options_.iterate_lower_bound = &lower_;
    }
    if (range.upper) {
      upper_ = *range.upper;
      options_.iterate_upper_bound = &upper_;
    }
    // An iterator may be the last to hold an obsolete file; its caller should not wait while that is deleted.
    options_.background_purge_on_iterator_cleanup = true;
  }
  BoundedReadOptions(const BoundedReadOptions&) = delete;
  BoundedReadOptions& operator=(const BoundedReadOptions&) = delete;

  /** For a read that passes over much and comes back to none of it: it leaves the block cache to others. */
  void keep_out_of_cache() { options_.fill_cache = false; }

  const rocksdb::ReadOptions& get() const { return options_; }

 private:
  rocksdb::Slice lower_;
  rocksdb::Slice upper_;
  rocksdb::ReadOptions options_;
};

}  // namespace core
