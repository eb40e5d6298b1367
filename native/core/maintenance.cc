#include "core/maintenance.h"

#include <algorithm>

namespace core {

Status Maintenance::flush() const {
  for (const Family& family : families_.all()) {
    const rocksdb::Status status = db_.Flush(rocksdb::FlushOptions(), family.get());
    // One that was dropped meanwhile has nothing left to flush.
    if (!status.ok() && !status.IsColumnFamilyDropped())
      return from_rocksdb(status, "flush", families_.subject(family));
  }
  return {};
}

Status Maintenance::compact_range(uint32_t family_id, const KeyRange& range) const {
  Family family;
  if (Status status = families_.find(family_id, "compact", &family); !status.ok()) return status;
  return from_rocksdb(compactions_.compact(db_, family.get(), range), "compact", families_.subject(family));
}

Status Maintenance::limit_write_buffer(uint32_t family_id, uint64_t bytes) const {
  Family family;
  if (Status status = families_.find(family_id, "limit", &family); !status.ok()) return status;
  if (db_.GetOptions(family.get()).write_buffer_size <= bytes) return {};
  constexpr uint64_t kLeastBytes = 64 << 10;
  const std::string limit = std::to_string(std::max(bytes, kLeastBytes));
  // A third memtable: a flush that somebody else asks for must not be the one too many that stops all writes.
  const rocksdb::Status status =
      db_.SetOptions(family.get(), {{"write_buffer_size", limit}, {"max_write_buffer_number", "3"}});
  return from_rocksdb(status, "limit", families_.subject(family));
}

}  // namespace core
