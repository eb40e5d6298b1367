// Ends the replay of the WALs at the first gap. RocksDB does that itself, unless it is told to live with files that are
// missing: then it also passes over what it cannot read of a WAL, and goes on behind it. And it remembers the keys that
// are in the WAL alone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "rocksdb/wal_filter.h"

namespace core {

/** For one opening. What comes behind a gap may rest on what is missing, so nothing of it is replayed. */
class ConnectedReplay : public rocksdb::WalFilter {
 public:
  WalProcessingOption LogRecordFound(unsigned long long log_number, const std::string& log_file_name,
                                     const rocksdb::WriteBatch& batch, rocksdb::WriteBatch* new_batch,
                                     bool* batch_changed) override;
  /** Those that the replay has put into a column family, in order, whether or not it has deleted them afterwards. */
  const std::set<std::string>& keys_of(uint32_t family) const;
  const char* Name() const override { return "ConnectedReplay"; }

 private:
  /** The sequence number with which the next record begins. */
  std::optional<uint64_t> next_;
  std::map<uint32_t, std::set<std::string>> keys_;
};

}  // namespace core
