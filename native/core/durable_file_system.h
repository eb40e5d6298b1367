// The file system as RocksDB needs it where a power failure may keep and lose, of all that is not synced, anything: two
// of its changes are relied on by its recovery, and synced by nobody.
#pragma once

#include <memory>

#include "rocksdb/file_system.h"

namespace core {

/** `target`, with these two synced. It costs an fsync at each open, and one where a recycled WAL is full. */
std::shared_ptr<rocksdb::FileSystem> durable_file_system(const std::shared_ptr<rocksdb::FileSystem>& target);

}  // namespace core
