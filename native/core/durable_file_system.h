// The file system as RocksDB needs it where a power failure may keep and lose, of all that is not synced, anything.
#pragma once

#include <memory>

#include "rocksdb/file_system.h"

namespace core {

/** `target`, in which CURRENT never names a MANIFEST whose own name may be lost. It costs an fsync at each open. */
std::shared_ptr<rocksdb::FileSystem> durable_file_system(const std::shared_ptr<rocksdb::FileSystem>& target);

}  // namespace core
