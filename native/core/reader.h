// What is read at once, in one call. Every method blocks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/column_families.h"
#include "core/counted_run.h"
#include "core/packed_rows.h"
#include "core/scan_range.h"
#include "core/status.h"
#include "rocksdb/db.h"

namespace core {

/** Made for a call, under its lease. */
class Reader {
 public:
  Reader(rocksdb::DB& db, const ColumnFamilies& families) : db_(db), families_(families) {}

  Status get(uint32_t family, std::string_view key, std::optional<std::string>* value) const;
  Status scan(uint32_t family, const ScanRange& range, PackedRows* rows) const;
  /** A page of a CountedRun from the start of `range`, which has both bounds. */
  Status read_run(uint32_t family, const ScanRange& range, const std::string& head, uint64_t page_bytes,
                  RunMemory* memory, size_t* needed) const;
  /** Of `default` where no column family is given. Nothing where there is none of this name. */
  Status property(const std::string& name, std::optional<uint32_t> family, std::optional<std::string>* value) const;
  /** About as many bytes as `[lower, upper)` takes in files, deleted records included. It reads no more than their
   * indices. */
  Status bytes_in_files(uint32_t family, std::string_view lower, std::string_view upper, uint64_t* bytes) const;
  /** The SST files of all column families that are opened. */
  std::vector<rocksdb::LiveFileMetaData> sst_files() const;
  /** Reads every block of an SST file, named as `sst_files` does. Nothing to complain of where it is one no more. */
  Status verify_sst_file(const std::string& name) const;
  /** Memtables of all column families that wait to be flushed, or are being flushed. */
  uint64_t memtables_to_flush() const;

 private:
  rocksdb::DB& db_;
  const ColumnFamilies& families_;
};

}  // namespace core
