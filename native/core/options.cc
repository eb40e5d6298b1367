#include "core/options.h"

#include <sys/resource.h>
#include <algorithm>
#include <limits>

#include "core/full_disk.h"
#include "rocksdb/table.h"

namespace core {

namespace {

constexpr int kAll = -1;

/** Half of what the process may open: the rest is for its sockets, for other databases, and for WALs. */
int default_max_open_files() {
  // No database of this kind comes near it; without a limit RocksDB need not look its files up in a table.
  constexpr rlim_t kEnoughForAll = 1 << 18;
  struct rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kEnoughForAll) return kAll;
  return static_cast<int>(limit.rlim_cur / 2);
}

}  // namespace

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
  constexpr uint64_t kMost = std::numeric_limits<int>::max();
  options.max_open_files =
      config.max_open_files ? static_cast<int>(std::min(*config.max_open_files, kMost)) : default_max_open_files();
  // Each part of the table of open files rounds its share up: 64 parts, the default, would take twice as many as a
  // small limit allows.
  constexpr int kFewFiles = 4096;
  if (options.max_open_files != kAll && options.max_open_files < kFewFiles) options.table_cache_numshardbits = 0;
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
  // What a memtable takes at a time. Of 1 MiB, the default, each idle log holds as much, and once memory has been used
  // again, all of it is resident: 1.3 GB for 1,000 logs, where their entries take 130 MB. Small memtables take
  // an eighth, as by default.
  constexpr size_t kMemtableStep = 64ULL << 10;
  options.arena_block_size = std::min(kMemtableStep, options.write_buffer_size / 8);
  options.compression = rocksdb::kNoCompression;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = block_cache;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace core
