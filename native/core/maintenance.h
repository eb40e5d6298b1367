// What is done to the files of an open database, beside reading and writing. Every method blocks.
#pragma once

#include <cstdint>
#include <string>

#include "core/column_families.h"
#include "core/compactions.h"
#include "core/status.h"
#include "rocksdb/db.h"

namespace core {

/** Made for a call, under its lease, of a database that may be written to. */
class Maintenance {
 public:
  Maintenance(rocksdb::DB& db, const ColumnFamilies& families, Compactions& compactions)
      : db_(db), families_(families), compactions_(compactions) {}

  /** Of every column family. */
  Status flush() const;
  Status compact_range(uint32_t family, const KeyRange& range) const;
  /** A memtable of `family` is flushed at `bytes` (64 KiB at least), unless it is flushed earlier already. */
  Status limit_write_buffer(uint32_t family, uint64_t bytes) const;

 private:
  rocksdb::DB& db_;
  const ColumnFamilies& families_;
  Compactions& compactions_;
};

}  // namespace core
