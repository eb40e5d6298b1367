// Reads of SST files that fail are tried again. Reading changes nothing; and where a flush or a compaction is told of a
// failed read, RocksDB takes no write any more until the database is opened again.
#pragma once

#include <memory>

#include "rocksdb/file_system.h"

namespace core {

/** `target`, with patience for its random reads: a failed one is tried twice more, 10 ms apart. */
std::shared_ptr<rocksdb::FileSystem> with_read_retries(const std::shared_ptr<rocksdb::FileSystem>& target);

}  // namespace core
