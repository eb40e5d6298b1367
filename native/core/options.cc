#include "core/options.h"

#include "core/full_disk.h"
#include "rocksdb/table.h"

namespace core {

std::shared_ptr<rocksdb::RateLimiter> unlimited_background_writes() {
  constexpr int64_t kRefillMicroseconds = 10'000;
  return std::shared_ptr<rocksdb::RateLimiter>(
      rocksdb::NewGenericRateLimiter(kUnlimitedBytesPerSecond, kRefillMicroseconds));
}

rocksdb::DBOptions db_options(const OpenConfig& config, const std::shared_ptr<rocksdb::RateLimiter>& background_limit) {
  rocksdb::DBOptions options;
  options.create_if_missing = config.create_if_missing;
  options.error_if_exists = config.error_if_exists;
  // An idle column family pins every WAL since its last flush: 1.57 GB for 8 MB of live data without this cap.
  options.max_total_wal_size = config.max_total_wal_size;
  // A recycled WAL has its size already, so that an fsync need not also commit the file's growth.
  options.recycle_log_file_num = config.recycle_wal_files;
  // The info log, not the WAL: at most 4 files of 4 MiB.
  options.max_log_file_size = 4ULL << 20;
  options.keep_log_file_num = 4;
  // The default lets the MANIFEST grow to 1 GiB before it starts anew.
  options.max_manifest_file_size = 16ULL << 20;
  // Both would wake a thread every ten minutes for nobody.
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  // A flush or a compaction hands its bytes to the disk as it goes, and a limit, while one is set, in portions of 10
  // ms: an fsync of the WAL would otherwise wait behind whole files. See docs/snapshots.md for the figures.
  options.bytes_per_sync = 512ULL << 10;
  options.rate_limiter = background_limit;
  // What fails is reported, not tried again behind the caller's back.
  options.listeners.push_back(fail_on_full_disk());
  options.max_bgerror_resume_count = 0;
  return options;
}

rocksdb::ColumnFamilyOptions column_family_options(const ColumnFamilyConfig& config,
                                                   const std::shared_ptr<rocksdb::Cache>& block_cache) {
  rocksdb::ColumnFamilyOptions options;
  if (config.write_buffer_size) options.write_buffer_size = *config.write_buffer_size;
  options.compression = rocksdb::kNoCompression;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = block_cache;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace core
