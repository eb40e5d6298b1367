#include "rocksdb_log.h"

#include <map>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/options.h"
#include "rocksdb/cache.h"
#include "rocksdb/write_batch.h"

namespace bench {

namespace {

constexpr size_t kBlockCacheBytes = 64ULL << 20;
constexpr char kSchemaVersion = 1;

void check(const rocksdb::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

/** "L/" and the index, u64 big-endian: lib/format/log-keys.ts. */
std::string log_key(uint64_t index) {
  std::string key = "L/";
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(index >> shift & 0xff));
  return key;
}

}  // namespace

RocksdbLog::RocksdbLog(const std::string& path) {
  const auto block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  rocksdb::DBOptions options = core::db_options({}, core::unlimited_background_writes());
  options.create_missing_column_families = true;
  const std::vector<rocksdb::ColumnFamilyDescriptor> families{
      {rocksdb::kDefaultColumnFamilyName, core::column_family_options({}, block_cache)},
      {"log", core::column_family_options({}, block_cache)}};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  check(rocksdb::DB::Open(options, path, families, &handles, &db_));
  check(db_->DestroyColumnFamilyHandle(handles[0]));
  log_ = handles[1];
}

RocksdbLog::~RocksdbLog() { (void)db_->DestroyColumnFamilyHandle(log_); }

Sample RocksdbLog::append(uint64_t batch, size_t entry_bytes, std::chrono::milliseconds time) {
  const std::string value = kSchemaVersion + std::string(entry_bytes, 'e');
  rocksdb::WriteOptions synced;
  synced.sync = true;
  rocksdb::WriteBatch records;
  return Sample::measure(time, batch, [&] {
    records.Clear();
    for (uint64_t i = 0; i < batch; i++) check(records.Put(log_, log_key(next_ + i), value));
    check(db_->Write(synced, &records));
    next_ += batch;
  });
}

Sample RocksdbLog::read(uint64_t entries, size_t entry_bytes, std::chrono::milliseconds time) {
  if (next_ < entries) {
    const std::string value = kSchemaVersion + std::string(entry_bytes, 'e');
    rocksdb::WriteBatch records;
    for (; next_ < entries; next_++) check(records.Put(log_, log_key(next_), value));
    check(db_->Write({}, &records));
  }
  const std::string lower = log_key(0);
  const std::string upper = log_key(entries);
  const rocksdb::Slice lower_bound(lower);
  const rocksdb::Slice upper_bound(upper);
  rocksdb::ReadOptions range;
  range.iterate_lower_bound = &lower_bound;
  range.iterate_upper_bound = &upper_bound;
  return Sample::measure(time, entries, [&] {
    std::string values;
    std::vector<size_t> ends;
    const std::unique_ptr<rocksdb::Iterator> cursor(db_->NewIterator(range, log_));
    for (cursor->SeekToFirst(); cursor->Valid(); cursor->Next()) {
      values.append(cursor->value().data(), cursor->value().size());
      ends.push_back(values.size());
    }
    check(cursor->status());
    if (ends.size() != entries) throw std::runtime_error("read " + std::to_string(ends.size()) + " entries");
  });
}

void RocksdbLog::settle() {
  if (first_ < next_) check(db_->DeleteRange({}, log_, log_key(first_), log_key(next_)));
  first_ = next_;
  for (const std::string& property :
       {rocksdb::DB::Properties::kMemTableFlushPending, rocksdb::DB::Properties::kNumRunningFlushes,
        rocksdb::DB::Properties::kCompactionPending, rocksdb::DB::Properties::kNumRunningCompactions}) {
    for (uint64_t busy = 1; db_->GetIntProperty(log_, property, &busy) && busy > 0;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
}

uint64_t RocksdbLog::fsyncs() const {
  std::map<std::string, std::string> stats;
  if (!db_->GetMapProperty(rocksdb::DB::Properties::kDBStats, &stats)) throw std::runtime_error("no rocksdb.dbstats");
  return std::stoull(stats.at("db.wal_syncs"));
}

}  // namespace bench
