// What a caller may choose when opening, and its translation into RocksDB's options. Everything else is decided here,
// once, for a write-ahead workload whose entries die young.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rocksdb/cache.h"
#include "rocksdb/options.h"
#include "rocksdb/rate_limiter.h"

namespace core {

struct ColumnFamilyConfig {
  std::string name;
  std::optional<uint64_t> write_buffer_size;
};

struct OpenConfig {
  std::vector<ColumnFamilyConfig> column_families;
  bool create_if_missing = true;
  bool create_missing_column_families = true;
  bool error_if_exists = false;
  bool read_only = false;
  /** Opens a damaged database without what is lost, and keeps the evidence; else it is refused. */
  bool recover_what_is_there = false;
  uint64_t max_total_wal_size = 128ULL << 20;
  uint64_t recycle_wal_files = 2;
  uint64_t max_queued_bytes = 64ULL << 20;
  /** Of SST files. Nothing: as many as leave room for what else the process opens. */
  std::optional<uint64_t> max_open_files;
};

/**
 * Of flushes and compactions, until the database limits them: more than they reach. Not far more: what may be written
 * in 10 ms is still free when the limit falls.
 */
constexpr int64_t kUnlimitedBytesPerSecond = int64_t{2} << 30;

/** For flushes and compactions. */
std::shared_ptr<rocksdb::RateLimiter> unlimited_background_writes();

rocksdb::DBOptions db_options(const OpenConfig& config, const std::shared_ptr<rocksdb::RateLimiter>& background_limit);

/** `block_cache` is shared by every column family of a database. */
rocksdb::ColumnFamilyOptions column_family_options(const ColumnFamilyConfig& config,
                                                   const std::shared_ptr<rocksdb::Cache>& block_cache);

}  // namespace core
