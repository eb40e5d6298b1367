// Reads what can be read of a column family some of whose files are damaged. An iterator of RocksDB cannot: it looks
// into all files at once, and ends where one of them fails. Here the keys are gathered file by file, and each is then
// asked for by itself. A value is given only where it is certain that it is the latest.
#pragma once

#include <string>
#include <string_view>

#include "core/column_families.h"
#include "core/connected_replay.h"
#include "core/packed_rows.h"
#include "core/status.h"
#include "rocksdb/db.h"

namespace core {

/** Made for a call, under its lease, of a database that was opened with `tolerate_damage`. */
class Salvage {
 public:
  Salvage(rocksdb::DB& db, const ColumnFamilies& families, const ConnectedReplay& replay)
      : db_(db), families_(families), replay_(replay) {}

  /**
   * A piece of what there is from the key `from` on, in order. One without a row of kind 0 or 1 is the last. The value
   * of each row begins with what the row tells:
   *
   *   | first byte | key                    | the rest                                                            |
   *   |------------|------------------------|---------------------------------------------------------------------|
   *   | 0          | a key                  | its value                                                           |
   *   | 1          | a key                  | why its value, or whether it has one, cannot be told                |
   *   | 2          | where damage begins    | u32 LE, the length of the key before which it ends; that key; why   |
   *
   * Rows of kind 2 come last. The next piece may tell the rest of a damage once more. Blocks.
   */
  Status read(uint32_t family, std::string_view from, PackedRows* rows) const;

 private:
  rocksdb::DB& db_;
  const ColumnFamilies& families_;
  const ConnectedReplay& replay_;
};

}  // namespace core
