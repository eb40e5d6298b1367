// A packed batch of any bytes: it is refused, or taken whole; and what is checked comes out as what is unpacked does.

#include <memory>
#include <span>

#include "core/batch_format.h"
#include "require.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"

namespace {

/** RocksDB looks into the handles of its column families: that takes a database. It is in memory. */
std::unique_ptr<rocksdb::DB> in_memory() {
  static const std::unique_ptr<rocksdb::Env> env(rocksdb::NewMemEnv(rocksdb::Env::Default()));
  rocksdb::Options options;
  options.create_if_missing = true;
  options.env = env.get();
  std::unique_ptr<rocksdb::DB> db;
  require(rocksdb::DB::Open(options, "/db", &db).ok());
  return db;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kLeastRecordBytes = 4;  // of a value in a run
  static const std::unique_ptr<rocksdb::DB> db = in_memory();
  // Ids are even while they are live.
  const core::ColumnFamilyLookup lookup = [](uint32_t id) { return id % 2 == 0 ? db->DefaultColumnFamily() : nullptr; };
  const std::span packed(data, size);
  rocksdb::WriteBatch batch;
  const core::Status checked = core::check_batch(packed, lookup, "path");
  const core::Status unpacked = core::unpack_batch(packed, lookup, "path", batch);
  require(checked.code == unpacked.code && checked.message == unpacked.message);
  require(static_cast<size_t>(batch.Count()) <= size / kLeastRecordBytes);
  require(!unpacked.ok() || (size == 0) == (batch.Count() == 0));
  return 0;
}
